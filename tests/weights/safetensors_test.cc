#include "weights/safetensors.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/safetensors_bytes.h"
#include "tests/support/scratch_folder.h"
#include "weights/safetensors_writer.h"

namespace zanime::weights {
namespace {

using testing::expect_contains;
using testing::expect_error;
using testing::length_prefix;
using testing::safetensors_bytes;
using testing::ScratchFolder;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Safetensors, ReadsBackWhatItWrote) {
  const ScratchFolder folder;
  const auto path = folder / "a.safetensors";
  write_safetensors(path,
                    {{"matrix", Tensor::from({2, 3}, {1, 2, 3, 4, 5, 6})},
                     {"empty", Tensor::zeros({0, 4})},
                     {"scalar", Tensor::from({}, {7.5f})}},
                    {{"author", "someone \"quoted\" é"}});
  const auto file = open_safetensors(path);
  EXPECT_EQ(file->tensors().size(), 3u);
  EXPECT_EQ(file->metadata().at("author"), "someone \"quoted\" é");
  const Tensor matrix = file->read_float32("matrix");
  EXPECT_EQ(matrix.shape(), (Shape{2, 3}));
  EXPECT_EQ(matrix.data()[5], 6.0f);
  EXPECT_EQ(file->read_float32("scalar").data()[0], 7.5f);
  EXPECT_EQ(file->get("empty").shape, (Shape{0, 4}));
  EXPECT_EQ(file->get("empty").bytes, 0u);
  EXPECT_EQ(file->find("nothing"), nullptr);
  EXPECT_EQ(folder.file_count(), 1u) << "a temporary file was left";
}

TEST(Safetensors, AlignsDataAndPutsLargeElementsFirst) {
  const std::vector<std::byte> bytes(64);
  const auto take = [&](size_t count) { return std::span(bytes).first(count); };
  const ScratchFolder folder;
  const auto path = folder / "a.safetensors";
  write_safetensors(path, {{{"f8", DType::kF8E4M3, {3}}, take(3)},
                           {{"f32", DType::kF32, {2}}, take(8)},
                           {{"i64", DType::kI64, {1}}, take(8)},
                           {{"f16", DType::kF16, {1}}, take(2)}});
  const auto file = open_safetensors(path);
  for (const auto& [name, entry] : file->tensors()) {
    const auto address = reinterpret_cast<uintptr_t>(entry.data);
    EXPECT_EQ(address % static_cast<uintptr_t>(dtype_size(entry.dtype)), 0u) << name;
  }
  EXPECT_EQ(reinterpret_cast<uintptr_t>(file->get("i64").data) % 64, 0u);
}

TEST(Safetensors, ConvertsEveryType) {
  std::string json = "{";
  std::string data;
  const auto add = [&](const char* name, const char* dtype, const std::string& bytes) {
    json += (json.size() > 1 ? "," : "") + std::string("\"") + name + R"(":{"dtype":")" + dtype +
            R"(","shape":[1],"data_offsets":[)" + std::to_string(data.size()) + "," +
            std::to_string(data.size() + bytes.size()) + "]}";
    data += bytes;
  };
  add("f64", "F64", std::string("\0\0\0\0\0\0\x04\xc0", 8));
  add("i64", "I64", std::string("\xfe\xff\xff\xff\xff\xff\xff\xff", 8));
  add("f32", "F32", std::string("\0\0\xc0\x3f", 4));
  add("i32", "I32", std::string("\xfd\xff\xff\xff", 4));
  add("f16", "F16", std::string("\0\x42", 2));
  add("bf16", "BF16", std::string("\xc0\x3f", 2));
  add("i16", "I16", std::string("\xff\x7f", 2));
  add("e4m3", "F8_E4M3", std::string("\x7e", 1));
  add("e5m2", "F8_E5M2", std::string("\xc2", 1));
  add("i8", "I8", std::string("\x80", 1));
  add("u8", "U8", std::string("\x80", 1));
  add("bool", "BOOL", std::string("\x01", 1));
  const std::string bytes = safetensors_bytes(json + "}") + data;
  const auto file = parse_safetensors("test", std::as_bytes(std::span(bytes)));
  const std::map<std::string, float> expected = {
      {"f64", -2.5f}, {"i64", -2},   {"f32", 1.5f}, {"i32", -3},  {"f16", 3.0f}, {"bf16", 1.5f},
      {"i16", 32767}, {"e4m3", 448}, {"e5m2", -3},  {"i8", -128}, {"u8", 128},   {"bool", 1}};
  for (const auto& [name, value] : expected) {
    EXPECT_EQ(file->read_float32(name).data()[0], value) << name;
  }
}

TEST(Safetensors, NamesWhatAFileHasWhenATensorIsMissing) {
  const std::string bytes =
      safetensors_bytes(R"({"noise":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1);
  const auto file = parse_safetensors("test", std::as_bytes(std::span(bytes)));
  expect_error(ErrorKind::kFile, "has no tensor 'latent'; it has 'noise'",
               [&] { file->read_float32("latent"); });
}

TEST(Safetensors, SkipsFieldsBeyondTheFormat) {
  const std::string bytes = safetensors_bytes(
      R"({"a":{"extra":{"x":[1,{"y":-2.5}]},"dtype":"U8","more":null,"shape":[1],)"
      R"("data_offsets":[0,1],"list":[[],{}]}})",
      1);
  const auto file = parse_safetensors("test", std::as_bytes(std::span(bytes)));
  EXPECT_EQ(file->get("a").shape, (Shape{1}));
}

TEST(Safetensors, AFileOfMetadataAloneIsValid) {
  const std::string bytes = safetensors_bytes(R"({"__metadata__":{"a":"b"}})");
  EXPECT_TRUE(parse_safetensors("test", std::as_bytes(std::span(bytes)))->tensors().empty());
}

struct Malformed {
  const char* name;
  std::string bytes;
  const char* message;
};

// One tensor 'a' of these fields, and `data` bytes.
std::string one(const std::string& fields, size_t data) {
  return safetensors_bytes(R"({"a":{)" + fields + "}}", data);
}

std::vector<Malformed> malformed_files() {
  const std::string fine = R"("dtype":"F32","shape":[2],"data_offsets":[0,8])";
  const auto pair = [](const std::string& first, const std::string& second) {
    return R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + first +
           R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}";
  };
  std::vector<Malformed> files = {
      {"seven bytes", std::string("\x01\x02\x03\x04\x05\x06\x07"), "has only 7 bytes"},
      {"length alone", length_prefix(16), "is not a safetensors file"},
      {"header over the limit", length_prefix(uint64_t{1} << 40) + "{}", "100 MB is the limit"},
      {"header of 2^64 - 1", length_prefix(~uint64_t{0}) + "{\"\x01", "100 MB is the limit"},
      {"header cut off", length_prefix(1000) + R"({"a":{"dtype")", "is cut off inside its header"},
      {"no brace", length_prefix(8) + "\x01\x02\x03\x04\x05\x06\x07\x08", "does not begin with"},
      {"header of zero bytes", length_prefix(0) + "{}\x01\x02", "does not begin with"},
      {"not JSON", safetensors_bytes("{nonsense}"), "not valid JSON"},
      {"unclosed JSON", safetensors_bytes(R"({"a":{)"), "not valid JSON"},
      {"two documents", safetensors_bytes("{}{}"), "not valid JSON"},
      {"NUL padding", length_prefix(3) + std::string("{}\0", 3), "not valid JSON"},
      {"invalid UTF-8", safetensors_bytes("{\"\xff\xfe\":{}}"), "not valid JSON"},
      {"trailing comma", one(fine + ",", 8), "not valid JSON"},
      {"tensor is a number", safetensors_bytes(R"({"a":1})"), "by 1 instead of an object"},
      {"tensor is an array", safetensors_bytes(R"({"a":[]})"), "by an array instead"},
      {"tensor is a string", safetensors_bytes(R"({"a":"b"})"), "by 'b' instead"},
      {"tensor is null", safetensors_bytes(R"({"a":null})"), "by null instead"},
      {"metadata is a list", safetensors_bytes(R"({"__metadata__":[]})"), "metadata is an array"},
      {"metadata of numbers", safetensors_bytes(R"({"__metadata__":{"a":1}})"),
       "instead of a string"},
      {"metadata of objects", safetensors_bytes(R"({"__metadata__":{"a":{}}})"),
       "instead of a string"},
      {"metadata key twice", safetensors_bytes(R"({"__metadata__":{"a":"1","a":"2"}})"),
       "has the key 'a' twice"},
      {"metadata twice", safetensors_bytes(R"({"__metadata__":{},"__metadata__":{}})"),
       "names '__metadata__' twice"},
      {"tensor twice",
       safetensors_bytes(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                         R"("a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                         2),
       "names 'a' twice"},
      {"field twice", one(fine + R"(,"shape":[2])", 8), "has the field 'shape' twice"},
      {"no dtype", one(R"("shape":[2],"data_offsets":[0,8])", 8), "has no dtype"},
      {"no shape", one(R"("dtype":"F32","data_offsets":[0,8])", 8), "has no shape"},
      {"no offsets", one(R"("dtype":"F32","shape":[2])", 8), "has no pair of data_offsets"},
      {"one offset", one(R"("dtype":"F32","shape":[2],"data_offsets":[0])", 8), "has no pair"},
      {"three offsets", one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8,9])", 8),
       "more than two"},
      {"empty entry", one("", 0), "has no dtype"},
      {"unknown type", one(R"("dtype":"F33","shape":[2],"data_offsets":[0,8])", 8),
       "unknown type 'F33'"},
      {"lower-case type", one(R"("dtype":"f32","shape":[2],"data_offsets":[0,8])", 8),
       "unknown type 'f32'"},
      {"four bits", one(R"("dtype":"F4","shape":[8],"data_offsets":[0,4])", 8),
       "F4, which is not supported"},
      {"type is a number", one(R"("dtype":1,"shape":[2],"data_offsets":[0,8])", 8),
       "has 1 as its dtype"},
      {"shape is a number", one(R"("dtype":"F32","shape":2,"data_offsets":[0,8])", 8),
       "has 2 as its shape"},
      {"shape of strings", one(R"("dtype":"F32","shape":["2"],"data_offsets":[0,8])", 8),
       "has '2' as an extent"},
      {"shape of arrays", one(R"("dtype":"F32","shape":[[2]],"data_offsets":[0,8])", 8),
       "has an array as an extent"},
      {"negative extent", one(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])", 8),
       "negative extent -2"},
      {"two negative extents", one(R"("dtype":"F32","shape":[-2,-1],"data_offsets":[0,8])", 8),
       "negative extent -2"},
      {"fractional extent", one(R"("dtype":"F32","shape":[2.0],"data_offsets":[0,8])", 8),
       "'2.0', which is no whole number"},
      {"exponent", one(R"("dtype":"F32","shape":[2e0],"data_offsets":[0,8])", 8),
       "no whole number"},
      {"extent of 2^63",
       one(R"("dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8])", 8), "too large"},
      {"extent of 30 digits",
       one(R"("dtype":"F32","shape":[100000000000000000000000000000],"data_offsets":[0,8])", 8),
       "too large"},
      {"overflowing product",
       one(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8])", 8),
       "overflows"},
      {"overflow to zero",
       one(R"("dtype":"F32","shape":[9223372036854775807,0,4],"data_offsets":[0,0])", 0),
       "overflows"},
      {"overflowing bytes",
       one(R"("dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,8])", 8), "overflows"},
      {"too few bytes", one(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])", 8),
       "has 8 bytes, but shape [3] of F32 needs 12"},
      {"too many bytes", one(R"("dtype":"F32","shape":[1],"data_offsets":[0,8])", 8), "needs 4"},
      {"negative offset", one(R"("dtype":"F32","shape":[2],"data_offsets":[-8,0])", 8),
       "negative data offset"},
      {"fractional offset", one(R"("dtype":"F32","shape":[2],"data_offsets":[0.5,8])", 8),
       "no whole number"},
      {"reversed offsets", one(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])", 8), "reversed"},
      {"offsets beyond 2^63",
       one(R"("dtype":"U8","shape":[1],"data_offsets":[18446744073709551614,)"
           "18446744073709551615]",
           8),
       "beyond any possible file"},
      {"data cut off", one(fine, 5), "is cut off: "},
      {"no data at all", one(fine, 0), "bytes were expected"},
      {"data too long", one(fine, 9), "1 byte behind the last tensor"},
      {"overlap", safetensors_bytes(pair("[0,4]", "[2,6]"), 6), "'a' and 'b' overlap"},
      {"same range", safetensors_bytes(pair("[0,4]", "[0,4]"), 4), "'a' and 'b' overlap"},
      {"hole", safetensors_bytes(pair("[0,4]", "[6,10]"), 10), "2 bytes before the data of"},
      {"hole at the start", safetensors_bytes(pair("[1,5]", "[5,9]"), 9), "1 bytes before"},
      {"nested bomb", safetensors_bytes(R"({"a":{"x":)" + std::string(100000, '[')),
       "nests deeper"},
      {"nested objects",
       [] {
         std::string json = R"({"a":{"x":)";
         for (int i = 0; i < 50000; ++i) json += R"({"x":)";
         return safetensors_bytes(json);
       }(),
       "nests deeper"},
      {"many dimensions",
       one(R"("dtype":"U8","shape":[1)" +
               [] {
                 std::string ones;
                 for (int i = 0; i < 100; ++i) ones += ",1";
                 return ones;
               }() +
               R"(],"data_offsets":[0,1])",
           1),
       "more than 64 dimensions"},
  };
  return files;
}

TEST(Safetensors, RefusesMalformedFilesByWhatIsWrong) {
  const ScratchFolder folder;
  const std::vector<Malformed> files = malformed_files();
  EXPECT_GE(files.size(), 40u);
  for (const Malformed& file : files) {
    SCOPED_TRACE(file.name);
    const auto path = folder.write("model.safetensors", file.bytes);
    const Error error = expect_error([&] { open_safetensors(path); });
    EXPECT_EQ(error.kind(), ErrorKind::kFile);
    expect_contains(error.what(), file.message);
    expect_contains(error.what(), path.string());
    EXPECT_LT(std::string(error.what()).size(), 600u);
  }
}

TEST(Safetensors, EveryTruncationIsAnError) {
  const ScratchFolder folder;
  const auto path = folder / "whole.safetensors";
  write_safetensors(path, {{"a", Tensor::zeros({3})}, {"b", Tensor::zeros({2, 2})}});
  const std::string whole = read_file(path);
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);
    EXPECT_THROW(parse_safetensors("cut", std::as_bytes(std::span(cut))), Error) << size;
  }
}

TEST(Safetensors, ControlCharactersOfAFileDoNotReachTheTerminal) {
  const std::string bytes = safetensors_bytes(R"({"a\u001b[31m\n":1})");
  const Error error =
      expect_error([&] { parse_safetensors("x", std::as_bytes(std::span(bytes))); });
  expect_contains(error.what(), "'a\\x1b[31m\\x0a'");
}

TEST(SafetensorsWriter, RefusesDuplicateAndReservedNames) {
  EXPECT_THROW(plan_safetensors({{"a", DType::kF32, {1}}, {"a", DType::kF32, {1}}}), Error);
  EXPECT_THROW(plan_safetensors({{"__metadata__", DType::kF32, {1}}}), Error);
}

TEST(SafetensorsWriter, AFailedWriteLeavesTheOldFile) {
  const ScratchFolder folder;
  const auto path = folder.write("old.safetensors", "old");
  const std::vector<std::byte> too_short(3);
  EXPECT_THROW(write_safetensors(path, {{{"a", DType::kF32, {1}}, too_short}}), Error);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(folder.file_count(), 1u);
}

TEST(SafetensorsWriter, SaysWhichFolderIsMissing) {
  const ScratchFolder folder;
  expect_error(ErrorKind::kFile, "does not exist; create it first", [&] {
    write_safetensors(folder / "none/a.safetensors", {{"a", Tensor::zeros({1})}});
  });
  expect_error(ErrorKind::kFile, "is a folder", [&] {
    write_safetensors(folder.path(), {{"a", Tensor::zeros({1})}});
  });
}

// The format aligns nothing: other programs write tensors one behind the other.
TEST(Safetensors, TensorsMayBeginAtAnyByte) {
  std::string bytes =
      safetensors_bytes(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                        R"("b":{"dtype":"F32","shape":[2],"data_offsets":[1,9]},)"
                        R"("c":{"dtype":"BF16","shape":[1],"data_offsets":[9,11]}})",
                        11);
  const float values[] = {1.5f, -3.25f};
  std::memcpy(bytes.data() + bytes.size() - 10, values, sizeof values);
  bytes[bytes.size() - 2] = 0;
  bytes[bytes.size() - 1] = 0x40;  // 2 in BF16
  const ScratchFolder folder;
  const auto file = open_safetensors(folder.write("a.safetensors", bytes));
  EXPECT_EQ(file->read_float32("b").values()[0], 1.5f);
  EXPECT_EQ(file->read_float32("b").values()[1], -3.25f);
  EXPECT_EQ(file->read_float32("c").values()[0], 2.0f);
}

}  // namespace
}  // namespace zanime::weights
