#include <algorithm>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "checkpoints/gguf_names.h"
#include "checkpoints/inspect.h"
#include "checkpoints/open_model.h"
#include "checkpoints/synth.h"
#include "tests/support/edit_safetensors.h"
#include "tests/support/expect_error.h"
#include "tests/support/gguf_bytes.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/tiny_weights.h"
#include "weights/weight_values.h"

namespace zanime::checkpoints {
namespace {

using testing::as_gguf;
using testing::EditableFile;
using testing::expect_error;
using testing::GgufBytes;
using testing::llama_cpp_name;
using testing::ScratchFolder;

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

void expect_same_weights(const ModelWeights& a, const ModelWeights& b) {
  ASSERT_EQ(a.all().size(), b.all().size());
  for (const auto& [name, weight] : a.all()) {
    const Tensor left = weights::to_float32(weight), right = weights::to_float32(b.get(name));
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
    expect_same_weights(open_model_weights(folder / "dit", ModelFamily::kZImage),
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
  expect_same_weights(open_model_weights(folder / "qwen3", ModelFamily::kQwen3),
                      open_model_weights(path, ModelFamily::kQwen3));

  GgufBytes llama = as_gguf(EditableFile::read(folder / "qwen3"), llama_cpp_name);
  llama.add_pair("general.architecture", GgufBytes::kTextType, GgufBytes::text("llama"));
  folder.write("llama.gguf", llama.bytes());
  expect_error(ErrorKind::kFile, "language model that is not Qwen3",
               [&] { open_model_weights(folder / "llama.gguf", ModelFamily::kQwen3); });
}

}  // namespace
}  // namespace zanime::checkpoints
