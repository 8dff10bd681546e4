"""Writes src/weights/codebooks.cc: the value tables of ggml's IQ formats, from the package gguf.

    pip install gguf==0.19.0
    python scripts/make_codebooks.py > src/weights/codebooks.cc
"""

from gguf import quants

NAMES = ["IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ1_S"]

print("""// Made by scripts/make_codebooks.py from the Python package gguf (MIT licence, see NOTICE).
#include "weights/codebooks.h"

namespace zanime::weights {
namespace {
""")
for name in NAMES:
    digits = getattr(quants, name).grid_hex.decode()
    print(f"constexpr std::string_view k{name} =")
    lines = [digits[at:at + 92] for at in range(0, len(digits), 92)]
    print("\n".join(f'    "{line}"' for line in lines) + ";\n")
print("""}  // namespace
""")
for name in NAMES:
    kind = getattr(quants, name)
    values = ", ".join(str(value) for value in kind.grid_map)
    count = kind.grid_shape[0] * kind.grid_shape[1]
    lower = name.lower()
    print(f"""const std::array<int8_t, {count}>& {lower}_codebook() {{
  static const auto values = unpack<{count}>(k{name}, std::array<int8_t, {len(kind.grid_map)}>{{{values}}});
  return values;
}}
""")
print("}  // namespace zanime::weights")
