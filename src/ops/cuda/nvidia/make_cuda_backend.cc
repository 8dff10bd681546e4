#include "ops/cuda/make_cuda_backend.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include <cuda_runtime_api.h>

#include "base/dtype.h"
#include "base/error.h"
#include "base/log.h"
#include "ops/cuda/cuda_backend.h"
#include "ops/cuda/kernels/elementwise.h"
#include "ops/cuda/nvidia/check.h"
#include "ops/cuda/nvidia/cublas_lt.h"
#include "ops/cuda/nvidia/cudnn.h"
#include "ops/cuda/nvidia/nvidia_memory.h"

namespace zanime::ops::cuda {
namespace {

// Left for activations and for the libraries' work: a picture of 1024 x 1024 takes about this much
// while it is decoded. More is had by giving up weights.
constexpr int64_t kActivationBytes = int64_t{3} << 29;

// The extent of the products that are tried to learn what a card can do.
constexpr int64_t kTried = 64;

class NvidiaLibrary final : public Library {
 public:
  NvidiaLibrary(std::shared_ptr<Memory> memory, std::string card)
      : memory_(std::move(memory)),
        card_(std::move(card)),
        cublas_(open_cublas_lt(memory_)),
        cudnn_(open_cudnn(memory_)) {
    has_bf16_ = multiplies(DType::kBF16, {DType::kBF16, DType::kF32}, F8Scales::kNone);
    has_int8_ = multiplies(DType::kI8, {DType::kI32}, F8Scales::kNone);
    for (const F8Scales scales : {F8Scales::kRows, F8Scales::kTensor}) {
      if (f8_scales_ == F8Scales::kNone &&
          multiplies(DType::kF8E4M3, {DType::kBF16, DType::kF32}, scales)) {
        f8_scales_ = scales;
      }
    }
  }

  std::string description() const override {
    return card_ + ", cuBLASLt " + cublas_->version() + ", cuDNN " + cudnn_->version();
  }
  bool multiplies_bf16() override { return has_bf16_; }
  bool multiplies_int8() override { return has_int8_; }
  F8Scales f8_scales() override { return f8_scales_; }

  void multiply(const Product& product, const void* a, const void* b, void* d,
                const float* a_scales, const float* b_scales) override {
    cublas_->multiply(product, a, b, d, a_scales, b_scales, f8_scales_);
  }
  bool convolve(const Convolution& convolution, const void* x, const void* weight,
                const float* bias, void* out) override {
    return cudnn_->convolve(convolution, x, weight, bias, out);
  }
  bool attend(const Attention& attention, const void* qkv, void* out) override {
    return cudnn_->attend(attention, qkv, out);
  }

 private:
  // Does the card multiply so, written anew and added to what is there, in every type that is asked
  // for? Rows have scales that tell them from columns.
  bool multiplies(DType factors, std::initializer_list<DType> results, F8Scales scales) {
    const auto numbers = memory_->allocate(kTried * kTried * 2);
    const auto row_scales = memory_->allocate(4 * kTried),
               column_scales = memory_->allocate(4 * kTried);
    const auto out = memory_->allocate(4 * kTried * kTried);
    fill(factors, numbers.get());
    std::vector<float> first, second;
    for (int64_t i = 0; i < kTried; ++i) {
      first.push_back(static_cast<float>(1 + i % 2));
      second.push_back(static_cast<float>(1 + i % 3));
    }
    memory_->upload(row_scales.get(), {first.data(), 4 * kTried});
    memory_->upload(column_scales.get(), {second.data(), 4 * kTried});
    const float expected =
        static_cast<float>(kTried) * (scales == F8Scales::kRows ? first[1] * second[2] : 1.0f);
    for (DType result : results) {
      for (float beta : {0.0f, 1.0f}) {
        if (beta != 0.0f && result == DType::kI32) continue;  // nothing is added to integers
        const Product product{.m = kTried,
                              .n = kTried,
                              .k = kTried,
                              .factors = factors,
                              .result = result,
                              .a_stride = kTried,
                              .b_stride = kTried,
                              .d_stride = kTried,
                              .beta = beta};
        try {
          cublas_->multiply(product, numbers.get(), numbers.get(), out.get(),
                            static_cast<const float*>(row_scales.get()),
                            static_cast<const float*>(column_scales.get()), scales);
          if (value(result, out.get(), kTried + 2) != (1 + beta) * expected) return false;
        } catch (const OutOfDeviceMemory&) {
          throw;
        } catch (const Error& error) {
          log_debug(error.what());
          cudaGetLastError();
          return false;
        }
      }
    }
    return true;
  }

  // Ones.
  void fill(DType dtype, void* numbers) {
    std::vector<uint8_t> bytes;
    for (int64_t i = 0; i < kTried * kTried; ++i) {
      if (dtype == DType::kBF16) bytes.push_back(0x80);
      bytes.push_back(dtype == DType::kBF16 ? 0x3f : dtype == DType::kI8 ? 0x01 : 0x38);
    }
    memory_->upload(numbers, {bytes.data(), static_cast<int64_t>(bytes.size())});
  }

  // One number of a result, once the card has come to it.
  float value(DType dtype, const void* results, int64_t index) {
    uint32_t bits = 0;
    const auto* at = static_cast<const std::byte*>(results) + dtype_bytes(dtype, index);
    memory_->download(&bits, at, dtype_bytes(dtype, 1));
    if (dtype == DType::kBF16) return bf16_to_f32(static_cast<uint16_t>(bits));
    if (dtype == DType::kI32) return static_cast<float>(std::bit_cast<int32_t>(bits));
    return std::bit_cast<float>(bits);
  }

  const std::shared_ptr<Memory> memory_;
  const std::string card_;
  const std::unique_ptr<CublasLt> cublas_;
  const std::unique_ptr<Cudnn> cudnn_;
  bool has_bf16_ = false, has_int8_ = false;
  F8Scales f8_scales_ = F8Scales::kNone;
};

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

// Has this program machine code for the card? Found out by running some.
void require_code(Memory& memory, const cudaDeviceProp& properties) {
  const auto from = memory.allocate(sizeof(float)), to = memory.allocate(sizeof(uint16_t));
  try {
    convert(memory.stream(), DType::kF32, DType::kBF16, 1, from.get(), to.get());
    uint16_t value = 0;
    memory.download(&value, to.get(), sizeof(value));
  } catch (const Error& error) {
    cudaGetLastError();
    throw Error(ErrorKind::kResource, "this program has no code for " +
                                          std::string(properties.name) + " (compute capability " +
                                          std::to_string(properties.major) + "." +
                                          std::to_string(properties.minor) + "): " + error.what() +
                                          ". Build it with that in ZANIME_CUDA_ARCHITECTURES");
  }
}

}  // namespace

std::string card_obstacle() {
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
    cudaGetLastError();
    return "there is no NVIDIA driver (libcuda.so.1)";
  }
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaErrorInsufficientDriver) {
    cudaGetLastError();
    return "the driver is for CUDA " + version_text(driver) + ", this program needs " +
           version_text(CUDART_VERSION) + " or later; update the driver";
  }
  if (status != cudaSuccess) {
    cudaGetLastError();
    return cudaGetErrorString(status);
  }
  return count > 0 ? "" : "the driver shows no card";
}

std::shared_ptr<Backend> make_cuda_backend(int device, Compute compute, int64_t memory) {
  if (const std::string obstacle = card_obstacle(); !obstacle.empty()) {
    throw Error(ErrorKind::kResource, "no NVIDIA card can be used: " + obstacle +
                                          ". --device cpu computes on the processor");
  }
  int count = 0;
  check(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  if (device < 0 || device >= count) {
    throw Error(ErrorKind::kUsage, "device is cuda:" + std::to_string(device) + "; there are " +
                                       std::to_string(count) + " cards, counted from 0");
  }
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
  const std::shared_ptr<Memory> card = open_memory(device);
  require_code(*card, properties);
  auto library = std::make_shared<NvidiaLibrary>(card, properties.name);
  int64_t weights = std::max<int64_t>(card->free_bytes() - kActivationBytes, 0);
  if (memory > 0) weights = std::min(weights, std::max<int64_t>(memory - kActivationBytes, 0));
  return make_backend_on(card, std::move(library), compute, weights);
}

}  // namespace zanime::ops::cuda
