// How many threads that compute without pause a process has room for.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zanime {

// OMP_NUM_THREADS where it is set. Otherwise the cores of the CPUs that the process may run on (two
// CPUs of one core share its multipliers and caches), but no more than the quota of its control
// group lets run (rounded up): a container may see all CPUs of its host and be given two of them.
int default_thread_count();

// Cores among `cpus`; `folder` is laid out as /sys/devices/system/cpu. A CPU of which nothing is
// said there is a core of its own.
int cores_among(const std::vector<int>& cpus, const std::filesystem::path& folder);

// CPUs that the control group `group` ("/a/b" of /proc/self/cgroup) and those above it are given, 0
// where nothing limits them. `root` is laid out as /sys/fs/cgroup of version 2.
double cpu_quota(const std::filesystem::path& root, const std::string& group);

}  // namespace zanime
