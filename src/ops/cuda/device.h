// A card as the backend sees it: memory in the order of one stream, and the products, convolutions
// and attention that libraries have. Narrow, so that tests run the whole backend on the host.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "base/dtype.h"
#include "base/error.h"
#include "ops/cuda/kernels/kernel.h"

namespace zanime::ops::cuda {

// The card's memory does not suffice, whatever was given up.
class OutOfDeviceMemory : public Error {
 public:
  explicit OutOfDeviceMemory(const std::string& message) : Error(ErrorKind::kResource, message) {}
};

// An upload that runs beside the stream's work.
class Transfer {
 public:
  virtual ~Transfer() = default;
  // Makes what is launched in the stream from now on wait for the data. Throws what went wrong.
  virtual void join() = 0;
};

// Bytes of the host that go behind one another into the card's memory.
struct HostBytes {
  const void* data = nullptr;
  int64_t size = 0;
};

class Memory {
 public:
  virtual ~Memory() = default;

  virtual Stream stream() = 0;
  // Bytes, aligned to 256, given back in the order of the stream. Where they are not to be had they
  // are asked for again for as long as something is given up. Throws OutOfDeviceMemory.
  std::shared_ptr<void> allocate(int64_t bytes) {
    for (;;) {
      try {
        return try_allocate(bytes);
      } catch (const OutOfDeviceMemory&) {
        if (!give_up_ || !give_up_()) throw;
      }
    }
  }
  // `give_up` gives something back that lies in the memory; false where there is nothing.
  void on_shortage(std::function<bool()> give_up) { give_up_ = std::move(give_up); }
  // What could still be allocated, as far as the driver knows.
  virtual int64_t free_bytes() = 0;
  // The most bytes that were allocated at once since the last call.
  virtual int64_t take_peak_bytes() = 0;
  // In the order of the stream; `from` may be changed afterwards.
  virtual void upload(void* to, HostBytes from) = 0;
  // Copies through pinned buffers on a thread of its own. `owner` keeps what the pieces point to
  // until it was read; `to` stays until the transfer is joined or gone.
  virtual std::unique_ptr<Transfer> start_upload(void* to, std::span<const HostBytes> pieces,
                                                 std::shared_ptr<const void> owner) = 0;
  virtual void copy(void* to, const void* from, int64_t bytes) = 0;
  // Waits for the stream.
  virtual void download(void* to, const void* from, int64_t bytes) = 0;
  // Marks what is launched so far, and waits until the stream has come to the last mark but one:
  // the host is never further ahead, and a run that is stopped stops soon.
  virtual void pace() = 0;

 protected:
  // As allocate, once.
  virtual std::shared_ptr<void> try_allocate(int64_t bytes) = 0;

 private:
  std::function<bool()> give_up_;
};

// d [m, n] = alpha * a [m, k] b^T + beta * d with b [n, k], or b [k, n] not transposed. Row-major,
// rows `stride` numbers apart; `batch` such products lie `step` numbers apart.
struct Product {
  int64_t m = 0, n = 0, k = 0;
  DType factors = DType::kF32;  // of a and b: kF32, kBF16, kF8E4M3 or kI8
  DType result = DType::kF32;   // kF32 or kBF16; kI32 for kI8
  bool b_is_transposed = true;
  int64_t a_stride = 0, b_stride = 0, d_stride = 0;
  float alpha = 1.0f, beta = 0.0f;
  int64_t batch = 1;
  int64_t a_step = 0, b_step = 0, d_step = 0;

  bool operator==(const Product&) const = default;
};

// The factors of F8 products: of every row of a and of b, or one of each.
enum class F8Scales { kNone, kTensor, kRows };

// [items, height, width, inputs] -> [items, .., outputs], weights [outputs, kernel_height,
// kernel_width, inputs] of the same type, the bias [outputs] in float32.
struct Convolution {
  DType dtype = DType::kF32;
  int64_t items = 0, height = 0, width = 0, inputs = 0, outputs = 0;
  int64_t kernel_height = 0, kernel_width = 0;
  int64_t stride = 1, pad_before = 0, pad_after = 0;

  int64_t out_height() const {
    return (height + pad_before + pad_after - kernel_height) / stride + 1;
  }
  int64_t out_width() const { return (width + pad_before + pad_after - kernel_width) / stride + 1; }
  bool operator==(const Convolution&) const = default;
};

// As ops::AttentionLayout has it, in kBF16.
struct Attention {
  int64_t batch = 0, tokens = 0, query_heads = 0, kv_heads = 0, head_dim = 0;
  bool causal = false;

  bool operator==(const Attention&) const = default;
};

class Library {
 public:
  virtual ~Library() = default;

  // "NVIDIA H200, cuBLASLt 13.1.0, cuDNN 9.19.0"
  virtual std::string description() const = 0;
  // Found out by trying a product each.
  virtual bool multiplies_bf16() = 0;
  virtual bool multiplies_int8() = 0;
  virtual F8Scales f8_scales() = 0;

  // float32 factors are multiplied in float32, without TF32. a_scales and b_scales lie in the
  // card's memory, for kF8E4M3 alone.
  virtual void multiply(const Product& product, const void* a, const void* b, void* d,
                        const float* a_scales = nullptr, const float* b_scales = nullptr) = 0;
  // False where the library has no such convolution; nothing is written then. bias may be null.
  virtual bool convolve(const Convolution& convolution, const void* x, const void* weight,
                        const float* bias, void* out) = 0;
  // False where the library has no such attention; nothing is written then.
  virtual bool attend(const Attention& attention, const void* qkv, void* out) = 0;
};

}  // namespace zanime::ops::cuda
