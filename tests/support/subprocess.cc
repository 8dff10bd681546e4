#include "tests/support/subprocess.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace zanime::testing {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::filesystem::path scratch_file() {
  std::string pattern = (std::filesystem::temp_directory_path() / "zanime-out-XXXXXX").string();
  const int fd = mkstemp(pattern.data());
  if (fd < 0) throw std::runtime_error("mkstemp failed");
  close(fd);
  return pattern;
}

}  // namespace

Subprocess::Subprocess(const std::vector<std::string>& command, const std::filesystem::path& folder,
                       const std::map<std::string, std::string>& environment)
    : out_(scratch_file()), err_(scratch_file()) {
  // All memory is taken before the fork.
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ > 0) return;

  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  const int in = open("/dev/null", O_RDONLY);
  const int out = open(out_.c_str(), O_WRONLY | O_TRUNC);
  const int err = open(err_.c_str(), O_WRONLY | O_TRUNC);
  if (in < 0 || out < 0 || err < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 ||
      chdir(folder.c_str()) != 0) {
    _exit(126);
  }
  execv(arguments[0], arguments.data());
  _exit(127);
}

Subprocess::~Subprocess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove(out_, ignored);
  std::filesystem::remove(err_, ignored);
}

void Subprocess::send(int signal) const { kill(pid_, signal); }

std::string Subprocess::err_so_far() const { return contents(err_); }

bool Subprocess::wait_for_err(const std::string& text) const {
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < std::chrono::seconds(60)) {
    if (err_so_far().find(text) != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

ProgramResult Subprocess::wait() {
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  ProgramResult result;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.out = contents(out_);
  result.err = contents(err_);
  return result;
}

}  // namespace zanime::testing
