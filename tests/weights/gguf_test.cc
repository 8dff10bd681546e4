#include "weights/gguf.h"

#include <algorithm>
#include <functional>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/gguf_bytes.h"
#include "tests/support/golden.h"
#include "tests/support/scratch_folder.h"
#include "weights/open_weight_file.h"
#include "weights/safetensors.h"

namespace zanime::weights {
namespace {

using testing::expect_error;
using testing::GgufBytes;
using testing::ScratchFolder;

// What the `gguf` package wrote (tests/golden/make_gguf.py).
TEST(Gguf, ReadsAFileOfTheReference) {
  const auto file = open_weight_file(testing::golden_path("sample.gguf"));
  const auto golden = open_safetensors(testing::golden_path("gguf.safetensors"));
  EXPECT_EQ(file->metadata().at("general.architecture"), "qwen3");
  EXPECT_EQ(file->metadata().at("general.name"), "a sample");
  EXPECT_EQ(file->metadata().at("sample.number"), "7");
  EXPECT_EQ(file->tensors().size(), 7u);
  for (const char* name :
       {"token_embd.weight", "blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight",
        "blk.0.ffn_up.weight", "blk.0.ffn_down.weight", "blk.0.attn_norm.weight"}) {
    const Tensor expected = golden->read_float32(std::string("sample/") + name);
    const Tensor values = file->read_float32(name);
    ASSERT_EQ(values.shape(), expected.shape()) << name;
    EXPECT_TRUE(
        std::equal(values.values().begin(), values.values().end(), expected.values().begin()))
        << name;
  }
}

TEST(Gguf, AShapeFromBeforeQuantisationIsGivenBack) {
  GgufBytes gguf;
  const std::vector<std::byte> block(34);
  gguf.add("a", {1, 32}, testing::gguf_type(DType::kQ8_0), block);
  const auto shape = [](std::initializer_list<int32_t> extents) {
    std::string value = GgufBytes::number<uint32_t>(5) + GgufBytes::number(extents.size());
    for (const int32_t extent : extents) value += GgufBytes::number(extent);
    return value;
  };
  const auto parse = [&](const std::string& value) {
    GgufBytes copy = gguf;
    copy.add_pair("comfy.gguf.orig_shape.a", GgufBytes::kListType, value);
    const std::string bytes = copy.bytes();
    return parse_gguf("x.gguf", std::as_bytes(std::span(bytes)))->get("a").shape;
  };
  EXPECT_EQ(parse(shape({1, 1, 32})), (Shape{1, 1, 32}));
  expect_error(ErrorKind::kFile, "cannot be used as [4, 8]", [&] { parse(shape({4, 8})); });
  expect_error(ErrorKind::kFile, "impossible shape", [&] { parse(shape({-4, 8})); });
}

class BrokenGguf : public ::testing::Test {
 protected:
  BrokenGguf() {
    const std::vector<std::byte> values(64);
    gguf.add("a", {2, 8}, 0, values);
    gguf.add("b", {16}, 0, values);
  }
  void expect(const std::string& message) { expect(message, gguf.bytes()); }
  static void expect(const std::string& message, const std::string& bytes) {
    expect_error(ErrorKind::kFile, message,
                 [&] { parse_gguf("x.gguf", std::as_bytes(std::span(bytes))); });
  }

  GgufBytes gguf;
};

TEST_F(BrokenGguf, IsWholeBefore) {
  const std::string bytes = gguf.bytes();
  EXPECT_EQ(parse_gguf("x.gguf", std::as_bytes(std::span(bytes)))->get("a").shape, (Shape{2, 8}));
}

TEST_F(BrokenGguf, EveryCutIsNoticed) {
  gguf.add_pair("k", GgufBytes::kTextType, GgufBytes::text("v"));
  const std::string whole = gguf.bytes();
  for (size_t size = 0; size < whole.size(); ++size) {
    expect("x.gguf: ", whole.substr(0, size));
  }
}

// Whatever the bytes say, the tensors that are found lie in the file.
TEST_F(BrokenGguf, RandomDamageIsFoundOrHarmless) {
  const auto sample = files::MappedFile::open(testing::golden_path("sample.gguf"));
  const auto* begin = reinterpret_cast<const char*>(sample->data());
  const std::string whole(begin, begin + sample->size());
  std::mt19937 random(3);
  int refused = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = whole;
    for (uint32_t changes = 1 + random() % 3; changes > 0; --changes) {
      bytes[random() % 900] = static_cast<char>(random());
    }
    try {
      const auto file = parse_gguf("x.gguf", std::as_bytes(std::span(bytes)));
      for (const auto& [name, entry] : file->tensors()) file->read_float32(name);
    } catch (const Error& error) {
      ++refused;
      EXPECT_EQ(error.kind(), ErrorKind::kFile) << error.what();
    }
  }
  EXPECT_GT(refused, 500);
  EXPECT_LT(refused, 2000);
}

TEST_F(BrokenGguf, OtherVersionsAreRefused) {
  gguf.version = 1;
  expect("GGUF file of version 1");
  gguf.version = 0x03000000;
  expect("big-endian");
}

TEST_F(BrokenGguf, AbsurdCountsAreRefused) {
  std::string bytes = gguf.bytes();
  bytes.replace(8, 8, GgufBytes::number(~uint64_t{0}));
  expect("announces 18446744073709551615 tensors", bytes);
  bytes = gguf.bytes();
  bytes.replace(16, 8, GgufBytes::number(~uint64_t{0}));
  expect("announces 18446744073709551615 keys", bytes);
}

TEST_F(BrokenGguf, BadPairsAreRefused) {
  const auto with = [&](uint32_t type, const std::string& value) {
    GgufBytes copy = gguf;
    copy.add_pair("k", type, value);
    return copy.bytes();
  };
  expect("is cut off", with(GgufBytes::kTextType, GgufBytes::number(~uint64_t{0})));
  expect("type number 13", with(13, ""));
  const auto list = [](uint32_t type, uint64_t count) {
    return GgufBytes::number(type) + GgufBytes::number(count);
  };
  expect("is cut off", with(GgufBytes::kListType, list(4, ~uint64_t{0})));
  expect("is cut off", with(GgufBytes::kListType, list(8, ~uint64_t{0})));
  expect("list of values of type number 9", with(GgufBytes::kListType, list(9, 1)));
  GgufBytes copy = gguf;
  copy.add_pair("k", 7, "\1");
  copy.add_pair("k", 7, "\1");
  expect("the key 'k' twice", copy.bytes());
  copy = gguf;
  copy.add_pair("general.alignment", 4, GgufBytes::number<uint32_t>(12));
  expect("aligned to 12 bytes", copy.bytes());
}

TEST_F(BrokenGguf, BadTensorsAreRefused) {
  const GgufBytes whole = gguf;
  gguf.tensors[1].name = "a";
  expect("tensor 'a' twice");
  gguf = whole;
  gguf.tensors[0].name = "";
  expect("the name of a tensor has 0 bytes");
  gguf = whole;
  gguf.tensors[0].extents = {8, 0};
  expect("impossible shape");
  gguf.tensors[0].extents = {uint64_t{1} << 40, uint64_t{1} << 40};
  expect("impossible shape");
  gguf.tensors[0].extents = {~uint64_t{0}};
  expect("impossible shape");
  gguf.tensors[0].extents = {1, 1, 1, 1, 1};
  expect("has 5 axes");
  gguf = whole;
  gguf.tensors[0].type = 9;
  expect("is stored as Q8_1");
  gguf.tensors[0].type = 4;
  expect("type number 4");
  gguf.tensors[0].type = testing::gguf_type(DType::kQ8_0);
  expect("rows of 8 values, which is no multiple of the 32 values of a block of Q8_0");
  gguf = whole;
  gguf.tensors[0].offset = 8;
  expect("no multiple of the alignment");
  gguf.tensors[0].offset = 1 << 20;
  expect("is cut off");
  gguf.tensors[0].offset = ~uint64_t{0} - 31;
  expect("is cut off");
  gguf.tensors[0].offset = 32;
  expect("overlap");
}

}  // namespace
}  // namespace zanime::weights
