#include "tests/ops/cuda/test_device.h"

#include <cstdlib>
#include <new>

#ifdef ZANIME_CUDA
#include <stdexcept>

#include <cuda_runtime_api.h>
#endif

namespace zanime::ops::cuda {

#ifdef ZANIME_CUDA

namespace {
void check(cudaError_t status) {
  if (status != cudaSuccess) throw std::runtime_error(cudaGetErrorString(status));
}
}  // namespace

DeviceBytes::DeviceBytes(size_t bytes) : bytes_(bytes) {
  void* data = nullptr;
  check(cudaMalloc(&data, std::max<size_t>(bytes, 1)));
  data_ = std::shared_ptr<void>(data, cudaFree);
}
void DeviceBytes::upload(const void* from) {
  check(cudaMemcpy(data(), from, bytes_, cudaMemcpyHostToDevice));
}
void DeviceBytes::download(void* to) const {
  check(cudaMemcpy(to, data(), bytes_, cudaMemcpyDeviceToHost));
}

#else

// Allocated to the byte, so that tools which watch memory see what goes beyond.
DeviceBytes::DeviceBytes(size_t bytes) : bytes_(bytes) {
  data_ = std::shared_ptr<void>(::operator new (bytes, std::align_val_t{256}),
                                [](void* p) { ::operator delete (p, std::align_val_t{256}); });
}
void DeviceBytes::upload(const void* from) { std::memcpy(data(), from, bytes_); }
void DeviceBytes::download(void* to) const { std::memcpy(to, data(), bytes_); }

#endif

DeviceArray::DeviceArray(DType dtype, const std::vector<float>& values)
    : dtype_(dtype),
      count_(values.size()),
      bytes_(static_cast<size_t>(dtype_bytes(dtype, static_cast<int64_t>(values.size())))) {
  if (dtype == DType::kF32) {
    bytes_.upload(values.data());
    return;
  }
  std::vector<uint16_t> rounded_values;
  for (float value : values) rounded_values.push_back(f32_to_bf16(value));
  bytes_.upload(rounded_values.data());
}

std::vector<float> DeviceArray::values() const {
  std::vector<float> values(count_);
  if (dtype_ == DType::kF32) {
    bytes_.download(values.data());
    return values;
  }
  std::vector<uint16_t> stored(count_);
  bytes_.download(stored.data());
  for (size_t i = 0; i < count_; ++i) values[i] = bf16_to_f32(stored[i]);
  return values;
}

}  // namespace zanime::ops::cuda
