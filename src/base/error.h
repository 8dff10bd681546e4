// The one exception type of the engine, and the exit code each kind of failure gets.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace zanime {

// What went wrong, in the terms a caller can act on. The value is the process exit code.
enum class ErrorKind {
  kUsage = 2,       // an option or parameter is wrong
  kGraph = 3,       // a workflow graph is wrong
  kFile = 4,        // a file is missing, unreadable or not what it should be
  kNumeric = 5,     // a computation produced NaN or infinity
  kResource = 6,    // out of memory, disk full, permission denied
  kInternal = 70,   // a defect of the engine
  kCancelled = 130  // the user stopped the run
};

// `what()` is the whole message: where, what was found, what was expected, what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}

  ErrorKind kind() const { return kind_; }
  int exit_code() const { return static_cast<int>(kind_); }

  // The same error with a place put in front: `KSampler (node 8): …`.
  Error within(const std::string& place) const { return Error(kind_, place + ": " + what()); }

 private:
  ErrorKind kind_;
};

}  // namespace zanime
