// Scales of quantised weights, in the spellings found in files.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "weights/block_scaled.h"
#include "weights/weight_file.h"

namespace zanime::weights {

// value = scale * stored, or rows[row] * stored where `rows` is set.
struct WeightScale {
  float scale = 1.0f;
  std::shared_ptr<const std::vector<float>> rows;
  int64_t rotation = 0;  // group of columns that are stored rotated (weights/rotation.h)
  // Set where the scales belong to blocks: the weight that takes the stored one's place.
  std::optional<BlockScaledWeight> block_scaled;
};

// True for tensors that describe how others are stored: scales, comfy_quant, scaled_fp8.
bool is_quantization_tensor(std::string_view name);

// The scales of the tensors of `file` whose names start with `prefix`.
class QuantizationScales {
 public:
  // Throws Error(kFile) naming the tensor and the format when the file uses a quantisation other
  // than 8-bit floats or integers with a scale per tensor or per row, NVFP4 and MXFP8.
  QuantizationScales(const WeightFile& file, std::string_view prefix);

  // The scale of the tensor stored as `name`, a `….weight` of the file: from
  // `<module>.scale_weight` or `<module>.weight_scale`, of shape [], [1], [rows] or [rows, 1].
  // Throws Error(kFile) for another shape, for a value that is not finite, when the stored type is
  // not the one that comfy_quant names, or for integers without a scale.
  WeightScale scale_of(const std::string& name, const TensorEntry& weight) const;
  // Whether the tensor's bytes are values only together with its scales: NVFP4.
  bool is_packed(const std::string& name) const;

 private:
  struct Format {
    std::string name;
    int64_t rotation = 0;
  };

  void refuse_foreign_schemes(std::string_view prefix);
  void add_format(const std::string& module, Format format);
  // Of a description as comfy_quant and the file's metadata have it; nullopt when it names none.
  static std::optional<Format> format_of(const nlohmann::json& description);
  const Format* find_format(const std::string& name) const;
  WeightScale block_scaled(const std::string& name, const TensorEntry& weight,
                           const Format& format) const;
  void check_format(const std::string& name, const TensorEntry& weight, const Format& format) const;

  const WeightFile& file_;
  std::map<std::string, Format> formats_;  // by module
};

}  // namespace zanime::weights
