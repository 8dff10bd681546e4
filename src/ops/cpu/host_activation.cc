#include "ops/cpu/host_activation.h"

#include "ops/backend_memory.h"

namespace zanime::ops::cpu {

Tensor tensor_of(const Activation& activation) {
  if (activation.empty()) return {};
  const std::shared_ptr<void>& memory = BackendMemory::memory(activation);
  float* const values = static_cast<float*>(memory.get()) + BackendMemory::offset(activation);
  // The aliasing constructor keeps the whole memory alive.
  return {activation.shape(), std::shared_ptr<float>(memory, values)};
}

Activation activation_of(const Tensor& tensor) {
  if (tensor.empty()) return {};
  return BackendMemory::wrap(tensor.shape(), DType::kF32, tensor.storage());
}

}  // namespace zanime::ops::cpu
