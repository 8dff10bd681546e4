// Products in bfloat16 on AMX's tile registers (Intel 64 and IA-32 Architectures Software
// Developer's Manual, volume 1, chapter 18).
#pragma once

#include <cstdint>

#include "ops/cpu/packed_product.h"

namespace zanime::ops::cpu {

// Does this CPU multiply tiles in bfloat16, and does the system let this process use them? Asks the
// system once: Linux keeps no room for tiles in threads of a process that has not asked.
bool has_bf16_tiles();

// As multiply_packed_bf16. Only where has_bf16_tiles(). Sums of pairs are added in float32, and
// denormal numbers count as zero.
void multiply_packed_tiles(const PackedShape& shape, const uint16_t* x, const uint16_t* w,
                           Matrix out);

}  // namespace zanime::ops::cpu
