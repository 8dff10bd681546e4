// Expecting an error by what it says.
#pragma once

#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "base/error.h"

namespace zanime::testing {

// The Error that `action` throws; fails the test when it throws none.
template <typename Action>
Error expect_error(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return Error(ErrorKind::kInternal, "");
}

inline void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is not in: " << text;
}

// `action` throws an Error of this kind whose message contains `part`.
template <typename Action>
void expect_error(ErrorKind kind, const std::string& part, Action&& action) {
  const Error error = expect_error(action);
  EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(kind)) << error.what();
  expect_contains(error.what(), part);
}

}  // namespace zanime::testing
