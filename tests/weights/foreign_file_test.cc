#include "weights/foreign_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/expect_error.h"
#include "tests/support/safetensors_bytes.h"
#include "tests/support/scratch_folder.h"
#include "weights/safetensors.h"

namespace zanime::weights {
namespace {

using testing::expect_error;
using testing::ScratchFolder;

struct Foreign {
  const char* name;
  std::string bytes;
  const char* message;
};

TEST(ForeignFile, IsNamedByWhatItIs) {
  const std::string rest(600, '\x42');
  const std::string zeros(600, '\0');
  std::string tar(600, '\x41');
  tar.replace(257, 5, "ustar");
  const std::vector<Foreign> files = {
      {"HTML", "<!DOCTYPE html>\n<html><head>", "is a web page"},
      {"HTML after spaces", "\n\n  <html lang=en>", "is a web page"},
      {"HTML with a comment", "<!-- x -->\n<HTML>", "is a web page"},
      {"XML error", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "XML text"},
      {"Git LFS pointer",
       "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 6154908736\n",
       "Git LFS pointer, not the model itself (which has 6154908736 bytes): run `git lfs pull`"},
      {"zip with a pickle", "PK\x03\x04" + zeros + "archive/data.pkl" + rest, "PyTorch pickle"},
      {"plain zip", "PK\x03\x04" + rest, "is an archive"},
      {"old pickle", "\x80\x02}q" + zeros, "PyTorch pickle"},
      {"pickle 4", "\x80\x04\x95" + rest, "PyTorch pickle"},
      {"GGUF", "GGUF\x03" + zeros, "is a GGUF file"},
      {"ONNX", "\x08\x07\x12\x07pytorch" + rest, "ONNX"},
      {"PNG", "\x89PNG\r\n\x1a\n" + rest, "is a picture"},
      {"JPEG", "\xff\xd8\xff\xe0" + rest, "is a picture"},
      {"WebP", "RIFF\x01\x02\x03\x04WEBP" + rest, "is a picture"},
      {"gzip", std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10) + rest, "is an archive"},
      {"7z", "7z\xbc\xaf\x27\x1c" + rest, "is an archive"},
      {"RAR", "Rar!\x1a\x07\x01" + rest, "is an archive"},
      {"xz",
       std::string("\xfd"
                   "7zXZ\0",
                   6) +
           rest,
       "is an archive"},
      {"tar", tar, "is an archive"},
      {"NumPy", "\x93NUMPY\x01" + rest, "NumPy"},
      {"HDF5", "\x89HDF\r\n\x1a\n" + rest, "HDF5"},
      {"index", R"({"metadata":{},"weight_map":{"a":"model-00001-of-00002.safetensors"}})",
       "split into several files"},
      {"workflow", R"({"1":{"class_type":"KSampler","inputs":{}}})", "zanime run"},
      {"server error", R"({"error":"Access to model is restricted"})", "server's error message"},
      {"configuration", "{\n  \"hidden_size\": 2560\n}", "is a JSON text"},
      {"text", "Entry not found", "it begins with 'Entry not found'"},
      {"only zeros", std::string(5000, '\0'), "holds only zeros"},
      {"noise", "\xc3\x17\x99\x01\xd4\x55\xe0\x7a" + rest, "is not a safetensors file"},
  };
  const ScratchFolder folder;
  for (const Foreign& file : files) {
    SCOPED_TRACE(file.name);
    const auto path = folder.write("model.safetensors", file.bytes);
    expect_error(ErrorKind::kFile, file.message, [&] { open_safetensors(path); });
  }
}

TEST(ForeignFile, TruncationMentionsARunningDownload) {
  const ScratchFolder folder;
  const std::string cut =
      testing::safetensors_bytes(R"({"a":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}})", 8);
  expect_error(ErrorKind::kFile, "Its name says that the download has not finished",
               [&] { open_safetensors(folder.write("model.safetensors.part", cut)); });
  const auto path = folder.write("model.safetensors", cut);
  folder.write("model.safetensors.aria2", "");
  expect_error(ErrorKind::kFile, "model.safetensors.aria2 beside it",
               [&] { open_safetensors(path); });
}

TEST(MappedFile, SaysWhyAPathCannotBeRead) {
  const ScratchFolder folder;
  const auto open = [](const std::filesystem::path& path) {
    return [path] { files::MappedFile::open(path); };
  };
  expect_error(ErrorKind::kFile, "file not found", open(folder / "none"));
  expect_error(ErrorKind::kFile, "no file name", open(""));
  expect_error(ErrorKind::kFile, "is a folder", open(folder.path()));
  expect_error(ErrorKind::kFile, "is empty", open(folder.write("empty", "")));
  expect_error(ErrorKind::kFile, "is a device or pipe", open("/dev/null"));
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  expect_error(ErrorKind::kFile, "is a device or pipe", open(folder / "pipe"));
  std::filesystem::create_symlink("gone.safetensors", folder / "link");
  expect_error(ErrorKind::kFile, "is a link to gone.safetensors", open(folder / "link"));
}

}  // namespace
}  // namespace zanime::weights
