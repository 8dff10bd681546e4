// Running the built program in a terminal of its own, as a person sees it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

namespace zanime::testing {

class TerminalProgram {
 public:
  // 100 columns, UTF-8. `environment` is added to this process's.
  TerminalProgram(const std::vector<std::string>& command, const std::filesystem::path& folder,
                  const std::map<std::string, std::string>& environment = {});
  TerminalProgram(const TerminalProgram&) = delete;
  TerminalProgram& operator=(const TerminalProgram&) = delete;
  // Kills it if it still runs.
  ~TerminalProgram();

  // Keys; "\x03" is Ctrl-C.
  void type(const std::string& keys) const;
  // Reads until `text` has been shown, or the program ends. Returns whether it was.
  bool wait_for(const std::string& text);
  // Everything shown so far, escape sequences included.
  const std::string& shown() const { return shown_; }
  // Waits for the end; 128 + the signal where a signal ended it.
  int wait();

 private:
  bool read_more();

  int fd_ = -1;
  pid_t pid_ = -1;
  std::string shown_;
};

}  // namespace zanime::testing
