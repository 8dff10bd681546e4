#include "base/cpu_count.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <set>

#include <sched.h>

#include "base/parallel.h"

namespace zanime {
namespace {

namespace fs = std::filesystem;

std::vector<int> allowed_cpus() {
  cpu_set_t set;
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

// The group of version 2: the line without a controller's name.
std::string own_group() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return "/";
}

// "QUOTA PERIOD" in microseconds, or "max PERIOD".
std::optional<double> quota_of(const fs::path& file) {
  std::ifstream stream(file);
  double quota = 0, period = 0;
  if (!(stream >> quota >> period) || quota <= 0 || period <= 0) return {};
  return quota / period;
}

}  // namespace

int cores_among(const std::vector<int>& cpus, const fs::path& folder) {
  std::set<std::string> cores;
  for (const int cpu : cpus) {
    const std::string name = "cpu" + std::to_string(cpu);
    std::ifstream file(folder / name / "topology" / "thread_siblings_list");
    std::string siblings;
    cores.insert(std::getline(file, siblings) ? siblings : name);
  }
  return static_cast<int>(cores.size());
}

double cpu_quota(const fs::path& root, const std::string& group) {
  double least = 0;
  // Ends at "/", whose parent is itself.
  for (fs::path path = fs::path("/" + group).lexically_normal();; path = path.parent_path()) {
    const std::optional<double> quota = quota_of(root / path.relative_path() / "cpu.max");
    if (quota) least = least == 0 ? *quota : std::min(least, *quota);
    if (!path.has_relative_path()) return least;
  }
}

int default_thread_count() {
  const char* variable = std::getenv("OMP_NUM_THREADS");
  if (variable != nullptr && *variable != '\0') return thread_count();
  const int cores = cores_among(allowed_cpus(), "/sys/devices/system/cpu");
  const int count = cores > 0 ? cores : thread_count();
  const double quota = cpu_quota("/sys/fs/cgroup", own_group());
  return quota > 0 ? std::min(count, static_cast<int>(std::ceil(quota))) : count;
}

}  // namespace zanime
