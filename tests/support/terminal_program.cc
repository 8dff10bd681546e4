#include "tests/support/terminal_program.h"

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

namespace zanime::testing {

TerminalProgram::TerminalProgram(const std::vector<std::string>& command,
                                 const std::filesystem::path& folder,
                                 const std::map<std::string, std::string>& environment) {
  // All memory is taken before the fork.
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  winsize size{};
  size.ws_col = 100;
  size.ws_row = 30;
  pid_ = forkpty(&fd_, nullptr, nullptr, &size);
  if (pid_ < 0) throw std::runtime_error("forkpty failed");
  if (pid_ > 0) return;
  setenv("TERM", "xterm", 1);
  setenv("LC_ALL", "C.UTF-8", 1);
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  if (chdir(folder.c_str()) != 0) _exit(126);
  execv(arguments[0], arguments.data());
  _exit(127);
}

TerminalProgram::~TerminalProgram() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(fd_);
}

void TerminalProgram::type(const std::string& keys) const {
  if (write(fd_, keys.data(), keys.size()) != std::ssize(keys)) {
    throw std::runtime_error("the terminal takes no keys");
  }
}

bool TerminalProgram::read_more() {
  constexpr int kTooLongMs = 60'000;
  pollfd event{fd_, POLLIN, 0};
  char buffer[4096];
  if (poll(&event, 1, kTooLongMs) <= 0) return false;
  const ssize_t got = read(fd_, buffer, sizeof buffer);  // EIO once the program has ended
  if (got <= 0) return false;
  shown_.append(buffer, static_cast<size_t>(got));
  return true;
}

bool TerminalProgram::wait_for(const std::string& text) {
  while (shown_.find(text) == std::string::npos) {
    if (!read_more()) return false;
  }
  return true;
}

int TerminalProgram::wait() {
  while (read_more()) {
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace zanime::testing
