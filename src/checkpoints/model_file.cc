#include "checkpoints/model_file.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text/quote.h"
#include "checkpoints/gguf_names.h"
#include "checkpoints/split_model.h"
#include "weights/open_weight_file.h"

namespace zanime::checkpoints {
namespace {

// GGUF says what it holds; a file that does not is taken at its tensors' names.
bool may_be_qwen3(const weights::WeightFile& file) {
  const auto architecture = file.metadata().find("general.architecture");
  return architecture == file.metadata().end() || architecture->second == "qwen3";
}

}  // namespace

std::shared_ptr<const weights::WeightFile> with_known_names(
    std::shared_ptr<const weights::WeightFile> file) {
  const auto is_renamed = [](const auto& item) {
    return qwen3_name_from_llama_cpp(item.first) != item.first;
  };
  const auto& stored = file->tensors();
  if (!may_be_qwen3(*file) || std::none_of(stored.begin(), stored.end(), is_renamed)) return file;
  weights::WeightFile::Tensors tensors;
  for (const auto& [name, entry] : stored) {
    if (!tensors.emplace(qwen3_name_from_llama_cpp(name), entry).second) {
      throw Error(ErrorKind::kFile, file->path().string() + ": has tensor " + text::quote(name) +
                                        " twice, under two names; the file is damaged");
    }
  }
  return std::make_shared<const weights::WeightFile>(
      file->path(), std::move(tensors), file->metadata(), file->file_size(), file->storage());
}

std::shared_ptr<const weights::WeightFile> open_model_file(const std::filesystem::path& path) {
  return with_known_names(is_split_model(path) ? open_split_model(path)
                                               : weights::open_weight_file(path));
}

}  // namespace zanime::checkpoints
