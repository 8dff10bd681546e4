#include "weights/foreign_file.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <string_view>

#include "base/text/letter_case.h"
#include "base/text/quote.h"

namespace zanime::weights {
namespace {

using std::string_view_literals::operator""sv;

struct Magic {
  size_t offset;
  std::string_view bytes;
  const char* sentence;
};

constexpr const char* kArchive =
    "is an archive, not a model: unpack it and use the .safetensors file inside";
constexpr const char* kPicture = "is a picture, not a model: download the .safetensors file";
constexpr const char* kPickle =
    "is a PyTorch pickle (.ckpt, .pt, .pth, .bin), which can run code and is not loaded: use the "
    "model's .safetensors file, or make one of it where PyTorch is, with "
    "safetensors.torch.save_file(torch.load(FILE, weights_only=True), NEW)";

constexpr std::array kMagics = {
    Magic{0, "GGUF"sv, "is a GGUF file, where a safetensors file is needed"},
    Magic{0, "tjgg"sv, "is a GGML file: use the model's .safetensors file instead"},
    Magic{0, "lmgg"sv, "is a GGML file: use the model's .safetensors file instead"},
    Magic{0, "\x89PNG\r\n"sv, kPicture},
    Magic{0, "\xff\xd8\xff"sv, kPicture},
    Magic{0, "GIF8"sv, kPicture},
    Magic{8, "WEBP"sv, kPicture},
    Magic{0, "\x1f\x8b\x08"sv, kArchive},
    Magic{0, "7z\xbc\xaf\x27\x1c"sv, kArchive},
    Magic{0, "Rar!\x1a\x07"sv, kArchive},
    Magic{0,
          "\xfd"
          "7zXZ\0"sv,
          kArchive},
    Magic{0, "\x28\xb5\x2f\xfd"sv, kArchive},
    Magic{0, "BZh"sv, kArchive},
    Magic{257, "ustar"sv, kArchive},
    Magic{0, "\x89HDF\r\n"sv, "is an HDF5 file (Keras): use the model's .safetensors file"},
    Magic{0, "\x93NUMPY"sv, "is a NumPy array, not a model: use the .safetensors file"},
    Magic{4, "TFL3"sv, "is a TensorFlow Lite model: use the model's .safetensors file"},
    Magic{0,
          "\x7f"
          "ELF"sv,
          "is a program, not a model"},
    Magic{0, "MZ"sv, "is a Windows program, not a model"},
    Magic{0, "%PDF"sv, "is a PDF document, not a model"},
    Magic{0, "SQLite format 3"sv, "is a database, not a model"},
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The value behind `key` in a Git LFS pointer's lines.
std::string_view pointer_field(std::string_view text, std::string_view key) {
  const size_t start = text.find(key);
  if (start == std::string_view::npos) return {};
  const std::string_view rest = text.substr(start + key.size());
  return rest.substr(0, rest.find_first_of("\r\n"));
}

std::string describe_lfs_pointer(std::string_view text) {
  const std::string_view size = pointer_field(text, "\nsize ");
  const bool digits =
      !size.empty() && size.size() < 20 &&
      std::all_of(size.begin(), size.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  return "is a Git LFS pointer, not the model itself" +
         (digits ? " (which has " + std::string(size) + " bytes)" : std::string()) +
         ": run `git lfs pull`, or download the file from its web page";
}

std::string describe_json(std::string_view head) {
  if (contains(head, "\"weight_map\"")) {
    return "is the index of a model that is split into several files: name it ….index.json, as it "
           "was, and keep the files beside it";
  }
  if (contains(head, "\"error\"")) {
    return "is a server's error message, not a model: " + text::quote(head, 200) +
           "; download it again (the site may want you to log in)";
  }
  if (contains(head, "\"class_type\"")) {
    return "is a workflow, not a model: run it with `zanime run`";
  }
  return "is a JSON text (a configuration), not a model: use the .safetensors file beside it";
}

bool is_text(std::string_view head) {
  return std::all_of(head.begin(), head.end(), [](unsigned char c) {
    return c >= 0x20 || c == '\n' || c == '\r' || c == '\t';
  });
}

}  // namespace

std::string describe_foreign_file(std::span<const std::byte> file) {
  const std::string_view whole(reinterpret_cast<const char*>(file.data()), file.size());
  const std::string_view head = whole.substr(0, 4096);

  if (head.substr(0, 64).find_first_not_of('\0') == std::string_view::npos) {
    const bool all = head.find_first_not_of('\0') == std::string_view::npos;
    if (all) {
      return "holds only zeros where the model should begin: its space was reserved, but the "
             "download did not fill it; download it again";
    }
  }
  if (head.starts_with("version https://git-lfs") || head.starts_with("version https://hawser")) {
    return describe_lfs_pointer(head);
  }
  for (const Magic& magic : kMagics) {
    if (head.size() >= magic.offset && head.substr(magic.offset).starts_with(magic.bytes)) {
      return magic.sentence;
    }
  }
  if (head.starts_with("PK\x03\x04"sv) || head.starts_with("PK\x05\x06"sv)) {
    return contains(whole.substr(0, 65536), "data.pkl") ? kPickle : kArchive;
  }
  // A pickle starts with PROTO n; torch.save's old form with the magic number inside one.
  if (head.size() > 2 && head[0] == '\x80' && head[1] >= 1 && head[1] <= 5) return kPickle;
  // An ONNX model is a protocol buffer whose first field is the version (1 to about 12).
  if (head.size() > 4 && head[0] == '\x08' && head[1] > 0 && head[1] < 32 &&
      (head[2] == '\x12' || contains(head, "onnx"))) {
    return "is an ONNX model: use the model's .safetensors file";
  }

  std::string_view text = head;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  const std::string start = text::lower_case(std::string(text.substr(0, 512)));
  if (start.starts_with("<!doctype html") || start.starts_with("<html") ||
      start.starts_with("<head") || (start.starts_with("<") && contains(start, "<html"))) {
    return "is a web page, not a model: the site may want you to log in or to accept a licence; "
           "use the page's download button and download it again";
  }
  if (start.starts_with("<?xml") || start.starts_with("<error")) {
    return "is an XML text (often a server's error message), not a model: download it again";
  }
  if (!text.empty() && (text[0] == '{' || text[0] == '[') && is_text(text)) {
    return describe_json(text);
  }
  if (!text.empty() && is_text(head)) {
    return "is a text, not a model; it begins with " + text::quote(text, 80) +
           ": download it again";
  }
  return {};
}

std::string download_hint(const std::filesystem::path& path) {
  const std::string extension = text::lower_case(path.extension().string());
  for (const char* partial : {".part", ".partial", ".crdownload", ".incomplete", ".download",
                              ".tmp", ".aria2", ".!qb", ".opdownload"}) {
    if (extension == partial) {
      return " Its name says that the download has not finished: wait for it or start it again.";
    }
  }
  for (const char* companion : {".aria2", ".part", ".crdownload", ".incomplete"}) {
    std::filesystem::path beside = path;
    beside += companion;
    std::error_code ignored;
    if (std::filesystem::exists(beside, ignored)) {
      return " " + beside.filename().string() +
             " beside it says that the download has not finished: wait for it or start it again.";
    }
  }
  return {};
}

}  // namespace zanime::weights
