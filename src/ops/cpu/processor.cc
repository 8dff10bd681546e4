#include "ops/cpu/processor.h"

#include <array>
#include <cstring>

#include <cpuid.h>

namespace zanime::ops::cpu {
namespace {

Processor read_processor() {
  using Leaf = std::array<unsigned, 4>;
  const auto leaf = [](unsigned number) {
    Leaf registers{};
    __get_cpuid(number, &registers[0], &registers[1], &registers[2], &registers[3]);
    return registers;
  };
  Processor processor;
  const Leaf vendor = leaf(0);
  const std::array<unsigned, 3> letters = {vendor[1], vendor[3], vendor[2]};
  processor.is_intel = std::memcmp(letters.data(), "GenuineIntel", sizeof(letters)) == 0;
  // Families and models beyond 15 have digits of their own (Software Developer's Manual, CPUID).
  const unsigned signature = leaf(1)[0];
  const unsigned family = signature >> 8 & 15, model = signature >> 4 & 15;
  processor.family = static_cast<int>(family == 15 ? family + (signature >> 20 & 255) : family);
  const bool has_more = family == 15 || family == 6;
  processor.model = static_cast<int>(has_more ? model + (signature >> 16 & 15) * 16 : model);
  for (unsigned part = 0x80000002; part <= 0x80000004; ++part) {
    const Leaf letters_of_name = leaf(part);
    processor.name.append(reinterpret_cast<const char*>(letters_of_name.data()), sizeof(Leaf));
  }
  processor.name = processor.name.c_str();  // zeros fill the rest
  const size_t last = processor.name.find_last_not_of(' ');
  processor.name.resize(last == std::string::npos ? 0 : last + 1);
  return processor;
}

}  // namespace

const Processor& this_processor() {
  static const Processor processor = read_processor();
  return processor;
}

}  // namespace zanime::ops::cpu
