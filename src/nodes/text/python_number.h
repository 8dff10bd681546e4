// Numbers as Python writes and reads them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "nodes/value.h"

namespace zanime::nodes {

// repr(): the shortest digits that give the same number again, "1.0", "1e+16", "inf".
std::string real_repr(double value);

// int(text): digits of any script with single underscores between them, a sign, white space around.
// Nothing for other texts and for numbers that 128 bits do not hold.
std::optional<WideInt> parse_integer(std::string_view text);

// float(text): also "inf" and "nan". Too large a number is infinite.
std::optional<double> parse_real(std::string_view text);

}  // namespace zanime::nodes
