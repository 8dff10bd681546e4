#include "ops/cpu/amx_product.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ops/cpu/tile_product.h"

namespace zanime::ops::cpu {
namespace {

// g++ 12 has these instructions as macros that take nothing but a digit for a tile.
struct AmxTiles {
  static void configure(const TileConfiguration& tiles) {
    asm volatile("ldtilecfg %0" : : "m"(tiles));
  }
  template <int kTile>
  static void load(const void* from, int64_t stride) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(kTile) : "memory");
  }
  template <int kTile>
  static void store(void* to, int64_t stride) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "i"(kTile) : "memory");
  }
  template <int kTile>
  static void zero() {
    asm volatile("tilezero %%tmm%c0" : : "i"(kTile));
  }
  template <int kSums, int kX, int kW>
  static void multiply_add() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kX), "i"(kW));
  }
  static void release() { asm volatile("tilerelease"); }
};

bool cpu_has_bf16_tiles() {
  constexpr unsigned kAmxBf16 = 1u << 22, kAmxTile = 1u << 24;  // leaf 7, EDX
  constexpr unsigned kTileState = 3u << 17;                     // XCR0: configuration and data
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  if ((edx & kAmxBf16) == 0 || (edx & kAmxTile) == 0) return false;
  // What the system keeps for a thread that is not running. Leaf 13 says what it may enable.
  if (__get_cpuid_count(13, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  return (eax & kTileState) == kTileState;
}

// Linux, Documentation/arch/x86/xstate.rst.
bool system_grants_tiles() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

bool has_bf16_tiles() {
  static const bool has = cpu_has_bf16_tiles() && system_grants_tiles();
  return has;
}

void multiply_packed_tiles(const PackedShape& shape, const uint16_t* x, const uint16_t* w,
                           Matrix out) {
  multiply_packed_by_tiles<AmxTiles>(shape, x, w, out);
}

}  // namespace zanime::ops::cpu
