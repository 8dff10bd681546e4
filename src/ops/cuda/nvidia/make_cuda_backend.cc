#include "ops/cuda/make_cuda_backend.h"

#include <algorithm>
#include <utility>

#include <cuda_runtime_api.h>

#include "base/error.h"
#include "ops/cuda/cuda_backend.h"
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
    has_bf16_ = try_product(DType::kBF16, DType::kBF16, F8Scales::kNone);
    has_int8_ = try_product(DType::kI8, DType::kI32, F8Scales::kNone);
    for (const F8Scales scales : {F8Scales::kRows, F8Scales::kTensor}) {
      if (f8_scales_ == F8Scales::kNone && try_product(DType::kF8E4M3, DType::kBF16, scales)) {
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
  void convolve(const Convolution& convolution, const void* x, const void* weight,
                const float* bias, void* out) override {
    cudnn_->convolve(convolution, x, weight, bias, out);
  }
  bool attend(const Attention& attention, const void* qkv, void* out) override {
    return cudnn_->attend(attention, qkv, out);
  }

 private:
  bool try_product(DType factors, DType result, F8Scales scales) {
    const auto memory = memory_->allocate(4 * kTried * kTried);
    const auto factor_scales = memory_->allocate(4 * kTried);
    const Product product{.m = kTried,
                          .n = kTried,
                          .k = kTried,
                          .factors = factors,
                          .result = result,
                          .a_stride = kTried,
                          .b_stride = kTried,
                          .d_stride = kTried};
    const auto out = memory_->allocate(4 * kTried * kTried);
    const auto* ones = static_cast<const float*>(factor_scales.get());
    try {
      cublas_->multiply(product, memory.get(), memory.get(), out.get(), ones, ones, scales);
      // What fails on the card shows when its work is waited for.
      float value = 0;
      memory_->download(&value, out.get(), sizeof(value));
      return true;
    } catch (const Error&) {
      cudaGetLastError();
      return false;
    }
  }

  const std::shared_ptr<Memory> memory_;
  const std::string card_;
  const std::unique_ptr<CublasLt> cublas_;
  const std::unique_ptr<Cudnn> cudnn_;
  bool has_bf16_ = false, has_int8_ = false;
  F8Scales f8_scales_ = F8Scales::kNone;
};

}  // namespace

std::string card_obstacle() {
  int count = 0;
  if (const cudaError_t status = cudaGetDeviceCount(&count); status != cudaSuccess) {
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
  auto library = std::make_shared<NvidiaLibrary>(card, properties.name);
  int64_t weights = std::max<int64_t>(card->free_bytes() - kActivationBytes, 0);
  if (memory > 0) weights = std::min(weights, std::max<int64_t>(memory - kActivationBytes, 0));
  return make_backend_on(card, std::move(library), compute, weights);
}

}  // namespace zanime::ops::cuda
