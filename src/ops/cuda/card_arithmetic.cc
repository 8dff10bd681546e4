#include "ops/cuda/card_arithmetic.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "ops/cuda/kernels/quantization.h"
#include "ops/cuda/product_attention.h"
#include "ops/ops.h"

namespace zanime::ops::cuda {
namespace {

// Calls behind one another between two looks at the clock, and how often that is done.
constexpr int kCalls = 10, kRuns = 3;

DType factors_of(Mode mode) {
  switch (mode) {
    case Mode::kFloat32:
      return DType::kF32;
    case Mode::kBFloat16:
      return DType::kBF16;
    case Mode::kFloat8:
      return DType::kF8E4M3;
    case Mode::kInt8:
      return DType::kI8;
  }
  return DType::kF32;
}

class CardArithmetic final : public BareArithmetic {
 public:
  CardArithmetic(Memory& memory, Library& library, Mode mode)
      : memory_(memory), library_(library), mode_(mode) {}

  const char* what() const override {
    switch (mode_) {
      case Mode::kFloat32:
        return "the same products and attention alone, in fp32, in this run";
      case Mode::kBFloat16:
        return "the same products and attention alone, in bf16, in this run";
      case Mode::kFloat8:
        return "the same products in fp8 and attention in bf16 alone, in this run";
      case Mode::kInt8:
        return "the same products in int8 and attention in bf16 alone, in this run";
    }
    return "";
  }

  double seconds_of_product(int64_t m, int64_t n, int64_t k) override {
    DType factors = factors_of(mode_);
    // As the backend has it: what does not come in sixteens is not in 8 bits.
    const bool in_sixteens = m % 16 == 0 && n % 16 == 0 && k % 16 == 0;
    if (dtype_size(factors) == 1 && !in_sixteens) factors = DType::kBF16;
    const DType result = factors == DType::kF32  ? DType::kF32
                         : factors == DType::kI8 ? DType::kI32
                                                 : DType::kBF16;
    const auto a = numbers(factors, m * k), b = numbers(factors, n * k),
               a_scales = numbers(DType::kF32, m), b_scales = numbers(DType::kF32, n);
    const auto d = memory_.allocate(dtype_bytes(result, m * n));
    const Product product{.m = m,
                          .n = n,
                          .k = k,
                          .factors = factors,
                          .result = result,
                          .a_stride = k,
                          .b_stride = k,
                          .d_stride = n};
    return best_seconds([&] {
      library_.multiply(product, a.get(), b.get(), d.get(),
                        static_cast<const float*>(a_scales.get()),
                        static_cast<const float*>(b_scales.get()));
    });
  }

  double seconds_of_attention(const AttentionLayout& layout, bool causal) override {
    const Attention call{layout.batch,    layout.tokens,   layout.query_heads,
                         layout.kv_heads, layout.head_dim, causal};
    const DType type = mode_ == Mode::kFloat32 ? DType::kF32 : DType::kBF16;
    const int64_t rows = layout.batch * layout.tokens;
    const auto qkv = numbers(type, rows * layout.row_size()),
               out =
                   memory_.allocate(dtype_bytes(type, rows * layout.query_heads * layout.head_dim));
    return best_seconds([&] {
      if (type == DType::kBF16 && library_.attend(call, qkv.get(), out.get())) return;
      product_attention(memory_, library_, call, type, qkv.get(), out.get());
    });
  }

  double seconds_of_a_conversion() override {
    if (dtype_size(factors_of(mode_)) == 1) return 0;  // multiplied as it is stored
    constexpr int64_t kRows = 10240, kColumns = 3840;
    const DType type = factors_of(mode_);
    const auto stored = numbers(DType::kF8E4M3, kRows * kColumns);
    const auto wide = memory_.allocate(dtype_bytes(type, kRows * kColumns));
    const double seconds = best_seconds([&] {
      widen(memory_.stream(), {.dtype = DType::kF8E4M3, .rows = kRows, .columns = kColumns},
            stored.get(), type, wide.get());
    });
    return seconds / static_cast<double>(kRows * kColumns);
  }

  int64_t take_peak_bytes() override { return memory_.take_peak_bytes(); }

 private:
  // Numbers of magnitude 0.5 to 1 with random signs: a card under its limit of power multiplies
  // zeros faster.
  std::shared_ptr<void> numbers(DType dtype, int64_t count) {
    constexpr int64_t kBlock = int64_t{1} << 18;
    const auto size = static_cast<int64_t>(dtype_size(dtype));
    std::vector<uint8_t> block;
    std::minstd_rand random(1);
    for (int64_t i = 0; i < std::min(count, kBlock); ++i) {
      for (int64_t byte = 0; byte < size; ++byte) {
        const auto bits = static_cast<uint8_t>(random() >> 8);
        const bool is_top = byte == size - 1, is_second = byte == size - 2;
        if (dtype == DType::kI8) {
          block.push_back(bits);
        } else if (dtype == DType::kF8E4M3) {
          block.push_back((bits & 0x87) | 0x30);
        } else {
          block.push_back(is_top ? (bits & 0x80) | 0x3f : is_second ? bits & 0x7f : bits);
        }
      }
    }
    const int64_t bytes = count * size;
    std::shared_ptr<void> result = memory_.allocate(bytes);
    auto filled = static_cast<int64_t>(block.size());
    memory_.upload(result.get(), {block.data(), filled});
    for (; filled < bytes; filled *= 2) {
      memory_.copy(static_cast<std::byte*>(result.get()) + filled, result.get(),
                   std::min(filled, bytes - filled));
    }
    return result;
  }

  void wait() {
    float value = 0;
    const auto one = memory_.allocate(sizeof(value));
    memory_.download(&value, one.get(), sizeof(value));
  }

  template <typename Call>
  double best_seconds(const Call& call) {
    using Clock = std::chrono::steady_clock;
    call();  // plans are made and code is loaded
    wait();
    double best = std::numeric_limits<double>::infinity();
    for (int run = 0; run < kRuns; ++run) {
      const Clock::time_point start = Clock::now();
      for (int i = 0; i < kCalls; ++i) call();
      wait();
      const std::chrono::duration<double> taken = Clock::now() - start;
      best = std::min(best, taken.count() / kCalls);
    }
    return best;
  }

  Memory& memory_;
  Library& library_;
  const Mode mode_;
};

}  // namespace

std::unique_ptr<BareArithmetic> card_arithmetic(Memory& memory, Library& library, Mode mode) {
  return std::make_unique<CardArithmetic>(memory, library, mode);
}

}  // namespace zanime::ops::cuda
