// A card on the host, for tests of the backend: its memory is the host's, of which there is as much
// as a test says, and its library multiplies by plain loops.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ops/cuda/device.h"

namespace zanime::ops::cuda {

class HostMemory final : public Memory {
 public:
  explicit HostMemory(int64_t capacity = int64_t{1} << 40)
      : state_(std::make_shared<State>(State{capacity, 0, 0})) {}

  Stream stream() override { return nullptr; }
  int64_t free_bytes() override { return state_->capacity - state_->used; }
  int64_t take_peak_bytes() override { return std::exchange(state_->peak, state_->used); }
  void upload(void* to, HostBytes from) override {
    std::memcpy(to, from.data, static_cast<size_t>(from.size));
    uploaded += from.size;
  }
  std::unique_ptr<Transfer> start_upload(void* to, std::span<const HostBytes> pieces,
                                         std::shared_ptr<const void> owner) override {
    return std::make_unique<LateCopy>(*this, to, pieces, std::move(owner));
  }
  void copy(void* to, const void* from, int64_t bytes) override {
    std::memcpy(to, from, static_cast<size_t>(bytes));
  }
  void download(void* to, const void* from, int64_t bytes) override { copy(to, from, bytes); }
  void pace() override { ++marks; }

  int64_t used() const { return state_->used; }
  void set_capacity(int64_t bytes) { state_->capacity = bytes; }
  int64_t uploaded = 0;
  int marks = 0;

 protected:
  std::shared_ptr<void> try_allocate(int64_t bytes) override {
    const std::shared_ptr<State> state = state_;
    if (state->used + bytes > state->capacity) throw OutOfDeviceMemory("the card is full");
    state->used += bytes;
    state->peak = std::max(state->peak, state->used);
    auto* data = ::operator new (static_cast<size_t>(bytes), std::align_val_t{256});
    std::memset(data, 0xff, static_cast<size_t>(bytes));  // NaN
    return {data, [state, bytes](void* memory) {
              state->used -= bytes;
              ::operator delete (memory, std::align_val_t{256});
            }};
  }

 private:
  struct State {
    int64_t capacity, used, peak;
  };
  // Copies as late as the contract allows: what reads too early finds NaN.
  class LateCopy final : public Transfer {
   public:
    LateCopy(HostMemory& memory, void* to, std::span<const HostBytes> pieces,
             std::shared_ptr<const void> owner)
        : memory_(memory),
          to_(static_cast<std::byte*>(to)),
          pieces_(pieces.begin(), pieces.end()),
          owner_(std::move(owner)) {}
    void join() override {
      for (const HostBytes& piece : pieces_) {
        memory_.upload(to_, piece);
        to_ += piece.size;
      }
      pieces_.clear();
      owner_.reset();
    }

   private:
    HostMemory& memory_;
    std::byte* to_;
    std::vector<HostBytes> pieces_;
    std::shared_ptr<const void> owner_;
  };

  std::shared_ptr<State> state_;
};

class HostLibrary final : public Library {
 public:
  bool has_bf16 = true, has_int8 = true, has_convolutions = true;
  F8Scales f8 = F8Scales::kRows;
  int products_in_8_bits = 0;

  std::string description() const override { return "a card on the host"; }
  bool multiplies_bf16() override { return has_bf16; }
  bool multiplies_int8() override { return has_int8; }
  F8Scales f8_scales() override { return f8; }

  void multiply(const Product& p, const void* a, const void* b, void* d, const float* a_scales,
                const float* b_scales) override {
    const bool by_row = f8 == F8Scales::kRows;
    if (dtype_size(p.factors) == 1) ++products_in_8_bits;
    std::vector<float> left(static_cast<size_t>(p.k)), right(static_cast<size_t>(p.n * p.k));
    for (int64_t batch = 0; batch < p.batch; ++batch) {
      for (int64_t i = 0; i < p.n * p.k; ++i) {
        const int64_t column = i / p.k, inner = i % p.k;
        right[i] = value(p.factors, b,
                         batch * p.b_step + (p.b_is_transposed ? column * p.b_stride + inner
                                                               : inner * p.b_stride + column));
      }
      for (int64_t row = 0; row < p.m; ++row) {
        for (int64_t i = 0; i < p.k; ++i) {
          left[i] = value(p.factors, a, batch * p.a_step + row * p.a_stride + i);
        }
        for (int64_t column = 0; column < p.n; ++column) {
          const float* other = right.data() + column * p.k;
          double sum = 0;
          for (int64_t i = 0; i < p.k; ++i) sum += double{left[i]} * other[i];
          if (p.factors == DType::kF8E4M3) {
            sum *= double{a_scales[by_row ? row : 0]} * b_scales[by_row ? column : 0];
          }
          const int64_t target = batch * p.d_step + row * p.d_stride + column;
          const double before = p.beta == 0.0f ? 0.0 : p.beta * value(p.result, d, target);
          set(p.result, d, target, p.alpha * sum + before);
        }
      }
    }
  }

  bool convolve(const Convolution& c, const void* x, const void* weight, const float* bias,
                void* out) override {
    if (!has_convolutions) return false;
    for (int64_t i = 0; i < c.items * c.out_height() * c.out_width() * c.outputs; ++i) {
      const int64_t output = i % c.outputs, pixel = i / c.outputs;
      const int64_t column = pixel % c.out_width(), row = pixel / c.out_width() % c.out_height();
      const int64_t item = pixel / c.out_width() / c.out_height();
      double sum = bias == nullptr ? 0.0 : bias[output];
      for (int64_t ky = 0; ky < c.kernel_height; ++ky) {
        for (int64_t kx = 0; kx < c.kernel_width; ++kx) {
          const int64_t y = row * c.stride + ky - c.pad_before;
          const int64_t z = column * c.stride + kx - c.pad_before;
          if (y < 0 || y >= c.height || z < 0 || z >= c.width) continue;
          for (int64_t k = 0; k < c.inputs; ++k) {
            const int64_t tap = (output * c.kernel_height + ky) * c.kernel_width + kx;
            sum += double{value(c.dtype, x, ((item * c.height + y) * c.width + z) * c.inputs + k)} *
                   value(c.dtype, weight, tap * c.inputs + k);
          }
        }
      }
      set(c.dtype, out, i, sum);
    }
    return true;
  }

  bool attend(const Attention&, const void*, void*) override { return false; }

 private:
  static float value(DType dtype, const void* data, int64_t i) {
    switch (dtype) {
      case DType::kBF16:
        return bf16_to_f32(static_cast<const uint16_t*>(data)[i]);
      case DType::kF8E4M3:
        return f8e4m3_to_f32(static_cast<const uint8_t*>(data)[i]);
      case DType::kI8:
        return static_cast<const int8_t*>(data)[i];
      default:
        return static_cast<const float*>(data)[i];
    }
  }
  static void set(DType dtype, void* data, int64_t i, double value) {
    if (dtype == DType::kI32) {
      static_cast<int32_t*>(data)[i] = static_cast<int32_t>(value);
    } else if (dtype == DType::kBF16) {
      static_cast<uint16_t*>(data)[i] = f32_to_bf16(static_cast<float>(value));
    } else {
      static_cast<float*>(data)[i] = static_cast<float>(value);
    }
  }
};

}  // namespace zanime::ops::cuda
