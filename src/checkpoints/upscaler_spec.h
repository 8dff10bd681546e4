// Networks that make pictures larger: their widths, their tensors, and the spellings of their
// names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoints/architectures.h"
#include "checkpoints/stored_spec.h"
#include "weights/weight_file.h"

namespace zanime::checkpoints {

enum class UpscalerKind {
  kEsrgan,   // RRDBNet of ESRGAN (arXiv 1809.00219) and Real-ESRGAN (arXiv 2107.10833)
  kCompact,  // SRVGGNetCompact of Real-ESRGAN
  kSpan,     // SPAN (arXiv 2311.12770)
};
// "ESRGAN", "Real-ESRGAN compact", "SPAN"
std::string upscaler_kind_name(UpscalerKind kind);

struct UpscalerSpec {
  UpscalerKind kind = UpscalerKind::kEsrgan;
  int64_t scale = 4;  // pixels along a side that one becomes
  int64_t features = 64;
  // ESRGAN: residual in residual dense blocks. Compact: convolutions between the first and the
  // last. SPAN has always 6.
  int64_t blocks = 23;
  int64_t channels = 3;  // of the picture, before and behind
  // ESRGAN: what each convolution of a dense block adds, and the side of the squares of pixels that
  // are folded into channels first (1, 2 or 4).
  int64_t growth = 32;
  int64_t fold = 1;
  // ESRGAN+ (arXiv 2001.08073): further connections inside a dense block.
  bool has_inner_shortcuts = false;
  // SPAN: colours are centred and multiplied by 255 first.
  bool is_centred = true;

  bool operator==(const UpscalerSpec&) const = default;
};
inline constexpr int64_t kSpanBlocks = 6;

// ESRGAN: convolutions that follow a doubling each, so that the scale is reached.
int64_t esrgan_doublings(const UpscalerSpec& spec);

// Throws Error(kUsage) when the widths contradict one another or are not positive.
void check_widths(const UpscalerSpec& spec);
// Every tensor under its canonical name: those of Real-ESRGAN's files (`body.0.rdb1.conv1.weight`)
// for ESRGAN.
std::vector<NamedShape> network_tensors(const UpscalerSpec& spec);

// As the functions of stored_spec.h. The kind comes from the names.
UpscalerSpec stored_upscaler_spec(const StoredShapes& shapes);
UpscalerSpec stored_upscaler_spec(const ModelWeights& weights);

// The canonical name of an ESRGAN tensor in any of three spellings: `model.1.sub.0.RDB1.conv1.0.…`
// of old files, where `last` is the number of the last of `model.N`, `RRDB_trunk.0.RDB1.conv1.…`
// and the canonical one. Other names come back as they are.
std::string canonical_upscaler_name(std::string_view name, int64_t last);
// The largest N of `prefix` + "model.N."; -1 where there is none.
int64_t last_model_index(const weights::WeightFile::Tensors& tensors, std::string_view prefix);

// Of SPAN's merged convolutions, which are made anew from their parts.
bool is_merged_anew(std::string_view name);

// Whether the tensors behind `prefix` are an upscaler's.
bool is_upscaler(const weights::WeightFile::Tensors& tensors, std::string_view prefix);

}  // namespace zanime::checkpoints
