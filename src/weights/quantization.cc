#include "weights/quantization.h"

#include <array>
#include <cmath>
#include <optional>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text/quote.h"
#include "weights/rotation.h"
#include "weights/value_conversion.h"

namespace zanime::weights {
namespace {

using nlohmann::json;

constexpr std::string_view kWeight = ".weight";
constexpr std::string_view kComfyQuant = ".comfy_quant";
constexpr std::array<std::string_view, 6> kSuffixes = {".scale_weight", ".weight_scale",
                                                       ".scale_input",  ".input_scale",
                                                       kComfyQuant,     ".weight_scale_2"};

struct ForeignScheme {
  std::string_view suffix;
  const char* name;
};
// The more special mark of a scheme comes first.
constexpr std::array kForeignSchemes = {
    ForeignScheme{".encoded_exponent", "DFloat11"},
    ForeignScheme{".wscales", "SVDQuant (Nunchaku)"},
    ForeignScheme{".proj_down", "SVDQuant (Nunchaku)"},
    ForeignScheme{".qzeros", "GPTQ or AWQ"},
    ForeignScheme{".weight_scale_2", "NVFP4 without comfy_quant"},
    ForeignScheme{".weight_scale_inv", "FP8 with a scale per block"},
    ForeignScheme{".weight.absmax", "bitsandbytes 4-bit"},
    ForeignScheme{".weight.quant_map", "bitsandbytes 4-bit"},
    ForeignScheme{".SCB", "bitsandbytes 8-bit"},
    ForeignScheme{".qweight", "packed 4-bit"},
};

// A group that was given and makes no sense; said when it is clear which tensor it concerns.
constexpr int64_t kBadRotation = -1;

// Formats whose scales belong to blocks of a row.
constexpr const char* kNvfp4 = "nvfp4";
constexpr const char* kMxfp8 = "mxfp8";

constexpr const char* kUseInstead = "; use a BF16, F16 or F8_E4M3 version of the model";

std::string_view without_suffix(std::string_view name, std::string_view suffix) {
  return name.substr(0, name.size() - suffix.size());
}

std::optional<DType> stored_type(std::string_view format) {
  if (format == "float8_e4m3fn") return DType::kF8E4M3;
  if (format == "float8_e5m2") return DType::kF8E5M2;
  if (format == "int8_tensorwise") return DType::kI8;
  if (format == kNvfp4) return DType::kU8;
  if (format == kMxfp8) return DType::kF8E4M3;
  return std::nullopt;
}

}  // namespace

bool is_quantization_tensor(std::string_view name) {
  if (name == "scaled_fp8" || name.ends_with(".scaled_fp8")) return true;
  for (const std::string_view suffix : kSuffixes) {
    if (name.ends_with(suffix)) return true;
  }
  return false;
}

QuantizationScales::QuantizationScales(const WeightFile& file, std::string_view prefix)
    : file_(file) {
  const std::string place = file.path().string() + ": ";
  for (const auto& [name, entry] : file.tensors()) {
    if (!name.starts_with(prefix)) continue;
    if (name.ends_with(kComfyQuant)) {
      // A description has a few dozen bytes.
      if (entry.dtype != DType::kU8 || entry.bytes > 65536) {
        throw Error(ErrorKind::kFile, place + "tensor " + text::quote(name) +
                                          " should be a short U8 text; the file is damaged");
      }
      const auto* text = reinterpret_cast<const char*>(entry.data);
      const std::optional<Format> format =
          format_of(json::parse(text, text + entry.bytes, nullptr, false));
      if (!format) {
        throw Error(ErrorKind::kFile, place + "tensor " + text::quote(name) + " holds " +
                                          text::quote({text, entry.bytes}) +
                                          ", which names no format; the file is damaged");
      }
      add_format(std::string(without_suffix(name, kComfyQuant)), *format);
    }
  }
  refuse_foreign_schemes(prefix);

  // The same information for the whole file, as some converters write it.
  const auto metadata = file.metadata().find("_quantization_metadata");
  if (metadata == file.metadata().end()) return;
  const json description = json::parse(metadata->second, nullptr, false);
  const auto layers = description.is_object() ? description.find("layers") : description.end();
  if (layers == description.end() || !layers->is_object()) return;
  for (const auto& [name, layer] : layers->items()) {
    // Some converters write the names without the prefix that the tensors have.
    const std::string module = name.starts_with(prefix) ? name : std::string(prefix) + name;
    if (file.find(module + ".weight") == nullptr) continue;
    if (const std::optional<Format> format = format_of(layer)) add_format(module, *format);
  }
}

void QuantizationScales::refuse_foreign_schemes(std::string_view prefix) {
  for (const ForeignScheme& scheme : kForeignSchemes) {
    for (const auto& [name, entry] : file_.tensors()) {
      if (!name.starts_with(prefix) || !name.ends_with(scheme.suffix)) continue;
      const std::string module(without_suffix(name, scheme.suffix));
      // comfy_quant names the format better than a suffix does.
      if (!formats_.contains(module)) add_format(module, {scheme.name});
    }
  }
}

std::optional<QuantizationScales::Format> QuantizationScales::format_of(const json& description) {
  if (!description.is_object()) return std::nullopt;
  const auto name = description.find("format");
  if (name == description.end() || !name->is_string()) return std::nullopt;
  Format format{name->get<std::string>()};
  const auto rotates = description.find("convrot");
  if (rotates != description.end() && rotates->is_boolean() && rotates->get<bool>()) {
    const auto group = description.find("convrot_groupsize");
    const bool is_given = group != description.end() && group->is_number_integer();
    format.rotation = is_given ? group->get<int64_t>() : kLargestRotation;
    if (!is_rotation_size(format.rotation)) format.rotation = kBadRotation;
  }
  return format;
}

void QuantizationScales::add_format(const std::string& module, Format format) {
  if (!stored_type(format.name)) {
    throw Error(ErrorKind::kFile, file_.path().string() + ": tensor " +
                                      text::quote(module + ".weight") + " is quantised as " +
                                      text::quote(format.name) + ", which is not supported" +
                                      kUseInstead);
  }
  formats_[module] = std::move(format);
}

void QuantizationScales::check_format(const std::string& name, const TensorEntry& weight,
                                      const Format& format) const {
  const std::string place = file_.path().string() + ": tensor " + text::quote(name) + " ";
  if (weight.dtype != stored_type(format.name).value()) {
    throw Error(ErrorKind::kFile, place + "has the type " + std::string(dtype_name(weight.dtype)) +
                                      ", but is described as " + format.name +
                                      "; the file is damaged");
  }
  if (format.rotation == 0) return;
  const bool fits = format.rotation != kBadRotation && weight.shape.rank() == 2 &&
                    weight.shape[1] % format.rotation == 0;
  if (!fits) {
    throw Error(ErrorKind::kFile,
                place + "of shape " + weight.shape.to_string() +
                    " is described as rotated (convrot) by groups that are not 4, 16, 64 or 256 "
                    "columns or do not divide its columns" +
                    kUseInstead);
  }
}

const QuantizationScales::Format* QuantizationScales::find_format(const std::string& name) const {
  if (!name.ends_with(kWeight)) return nullptr;
  const auto format = formats_.find(std::string(without_suffix(name, kWeight)));
  return format == formats_.end() ? nullptr : &format->second;
}

bool QuantizationScales::is_packed(const std::string& name) const {
  const Format* format = find_format(name);
  return format != nullptr && format->name == kNvfp4;
}

WeightScale QuantizationScales::block_scaled(const std::string& name, const TensorEntry& weight,
                                             const Format& format) const {
  const std::string module(without_suffix(name, kWeight));
  const std::string place = file_.path().string() + ": tensor " + text::quote(name);
  const auto find = [&](const char* suffix) -> const TensorEntry& {
    if (const TensorEntry* entry = file_.find(module + suffix)) return *entry;
    throw Error(ErrorKind::kFile, place + " is described as " + format.name + ", but " +
                                      text::quote(module + suffix) +
                                      " is missing; the file is damaged, download it again");
  };
  WeightScale result;
  try {
    const TensorEntry& scales = find(".weight_scale");
    if (format.name == kMxfp8) {
      result.block_scaled = mxfp8_weight(weight, scales);
      return result;
    }
    result.block_scaled = nvfp4_weight(weight, scales);
  } catch (const Error& error) {
    const std::string message = error.what();
    if (message.starts_with(place)) throw;
    throw Error(ErrorKind::kFile, place + " " + message);
  }
  const TensorEntry& factor = find(".weight_scale_2");
  if (factor.dtype != DType::kF32 || factor.shape.size() != 1) {
    throw Error(ErrorKind::kFile, place +
                                      " has a weight_scale_2 that is not a single F32 number; "
                                      "the file is damaged");
  }
  convert_to_float32(factor.data, factor.dtype, 1, &result.scale);
  if (!std::isfinite(result.scale)) {
    throw Error(ErrorKind::kFile, place +
                                      " has a weight_scale_2 that is not finite; the file is "
                                      "damaged, download it again");
  }
  return result;
}

WeightScale QuantizationScales::scale_of(const std::string& name, const TensorEntry& weight) const {
  if (!name.ends_with(kWeight)) return {};
  const std::string module(without_suffix(name, kWeight));
  const auto fail = [&](const std::string& tensor, const std::string& message) {
    throw Error(ErrorKind::kFile,
                file_.path().string() + ": tensor " + text::quote(tensor) + " " + message);
  };

  WeightScale result;
  if (const Format* format = find_format(name)) {
    check_format(name, weight, *format);
    if (format->name == kNvfp4 || format->name == kMxfp8) {
      return block_scaled(name, weight, *format);
    }
    result.rotation = format->rotation;
  }

  std::string scale_name = module + ".scale_weight";
  const TensorEntry* entry = file_.find(scale_name);
  if (entry == nullptr) {
    scale_name = module + ".weight_scale";
    entry = file_.find(scale_name);
  }
  if (entry == nullptr) {
    if (weight.dtype == DType::kI8) {
      fail(name, "has the type I8, but no scale (" + text::quote(scale_name) +
                     ") says what it means" + kUseInstead);
    }
    return result;
  }
  if (entry->dtype != DType::kF32 && entry->dtype != DType::kF16 && entry->dtype != DType::kBF16) {
    fail(scale_name, "has the type " + std::string(dtype_name(entry->dtype)) +
                         ", but a scale is F32, F16 or BF16; this quantisation is not supported" +
                         kUseInstead);
  }
  const int64_t rows = weight.shape.rank() == 0 ? 1 : weight.shape[0];
  const int64_t count = entry->shape.size();
  const bool column =
      entry->shape.rank() == 1 || (entry->shape.rank() == 2 && entry->shape[1] == 1);
  if (count != 1 && !(column && count == rows)) {
    fail(scale_name, "has the shape " + entry->shape.to_string() +
                         ", but a scale per tensor ([]) or per row ([" + std::to_string(rows) +
                         "]) is needed" + kUseInstead);
  }
  std::vector<float> values(static_cast<size_t>(count));
  convert_to_float32(entry->data, entry->dtype, count, values.data());
  for (const float value : values) {
    if (!std::isfinite(value)) {
      fail(scale_name, "holds " + std::to_string(value) +
                           " as a scale; the file is damaged, download it again");
    }
  }
  if (count == 1) {
    result.scale = values[0];
  } else {
    result.rows = std::make_shared<const std::vector<float>>(std::move(values));
  }
  return result;
}

}  // namespace zanime::weights
