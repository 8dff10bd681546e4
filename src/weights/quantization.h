// Scales of quantised weights, in the spellings found in files.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weights/safetensors.h"

namespace zanime {

// value = scale * stored, or rows[row] * stored where `rows` is set.
struct WeightScale {
  float scale = 1.0f;
  std::shared_ptr<const std::vector<float>> rows;
};

// True for tensors that describe how others are stored: scales, comfy_quant, scaled_fp8.
bool is_quantization_tensor(std::string_view name);

// The scales of the tensors of `file` whose names start with `prefix`.
class QuantizationScales {
 public:
  // Throws Error(kFile) naming the tensor and the format when the file uses a quantisation other
  // than 8-bit floats with a scale per tensor or per row.
  QuantizationScales(const SafetensorsFile& file, std::string_view prefix);

  // The scale of the tensor stored as `name`, a `….weight` of the file: from
  // `<module>.scale_weight` or `<module>.weight_scale`, of shape [], [1], [rows] or [rows, 1].
  // Throws Error(kFile) for another shape, for a value that is not finite, or when the stored type
  // is not the one that comfy_quant names.
  WeightScale scale_of(const std::string& name, const TensorEntry& weight) const;

 private:
  void add_format(const std::string& module, const std::string& format);

  const SafetensorsFile& file_;
  std::map<std::string, std::string> formats_;  // module -> comfy_quant's format
};

}  // namespace zanime
