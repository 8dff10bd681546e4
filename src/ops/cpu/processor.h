// What kind of processor this is.
#pragma once

#include <string>

namespace zanime::ops::cpu {

struct Processor {
  std::string name;  // as it calls itself
  bool is_intel = false;
  int family = 0, model = 0;  // of CPUID, extended
};

const Processor& this_processor();

}  // namespace zanime::ops::cpu
