// What a backend's libraries make of the arithmetic alone: the measure for everything else.
#pragma once

#include <cstdint>

namespace zanime::ops {

struct AttentionLayout;

class BareArithmetic {
 public:
  virtual ~BareArithmetic() = default;

  // "the same products and attention alone, in bf16"
  virtual const char* what() const = 0;
  // Seconds of one product [m, k] x [k, n] in what() says, weights already converted: the best of
  // several.
  virtual double seconds_of_product(int64_t m, int64_t n, int64_t k) = 0;
  // The same of Backend::attention.
  virtual double seconds_of_attention(const AttentionLayout& layout, bool causal) = 0;
  // Seconds to convert a stored F8_E4M3 weight for a product, of many at once.
  virtual double seconds_of_a_conversion() = 0;
  // The most bytes of a device's memory that were taken at once since the last call; 0 where there
  // is none but the host's.
  virtual int64_t take_peak_bytes() = 0;
};

}  // namespace zanime::ops
