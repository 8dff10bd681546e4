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
#include "tests/support/tiny_weights.h"
#include "weights/gguf_names.h"
#include "weights/inspect.h"
#include "weights/model_weights.h"
#include "weights/synth.h"
#include "weights/weight_file.h"

namespace zanime {
namespace {

using testing::as_gguf;
using testing::EditableFile;
using testing::expect_error;
using testing::GgufBytes;
using testing::llama_cpp_name;
using testing::ScratchFolder;

// What the `gguf` package wrote (tests/golden/make_gguf.py).
TEST(Gguf, ReadsAFileOfTheReference) {
  const auto file = open_weight_file(testing::golden_path("sample.gguf"));
  const auto golden = SafetensorsFile::open(testing::golden_path("gguf.safetensors"));
  EXPECT_EQ(file->metadata().at("general.architecture"), "qwen3");
  EXPECT_EQ(file->metadata().at("general.name"), "a sample");
  EXPECT_EQ(file->metadata().at("sample.number"), "7");
  EXPECT_EQ(file->tensors().size(), 7u);
  for (const char* name :
       {"token_embd.weight", "blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight",
        "blk.0.ffn_up.weight", "blk.0.ffn_down.weight", "blk.0.attn_norm.weight"}) {
    const Tensor expected = golden->read_float32(std::string("sample/") + name);
    const Tensor values = file->read_float32(qwen3_name_from_llama_cpp(name));
    ASSERT_EQ(values.shape(), expected.shape()) << name;
    EXPECT_TRUE(
        std::equal(values.values().begin(), values.values().end(), expected.values().begin()))
        << name;
  }
}

TEST(GgufNames, AreThoseOfHuggingFace) {
  EXPECT_EQ(qwen3_name_from_llama_cpp("blk.35.attn_q_norm.weight"),
            "model.layers.35.self_attn.q_norm.weight");
  EXPECT_EQ(qwen3_name_from_llama_cpp("blk.0.ffn_norm.weight"),
            "model.layers.0.post_attention_layernorm.weight");
  EXPECT_EQ(qwen3_name_from_llama_cpp("output_norm.weight"), "model.norm.weight");
  EXPECT_EQ(qwen3_name_from_llama_cpp("layers.0.attention.qkv.weight"),
            "layers.0.attention.qkv.weight");
  EXPECT_EQ(qwen3_name_from_llama_cpp("blk."), "blk.");
  EXPECT_EQ(qwen3_name_from_llama_cpp("blk.1"), "blk.1");
}

void expect_equal(const ModelWeights& a, const ModelWeights& b) {
  ASSERT_EQ(a.all().size(), b.all().size());
  for (const auto& [name, weight] : a.all()) {
    const Tensor left = to_float32(weight), right = to_float32(b.get(name));
    ASSERT_EQ(left.shape(), right.shape()) << name;
    EXPECT_TRUE(std::equal(left.values().begin(), left.values().end(), right.values().begin()))
        << name;
  }
}

TEST(Gguf, ADiffusionModelIsTheSameInEitherFormat) {
  const ScratchFolder folder;
  for (const NameLayout layout : {NameLayout::kComfy, NameLayout::kDiffusers}) {
    synth_dit(folder / "dit", testing::tiny_dit(), DType::kBF16, layout);
    GgufBytes gguf =
        as_gguf(EditableFile::read(folder / "dit"), [](const std::string& name) { return name; });
    // ggml drops axes of extent 1.
    for (GgufBytes::Tensor& tensor : gguf.tensors) {
      if (tensor.name.ends_with("pad_token")) tensor.extents = {tensor.extents[0]};
    }
    const auto path = folder.write("dit.gguf", gguf.bytes());
    expect_equal(open_model_weights(folder / "dit", ModelFamily::kZImage),
                 open_model_weights(path, ModelFamily::kZImage));
    const ModelReport report = inspect_model(path);
    EXPECT_EQ(report.description, "Z-Image diffusion model");
  }
}

TEST(Gguf, AModelThatIsNotWholeIsRefused) {
  const ScratchFolder folder;
  synth_dit(folder / "dit", testing::tiny_dit(), DType::kBF16, NameLayout::kDiffusers);
  const GgufBytes whole =
      as_gguf(EditableFile::read(folder / "dit"), [](const std::string& name) { return name; });
  const auto refused = [&](const std::string& name, const std::string& message,
                           const std::function<void(GgufBytes&, GgufBytes::Tensor&)>& change) {
    GgufBytes broken = whole;
    const auto tensor =
        std::find_if(broken.tensors.begin(), broken.tensors.end(),
                     [&](const GgufBytes::Tensor& one) { return one.name == name; });
    ASSERT_NE(tensor, broken.tensors.end()) << name;
    change(broken, *tensor);
    const auto path = folder.write("broken.gguf", broken.bytes());
    expect_error(ErrorKind::kFile, message,
                 [&] { open_model_weights(path, ModelFamily::kZImage); });
  };
  const auto rename = [](const std::string& name) {
    return [name](GgufBytes&, GgufBytes::Tensor& tensor) { tensor.name = name; };
  };
  refused("layers.1.feed_forward.w2.weight",
          "is incomplete: tensor 'layers.1.feed_forward.w2.weight' is missing",
          rename("layers.1.feed_forward.w4.weight"));
  refused("layers.0.attention.to_k.weight", "the key (to_k) part of", rename("another"));
  refused("layers.0.attention.to_v.weight", "which does not fit under the query part",
          [](GgufBytes&, GgufBytes::Tensor& tensor) {
            tensor.extents = {128, 512};
          });
  refused("layers.0.attention.to_v.weight", "has the type I16",
          [](GgufBytes&, GgufBytes::Tensor& tensor) { tensor.type = 25; });
}

TEST(Gguf, ATextEncoderIsTheSameInEitherFormat) {
  const ScratchFolder folder;
  synth_qwen3(folder / "qwen3", testing::tiny_qwen3(), DType::kBF16);
  GgufBytes gguf = as_gguf(EditableFile::read(folder / "qwen3"), llama_cpp_name);
  gguf.add_pair("general.architecture", GgufBytes::kTextType, GgufBytes::text("qwen3"));
  const auto path = folder.write("qwen3.gguf", gguf.bytes());
  expect_equal(open_model_weights(folder / "qwen3", ModelFamily::kQwen3),
               open_model_weights(path, ModelFamily::kQwen3));

  GgufBytes llama = as_gguf(EditableFile::read(folder / "qwen3"), llama_cpp_name);
  llama.add_pair("general.architecture", GgufBytes::kTextType, GgufBytes::text("llama"));
  folder.write("llama.gguf", llama.bytes());
  expect_error(ErrorKind::kFile, "language model that is not Qwen3",
               [&] { open_model_weights(folder / "llama.gguf", ModelFamily::kQwen3); });
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
  const auto sample = MappedFile::open(testing::golden_path("sample.gguf"));
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
  gguf.tensors[0].type = 23;
  expect("is stored as IQ4_XS");
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
}  // namespace zanime
