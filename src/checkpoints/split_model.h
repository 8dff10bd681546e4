// Models that are kept in several files: pieces of one checkpoint, and Diffusers' folders.
#pragma once

#include <filesystem>
#include <memory>

#include "weights/weight_file.h"

namespace zanime::checkpoints {

// Whether the path is a folder, an index of pieces (`….index.json`) or one piece
// (`…-00001-of-00003.safetensors`).
bool is_split_model(const std::filesystem::path& path);

// Whether it is a piece of a model that is not its first.
bool is_later_piece(const std::filesystem::path& path);
// Whether the folder holds the parts of a model as Diffusers writes them.
bool is_diffusers_folder(const std::filesystem::path& path);
// Whether the folder is one of those, or holds the index of a model's pieces.
bool is_model_folder(const std::filesystem::path& path);

// All tensors of such a model as one file:
// - an index or a piece: every piece beside it;
// - a folder of weight files: its index, or its only file;
// - a Diffusers folder (with model_index.json, or with transformer/ in it): transformer/,
//   text_encoder/ and vae/, as far as they are there, under the prefixes of an all-in-one file.
// Throws Error(kFile) for a missing piece, for two pieces with the same tensor, for an index that
// names files elsewhere, and for a folder without a model.
std::shared_ptr<const weights::WeightFile> open_split_model(const std::filesystem::path& path);

}  // namespace zanime::checkpoints
