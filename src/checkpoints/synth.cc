#include "checkpoints/synth.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/parallel.h"
#include "checkpoints/canonical.h"
#include "checkpoints/synth_values.h"
#include "weights/float_encoding.h"
#include "weights/safetensors_writer.h"

namespace zanime::checkpoints {
namespace {

// Values written at a time by one thread, and values made at a time: these stay in the first-level
// cache between being made and being rounded.
constexpr int64_t kPiece = int64_t{1} << 19;
constexpr int64_t kBlock = int64_t{1} << 12;

struct SynthTensor {
  weights::TensorSpec stored;
  SynthLaw law;
  int64_t first = 0;  // flat index of the stored tensor's first value in the canonical one
};

class TensorPlan {
 public:
  void add_dit(const std::string& prefix, const DitSpec& spec, DType dtype, NameLayout layout) {
    check_widths(spec);
    for (const NamedShape& tensor : network_tensors(spec)) {
      const bool fused = tensor.name.ends_with(".attention.qkv.weight");
      if (layout == NameLayout::kComfy) {
        add(prefix + tensor.name, tensor.name, tensor.shape, dtype);
      } else if (!fused) {
        add(prefix + diffusers_dit_name(tensor.name), tensor.name, tensor.shape, dtype);
      } else {
        for (int part = 0; part < 3; ++part) {
          const Shape rows{tensor.shape[0] / 3, tensor.shape[1]};
          tensors_.push_back({{prefix + diffusers_dit_name(tensor.name, part), dtype, rows},
                              synth_law(tensor.name, tensor.shape),
                              part * rows.size()});
        }
      }
    }
  }
  // The seed includes Hugging Face's `model.`: golden/first_values.json has such names.
  void add_qwen3(const std::string& prefix, const Qwen3Spec& spec, DType dtype) {
    check_widths(spec);
    for (const NamedShape& tensor : network_tensors(spec)) {
      const std::string name = "model." + tensor.name;
      add(prefix + name, name, tensor.shape, dtype);
    }
  }
  void add_autoencoder(const std::string& prefix, const AutoencoderSpec& spec, DType dtype) {
    check_widths(spec);
    for (const NamedShape& tensor : network_tensors(spec)) {
      add(prefix + tensor.name, tensor.name, tensor.shape, dtype);
    }
  }

  void add_all(const std::vector<NamedShape>& tensors, DType dtype) {
    for (const NamedShape& tensor : tensors) add(tensor.name, tensor.name, tensor.shape, dtype);
  }

  void write(const std::filesystem::path& path, const CancelToken& cancel) const {
    std::vector<weights::TensorSpec> specs;
    for (const SynthTensor& tensor : tensors_) specs.push_back(tensor.stored);
    const weights::SafetensorsLayout layout = weights::plan_safetensors(specs, {{"format", "pt"}});

    struct Piece {
      const SynthTensor* tensor;
      uint64_t offset;  // in the file
      int64_t begin, count;
    };
    std::vector<Piece> pieces;
    for (size_t i = 0; i < tensors_.size(); ++i) {
      const int64_t size = specs[i].shape.size();
      const int64_t element = dtype_size(specs[i].dtype);
      for (int64_t begin = 0; begin < size; begin += kPiece) {
        pieces.push_back({&tensors_[i], layout.offsets[i] + static_cast<uint64_t>(begin * element),
                          begin, std::min(kPiece, size - begin)});
      }
    }

    files::AtomicFile file(path, layout.file_size);
    file.write_at(0, std::as_bytes(std::span(layout.header)));
    parallel_for(static_cast<int64_t>(pieces.size()), [&](int64_t index) {
      if (cancel.cancelled()) return;
      const Piece& piece = pieces[static_cast<size_t>(index)];
      const DType dtype = piece.tensor->stored.dtype;
      const int64_t element = dtype_size(dtype);
      thread_local std::vector<std::byte> bytes;
      bytes.resize(static_cast<size_t>(piece.count * element));
      std::array<float, kBlock> values;
      for (int64_t begin = 0; begin < piece.count; begin += kBlock) {
        const int64_t count = std::min(kBlock, piece.count - begin);
        synth_values(piece.tensor->law, piece.tensor->first + piece.begin + begin, count,
                     values.data());
        weights::encode_floats(values.data(), count, dtype, bytes.data() + begin * element);
      }
      file.write_at(piece.offset, bytes);
    });
    cancel.throw_if_cancelled();
    file.commit();
  }

 private:
  void add(std::string stored_name, const std::string& name, const Shape& shape, DType dtype) {
    tensors_.push_back({{std::move(stored_name), dtype, shape}, synth_law(name, shape)});
  }

  std::vector<SynthTensor> tensors_;
};

}  // namespace

std::optional<DType> synth_dtype(std::string_view name) {
  if (name == "fp32") return DType::kF32;
  if (name == "bf16") return DType::kBF16;
  if (name == "fp16") return DType::kF16;
  if (name == "fp8") return DType::kF8E4M3;
  return std::nullopt;
}

std::optional<NameLayout> synth_layout(std::string_view name) {
  if (name == "comfy") return NameLayout::kComfy;
  if (name == "diffusers") return NameLayout::kDiffusers;
  return std::nullopt;
}

void synth_dit(const std::filesystem::path& path, const DitSpec& spec, DType dtype,
               NameLayout layout, const CancelToken& cancel) {
  TensorPlan plan;
  plan.add_dit("", spec, dtype, layout);
  plan.write(path, cancel);
}

void synth_qwen3(const std::filesystem::path& path, const Qwen3Spec& spec, DType dtype,
                 const CancelToken& cancel) {
  TensorPlan plan;
  plan.add_qwen3("", spec, dtype);
  plan.write(path, cancel);
}

void synth_autoencoder(const std::filesystem::path& path, const AutoencoderSpec& spec, DType dtype,
                       const CancelToken& cancel) {
  TensorPlan plan;
  plan.add_autoencoder("", spec, dtype);
  plan.write(path, cancel);
}

namespace {

// A network whose tensors have one layout.
template <typename Spec>
void write_network(const std::filesystem::path& path, const Spec& spec, DType dtype,
                   const CancelToken& cancel) {
  check_widths(spec);
  TensorPlan plan;
  plan.add_all(network_tensors(spec), dtype);
  plan.write(path, cancel);
}

}  // namespace

void synth_control(const std::filesystem::path& path, const ControlSpec& spec, DType dtype,
                   const CancelToken& cancel) {
  write_network(path, spec, dtype, cancel);
}

void synth_upscaler(const std::filesystem::path& path, const UpscalerSpec& spec, DType dtype,
                    const CancelToken& cancel) {
  write_network(path, spec, dtype, cancel);
}

void synth_all_in_one(const std::filesystem::path& path, const AllInOneSpec& spec) {
  TensorPlan plan;
  plan.add_dit("model.diffusion_model.", spec.dit, spec.dit_dtype, spec.layout);
  plan.add_qwen3("text_encoders.qwen3_4b.transformer.", spec.text_encoder, spec.text_encoder_dtype);
  plan.add_autoencoder("vae.", spec.autoencoder, spec.autoencoder_dtype);
  plan.write(path, CancelToken());
}

}  // namespace zanime::checkpoints
