#include "checkpoints/split_model.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files/mapped_file.h"
#include "base/text/near_matches.h"
#include "base/text/quote.h"
#include "weights/open_weight_file.h"

namespace zanime::checkpoints {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kIndex = ".index.json";
// An index has about a hundred bytes a tensor.
constexpr uint64_t kLargestIndex = 64 << 20;
constexpr int kMostPieces = 1000;

[[noreturn]] void refuse(const fs::path& path, const std::string& message) {
  throw Error(ErrorKind::kFile, path.string() + ": " + message);
}

// "model-00001-of-00003.safetensors": what stands before and behind the piece's number, and how
// many pieces there are.
struct PieceName {
  std::string before, behind;
  int digits = 0;
  int count = 0;

  std::string piece(int number) const {
    const std::string text = std::to_string(number);
    return before + std::string(static_cast<size_t>(digits) - text.size(), '0') + text + behind;
  }
};

std::optional<PieceName> parse_piece_name(const std::string& name) {
  constexpr std::string_view kOf = "-of-";
  const size_t of = name.rfind(kOf);
  if (of == std::string::npos) return std::nullopt;
  size_t first = of, end = of + kOf.size();
  while (first > 0 && std::isdigit(static_cast<unsigned char>(name[first - 1])) != 0) --first;
  while (end < name.size() && std::isdigit(static_cast<unsigned char>(name[end])) != 0) ++end;
  const size_t digits = of - first;
  if (digits < 1 || digits > 9 || end - of - kOf.size() != digits) return std::nullopt;
  PieceName result{name.substr(0, first), name.substr(of), static_cast<int>(digits), 0};
  std::from_chars(name.data() + of + kOf.size(), name.data() + end, result.count);
  if (result.count < 1 || result.count > kMostPieces) return std::nullopt;
  return result;
}

// One weight file after another, as one. `prefixes` go in front of the names of each.
std::shared_ptr<const weights::WeightFile> join(
    const fs::path& path, std::vector<std::shared_ptr<const weights::WeightFile>> files,
    const std::vector<std::string>& prefixes) {
  weights::WeightFile::Tensors tensors;
  weights::WeightFile::Metadata metadata;
  uint64_t size = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    for (const auto& [name, entry] : files[i]->tensors()) {
      if (!tensors.emplace(prefixes[i] + name, entry).second) {
        refuse(path, "its pieces have the tensor " + text::quote(prefixes[i] + name) +
                         " twice; the model is damaged");
      }
    }
    metadata.insert(files[i]->metadata().begin(), files[i]->metadata().end());
    size += files[i]->file_size();
  }
  auto storage =
      std::make_shared<std::vector<std::shared_ptr<const weights::WeightFile>>>(std::move(files));
  return std::make_shared<const weights::WeightFile>(path, std::move(tensors), std::move(metadata),
                                                     size, std::move(storage));
}

std::shared_ptr<const weights::WeightFile> open_pieces(const fs::path& path,
                                                       const std::vector<std::string>& names) {
  const fs::path folder = path.parent_path();
  std::vector<std::string> missing;
  for (const std::string& name : names) {
    std::error_code ignored;
    if (!fs::exists(folder / name, ignored)) missing.push_back(name);
  }
  if (!missing.empty()) {
    refuse(path, "is one of " + std::to_string(names.size()) +
                     " pieces of a model, and these are not beside it: " +
                     text::list_some(missing) + "; download them into the same folder");
  }
  std::vector<std::shared_ptr<const weights::WeightFile>> files;
  for (const std::string& name : names) files.push_back(weights::open_weight_file(folder / name));
  return join(path, std::move(files), std::vector<std::string>(names.size()));
}

std::vector<std::string> pieces_of_index(const fs::path& path) {
  const auto mapping = files::MappedFile::open(path);
  if (mapping->size() > kLargestIndex) {
    refuse(path, "has " + text::byte_count(mapping->size()) + ", too many for an index of pieces");
  }
  const auto* text = reinterpret_cast<const char*>(mapping->data());
  const nlohmann::json index =
      nlohmann::json::parse(text, text + mapping->size(), nullptr, /*allow_exceptions=*/false);
  const auto map = index.is_object() ? index.find("weight_map") : index.end();
  if (map == index.end() || !map->is_object() || map->empty()) {
    refuse(path, "is no index of a model's pieces: it has no weight_map; get it again");
  }
  std::set<std::string> names;
  for (const auto& [tensor, file] : map->items()) {
    const std::string name = file.is_string() ? file.get<std::string>() : "";
    if (name.empty() || fs::path(name).filename() != name || name == "." || name == "..") {
      refuse(path, "says that tensor " + text::quote(tensor) + " is in " + text::quote(name) +
                       ", which is no name of a file beside it");
    }
    names.insert(name);
  }
  if (names.size() > kMostPieces) refuse(path, "names " + std::to_string(names.size()) + " pieces");
  return {names.begin(), names.end()};
}

bool is_weight_file(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension == ".safetensors" || extension == ".sft" || extension == ".gguf";
}

// The model of a folder: its index, the pieces of one model, or its only file.
std::shared_ptr<const weights::WeightFile> open_folder(const fs::path& folder) {
  std::vector<fs::path> indices, files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with(".")) continue;
    if (name.ends_with(kIndex)) indices.push_back(at->path());
    if (is_weight_file(at->path())) files.push_back(at->path());
  }
  if (error) refuse(folder, "cannot be read: " + error.message());
  std::sort(files.begin(), files.end());
  if (files.size() == 1 && !is_split_model(files[0])) return weights::open_weight_file(files[0]);
  if (indices.size() == 1) return open_split_model(indices[0]);
  if (files.empty()) {
    refuse(folder,
           "is a folder without a model file (.safetensors, .gguf); name one that holds a "
           "model, or a Diffusers folder with transformer/ in it");
  }
  const auto piece = parse_piece_name(files[0].filename().string());
  if (piece && static_cast<size_t>(piece->count) == files.size()) {
    return open_split_model(files[0]);
  }
  std::vector<std::string> names;
  for (const fs::path& file : files) names.push_back(file.filename().string());
  refuse(folder, "holds several models: " + text::list_some(names) + "; name one of them");
}

struct Part {
  const char* folder;
  const char* prefix;
};
constexpr std::array kDiffusersParts = {
    Part{"transformer", "model.diffusion_model."},
    Part{"text_encoder", "text_encoders.qwen3_4b.transformer."},
    Part{"vae", "vae."},
};

std::shared_ptr<const weights::WeightFile> open_diffusers_folder(const fs::path& path) {
  std::vector<std::shared_ptr<const weights::WeightFile>> files;
  std::vector<std::string> prefixes;
  for (const Part& part : kDiffusersParts) {
    std::error_code ignored;
    if (!fs::is_directory(path / part.folder, ignored)) continue;
    files.push_back(open_folder(path / part.folder));
    prefixes.emplace_back(part.prefix);
  }
  if (files.empty()) {
    refuse(path,
           "is a Diffusers folder without transformer/, text_encoder/ and vae/; download the "
           "model again");
  }
  return join(path, std::move(files), prefixes);
}

}  // namespace

bool is_diffusers_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path / "model_index.json", ignored) ||
         fs::is_directory(path / kDiffusersParts[0].folder, ignored);
}

bool is_later_piece(const fs::path& path) {
  const std::string name = path.filename().string();
  const std::optional<PieceName> piece = parse_piece_name(name);
  return piece && is_weight_file(path) && name != piece->piece(1);
}

bool is_model_folder(const fs::path& path) {
  if (is_diffusers_folder(path)) return true;
  std::error_code error;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename().string().ends_with(kIndex)) return true;
  }
  return false;
}

bool is_split_model(const fs::path& path) {
  std::error_code ignored;
  const std::string name = path.filename().string();
  return name.ends_with(kIndex) || fs::is_directory(path, ignored) ||
         (is_weight_file(path) && parse_piece_name(name));
}

std::shared_ptr<const weights::WeightFile> open_split_model(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    return is_diffusers_folder(path) ? open_diffusers_folder(path) : open_folder(path);
  }
  const std::string name = path.filename().string();
  if (name.ends_with(kIndex)) return open_pieces(path, pieces_of_index(path));
  const std::optional<PieceName> piece = parse_piece_name(name);
  if (!piece) return weights::open_weight_file(path);
  std::vector<std::string> names;
  for (int number = 1; number <= piece->count; ++number) names.push_back(piece->piece(number));
  return open_pieces(path, names);
}

}  // namespace zanime::checkpoints
