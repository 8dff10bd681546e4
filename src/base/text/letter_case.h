// Letters of names and words that a computer reads: endings, hosts, options.
#pragma once

#include <string>

namespace zanime::text {

// A to Z as a to z; every other byte, those of UTF-8 included, as it is. No locale has a say.
std::string lower_case(std::string text);

}  // namespace zanime::text
