// Running the built program as a person does.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

namespace zanime::testing {

struct ProgramResult {
  int exit_code = -1;  // 128 + the signal where a signal ended it
  std::string out;
  std::string err;
};

// A program that runs, its output going to files.
class Subprocess {
 public:
  // `environment` is added to this process's; the working folder is `folder`.
  Subprocess(const std::vector<std::string>& command, const std::filesystem::path& folder,
             const std::map<std::string, std::string>& environment = {});
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;
  // Kills it if it still runs.
  ~Subprocess();

  void send(int signal) const;
  // What it has written to stderr so far.
  std::string err_so_far() const;
  // Waits until that contains `text`, for a minute at most. Returns whether it does.
  bool wait_for_err(const std::string& text) const;
  // Waits for the end.
  ProgramResult wait();

 private:
  pid_t pid_ = -1;
  std::filesystem::path out_, err_;
};

}  // namespace zanime::testing
