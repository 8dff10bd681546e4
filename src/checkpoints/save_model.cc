#include "checkpoints/save_model.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/files/atomic_file.h"
#include "base/parallel.h"
#include "weights/float_encoding.h"
#include "weights/safetensors_writer.h"
#include "weights/weight_values.h"

namespace zanime::checkpoints {
namespace {

bool is_plain_float(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16 ||
         dtype == DType::kF8E4M3 || dtype == DType::kF8E5M2;
}

// Whether the bytes of the weight's file are its values.
bool is_as_stored(const weights::Weight& weight) {
  const DType dtype = weight.parts().front().dtype;
  return weight.changes().empty() && is_plain_float(dtype) &&
         std::all_of(weight.parts().begin(), weight.parts().end(),
                     [&](const weights::WeightPart& part) {
                       return part.dtype == dtype && part.scale == 1.0f &&
                              part.row_scales == nullptr && part.rotation == 0;
                     });
}

void copy_stored(const weights::Weight& weight, uint64_t offset, files::AtomicFile& file) {
  for (const weights::WeightPart& part : weight.parts()) {
    const auto bytes = static_cast<uint64_t>(dtype_bytes(part.dtype, part.rows * weight.columns()));
    file.write_at(offset, {part.data, bytes});
    offset += bytes;
  }
}

void write_converted(const weights::Weight& weight, DType type, uint64_t offset,
                     files::AtomicFile& file) {
  constexpr int64_t kValuesAtOnce = int64_t{1} << 18;
  const int64_t columns = weight.columns();
  const int64_t grain = std::max<int64_t>(1, kValuesAtOnce / std::max<int64_t>(1, columns));
  parallel_for_ranges(weight.rows(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row += grain) {
      const int64_t rows = std::min(grain, end - row);
      std::vector<float> values(static_cast<size_t>(rows * columns));
      weights::rows_to_float32(weight, row, rows, values.data());
      std::vector<std::byte> encoded(static_cast<size_t>(dtype_bytes(type, rows * columns)));
      weights::encode_floats(values.data(), rows * columns, type, encoded.data());
      file.write_at(offset + static_cast<uint64_t>(dtype_bytes(type, row * columns)), encoded);
    }
  });
}

}  // namespace

bool save_networks(const std::filesystem::path& path, const std::vector<NetworkToSave>& networks,
                   DType type, const weights::WeightFile::Metadata& metadata) {
  std::vector<const weights::Weight*> saved;
  std::vector<weights::TensorSpec> specs;
  for (const NetworkToSave& network : networks) {
    for (const auto& [name, weight] : network.weights->all()) {
      if (weight.empty()) continue;
      saved.push_back(&weight);
      specs.push_back({network.prefix + name,
                       is_as_stored(weight) ? weight.parts().front().dtype : type, weight.shape()});
    }
  }
  const weights::SafetensorsLayout layout = weights::plan_safetensors(specs, metadata);
  files::AtomicFile file(path, layout.file_size);
  file.write_at(0, std::as_bytes(std::span(layout.header)));
  for (size_t i = 0; i < saved.size(); ++i) {
    if (is_as_stored(*saved[i])) {
      copy_stored(*saved[i], layout.offsets[i], file);
    } else {
      write_converted(*saved[i], type, layout.offsets[i], file);
    }
  }
  return file.commit_new();
}

}  // namespace zanime::checkpoints
