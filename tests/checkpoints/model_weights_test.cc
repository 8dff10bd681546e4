#include <cmath>
#include <limits>
#include <optional>

#include <gtest/gtest.h>

#include "base/log.h"
#include "checkpoints/open_model.h"
#include "checkpoints/synth.h"
#include "checkpoints/synth_values.h"
#include "tests/support/edit_safetensors.h"
#include "tests/support/expect_error.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/tiny_weights.h"
#include "weights/rotation.h"
#include "weights/weight_values.h"

namespace zanime::checkpoints {
namespace {

using testing::EditableFile;
using testing::expect_error;
using testing::ScratchFolder;

void expect_equal(const Tensor& a, const Tensor& b, const std::string& what) {
  ASSERT_EQ(a.shape(), b.shape()) << what;
  EXPECT_TRUE(std::equal(a.values().begin(), a.values().end(), b.values().begin())) << what;
}

void expect_equal(const ModelWeights& a, const ModelWeights& b) {
  ASSERT_EQ(a.all().size(), b.all().size());
  for (const auto& [name, weight] : a.all()) {
    expect_equal(weights::to_float32(weight), weights::to_float32(b.get(name)), name);
  }
}

class ModelWeightsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_.emplace();
    synth_dit(*folder_ / "dit", testing::tiny_dit(), DType::kF8E4M3);
    synth_dit(*folder_ / "dit-diffusers", testing::tiny_dit(), DType::kF8E4M3,
              NameLayout::kDiffusers);
    synth_qwen3(*folder_ / "qwen3", testing::tiny_qwen3(), DType::kBF16);
    synth_autoencoder(*folder_ / "vae", testing::tiny_autoencoder(), DType::kF32);
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static EditableFile edit(const char* name) { return EditableFile::read(*folder_ / name); }
  static ModelWeights open(const char* name, ModelFamily family) {
    return open_model_weights(*folder_ / name, family);
  }
  static ModelWeights open(const EditableFile& file, ModelFamily family) {
    const auto path = *folder_ / "edited.safetensors";
    file.write(path);
    return open_model_weights(path, family);
  }
  static ModelWeights open_dit(const EditableFile& file) {
    return open(file, ModelFamily::kZImage);
  }

  static std::optional<ScratchFolder> folder_;
};
std::optional<ScratchFolder> ModelWeightsTest::folder_;

TEST_F(ModelWeightsTest, PrefixesAreTakenOff) {
  const auto with = [](const std::string& prefix) {
    return [prefix](const std::string& name) { return prefix + name; };
  };
  for (const char* layout : {"dit", "dit-diffusers"}) {
    const ModelWeights plain = open(layout, ModelFamily::kZImage);
    for (const char* prefix : {"model.diffusion_model.", "diffusion_model.", "model."}) {
      SCOPED_TRACE(prefix);
      expect_equal(plain, open_dit(edit(layout).renamed(with(prefix))));
    }
  }
  const ModelWeights vae = open("vae", ModelFamily::kFluxAutoencoder);
  for (const char* prefix : {"vae.", "first_stage_model."}) {
    expect_equal(vae, open(edit("vae").renamed(with(prefix)), ModelFamily::kFluxAutoencoder));
  }
  const ModelWeights qwen3 = open("qwen3", ModelFamily::kQwen3);
  EXPECT_TRUE(qwen3.has("layers.1.mlp.up_proj.weight"));
  EXPECT_TRUE(qwen3.has("embed_tokens.weight"));
  const auto without_model = [](const std::string& name) { return name.substr(6); };
  expect_equal(qwen3, open(edit("qwen3").renamed(without_model), ModelFamily::kQwen3));
  for (const char* prefix : {"text_encoders.qwen3_4b.transformer.", "text_encoders.qwen3_4b."}) {
    expect_equal(qwen3, open(edit("qwen3").renamed(with(prefix)), ModelFamily::kQwen3));
  }
}

TEST_F(ModelWeightsTest, SplitProjectionsStayInTheFile) {
  const ModelWeights weights = open("dit-diffusers", ModelFamily::kZImage);
  const weights::Weight& qkv = weights.get("layers.0.attention.qkv.weight", {768, 256});
  ASSERT_EQ(qkv.parts().size(), 3u);
  EXPECT_EQ(qkv.bytes(), 768 * 256);
  const auto file = std::static_pointer_cast<const weights::WeightFile>(qkv.owner());
  EXPECT_EQ(qkv.parts()[1].data, file->get("layers.0.attention.to_k.weight").data);
}

TEST_F(ModelWeightsTest, WeightsOutliveTheirModel) {
  const weights::Weight weight = open("dit", ModelFamily::kZImage).get("x_embedder.weight");
  const Tensor expected = synth_tensor("x_embedder.weight", {256, 64});
  EXPECT_EQ(weights::to_float32(weight).data()[0],
            f8e4m3_to_f32(f32_to_f8e4m3(expected.data()[0])));
}

TEST_F(ModelWeightsTest, GetChecksNameAndShape) {
  const ModelWeights weights = open("dit", ModelFamily::kZImage);
  expect_error(ErrorKind::kFile, "tensor 'nothing' is missing", [&] { weights.get("nothing"); });
  expect_error(ErrorKind::kFile, "has the shape [256, 64] where [64, 256] is needed", [&] {
    weights.get("x_embedder.weight", {64, 256});
  });
}

TEST_F(ModelWeightsTest, UnusedTensorsDoNotMatter) {
  EditableFile dit = edit("dit");
  dit.add_zeros("norm_final.weight", {256});
  dit.add_zeros("position_ids", {4}, DType::kI64);
  EXPECT_FALSE(open_dit(dit).has("position_ids"));
  EditableFile qwen3 = edit("qwen3");
  qwen3.add_zeros("lm_head.weight", {100, 64});
  qwen3.tensors.erase("model.norm.weight");
  EXPECT_FALSE(open(qwen3, ModelFamily::kQwen3).has("lm_head.weight"));
}

TEST_F(ModelWeightsTest, PadTokensMayBeAbsentTogether) {
  EditableFile file = edit("dit");
  file.tensors.erase("x_pad_token");
  expect_error(ErrorKind::kFile, "tensor 'x_pad_token' is missing", [&] { open_dit(file); });
  file.tensors.erase("cap_pad_token");
  EXPECT_FALSE(open_dit(file).has("x_pad_token"));
}

TEST_F(ModelWeightsTest, AMissingTensorIsNamedAndCounted) {
  EditableFile file = edit("dit").renamed([](const std::string& n) { return "model." + n; });
  const size_t total = file.tensors.size();
  file.tensors.erase("model.layers.0.feed_forward.w2.weight");
  file.tensors.erase("model.layers.1.ffn_norm1.weight");
  expect_error(ErrorKind::kFile,
               "tensor 'model.layers.0.feed_forward.w2.weight' is missing (" +
                   std::to_string(total - 2) + " of " + std::to_string(total) +
                   " tensors are there)",
               [&] { open_dit(file); });
}

TEST_F(ModelWeightsTest, AMissingFirstLayerIsNoticed) {
  EditableFile file = edit("dit-diffusers");
  std::erase_if(file.tensors,
                [](const auto& tensor) { return tensor.first.starts_with("layers.0."); });
  expect_error(ErrorKind::kFile, "is incomplete: tensor 'layers.0.", [&] { open_dit(file); });
}

TEST_F(ModelWeightsTest, HalfFusedFilesAreRefused) {
  EditableFile file = edit("dit-diffusers");
  file.tensors.erase("layers.1.attention.to_k.weight");
  expect_error(ErrorKind::kFile,
               "the key (to_k) part of 'layers.1.attention.qkv.weight' is missing",
               [&] { open_dit(file); });

  file = edit("dit");
  file.add_zeros("layers.1.attention.to_k.weight", {256, 256});
  expect_error(ErrorKind::kFile, "are the same part of the model", [&] { open_dit(file); });

  file = edit("dit-diffusers");
  file.tensors.erase("layers.1.attention.to_v.weight");
  file.add_zeros("layers.1.attention.to_v.weight", {256, 255});
  expect_error(ErrorKind::kFile, "does not fit under the query part", [&] { open_dit(file); });
}

TEST_F(ModelWeightsTest, AbsurdLayerNumbersAreRefused) {
  EditableFile file = edit("dit");
  file.add_zeros("layers.2000000000.attention.qkv.weight", {1});
  expect_error(ErrorKind::kFile, "layer number 2000000000", [&] { open_dit(file); });
}

TEST_F(ModelWeightsTest, IntegerWeightsAreRefused) {
  EditableFile file = edit("dit");
  file.tensors["layers.0.feed_forward.w1.weight"].dtype = DType::kI8;
  expect_error(ErrorKind::kFile, "has the type I8", [&] { open_dit(file); });
}

// Every spelling of a scale per tensor.
TEST_F(ModelWeightsTest, ScalesPerTensor) {
  const std::string module = "layers.0.feed_forward.w1";
  const Tensor stored =
      weights::to_float32(open("dit", ModelFamily::kZImage).get(module + ".weight"));
  for (const char* spelling : {".scale_weight", ".weight_scale"}) {
    for (const Shape& shape : {Shape{}, Shape{1}, Shape{1, 1}}) {
      EditableFile file = edit("dit");
      file.add(module + spelling, shape, {0.37f});
      file.add(module + ".scale_input", {}, {2.0f});
      file.add(module + ".input_scale", {}, {2.0f});
      file.add_zeros("scaled_fp8", {2}, DType::kF8E4M3);
      file.add_text(module + ".comfy_quant", R"({"format":"float8_e4m3fn"})");
      const ModelWeights weights = open_dit(file);
      EXPECT_EQ(weights.all().size(), network_tensors(testing::tiny_dit()).size());
      const Tensor scaled = weights::to_float32(weights.get(module + ".weight"));
      for (int64_t i = 0; i < stored.size(); ++i) {
        ASSERT_EQ(scaled.data()[i], stored.data()[i] * 0.37f);
      }
    }
  }
}

TEST_F(ModelWeightsTest, ScalesPerRow) {
  const std::string module = "layers.0.attention.qkv";
  std::vector<float> scales(768);
  for (size_t i = 0; i < scales.size(); ++i) scales[i] = 0.5f + static_cast<float>(i) / 768;
  const Tensor stored =
      weights::to_float32(open("dit", ModelFamily::kZImage).get(module + ".weight"));
  for (const Shape& shape : {Shape{768}, Shape{768, 1}}) {
    EditableFile file = edit("dit");
    file.add(module + ".weight_scale", shape, scales);
    const Tensor scaled = weights::to_float32(open_dit(file).get(module + ".weight"));
    for (int64_t i = 0; i < stored.size(); ++i) {
      ASSERT_EQ(scaled.data()[i], stored.data()[i] * scales[static_cast<size_t>(i / 256)]);
    }
  }
}

TEST_F(ModelWeightsTest, EveryPartHasItsOwnScale) {
  EditableFile file = edit("dit-diffusers");
  const std::string attention = "layers.0.attention.";
  file.add(attention + "to_q.weight_scale", {}, {2.0f});
  file.add(attention + "to_v.scale_weight", {256}, std::vector<float>(256, 3.0f));
  const Tensor scaled = weights::to_float32(open_dit(file).get(attention + "qkv.weight"));
  const Tensor stored =
      weights::to_float32(open("dit", ModelFamily::kZImage).get(attention + "qkv.weight"));
  const float factors[] = {2.0f, 1.0f, 3.0f};
  for (int64_t i = 0; i < stored.size(); ++i) {
    ASSERT_EQ(scaled.data()[i], stored.data()[i] * factors[i / (256 * 256)]);
  }
}

TEST_F(ModelWeightsTest, BadScalesAreRefused) {
  const std::string module = "layers.0.feed_forward.w1";
  const auto with_scale = [&](const Shape& shape, float value) {
    EditableFile file = edit("dit");
    file.add(module + ".weight_scale", shape,
             std::vector<float>(static_cast<size_t>(shape.size()), value));
    return [file] { open_dit(file); };
  };
  expect_error(ErrorKind::kFile, "holds nan as a scale",
               with_scale({}, std::numeric_limits<float>::quiet_NaN()));
  expect_error(ErrorKind::kFile, "as a scale",
               with_scale({}, std::numeric_limits<float>::infinity()));
  expect_error(ErrorKind::kFile, "has the shape [95]", with_scale({95}, 1));
  expect_error(ErrorKind::kFile, "has the shape [1, 96]", with_scale({1, 96}, 1));
  expect_error(ErrorKind::kFile, "has the shape [96, 2]", with_scale({96, 2}, 1));
}

TEST_F(ModelWeightsTest, OtherQuantisationsAreNamed) {
  const std::string module = "layers.1.feed_forward.w1";
  const auto described = [&](const std::string& description) {
    EditableFile file = edit("dit");
    file.add_text(module + ".comfy_quant", description);
    return [file] { open_dit(file); };
  };
  for (const char* format : {"int8_blockwise", "svdquant_w4a4", "float4"}) {
    expect_error(ErrorKind::kFile,
                 "tensor '" + module + ".weight' is quantised as '" + format + "'",
                 described(std::string(R"({"format":")") + format + R"(","convrot":true})"));
  }
  expect_error(ErrorKind::kFile, "names no format", described("{}"));
  expect_error(ErrorKind::kFile, "names no format", described("[[[["));
  expect_error(ErrorKind::kFile, "has the type F8_E4M3, but is described as float8_e5m2",
               described(R"({"format":"float8_e5m2"})"));

  EditableFile file = edit("dit");
  file.add(module + ".weight_scale_inv", {1, 2}, {1, 1});
  expect_error(ErrorKind::kFile, "'FP8 with a scale per block'", [&] { open_dit(file); });

  file = edit("dit");
  file.metadata["_quantization_metadata"] =
      R"({"format_version":"1.0","layers":{"layers.1.feed_forward.w1":{"format":"int6"}}})";
  expect_error(ErrorKind::kFile, "'int6'", [&] { open_dit(file); });
  for (const auto& [tensor, name] :
       {std::pair{".wscales", "'SVDQuant (Nunchaku)'"},
        std::pair{".encoded_exponent", "'DFloat11'"}, std::pair{".qzeros", "'GPTQ or AWQ'"}}) {
    file = edit("dit");
    file.rename(module + ".weight", module + ".qweight");
    file.add_zeros(module + tensor, {4, 4});
    expect_error(ErrorKind::kFile, name, [&] { open_dit(file); });
  }
  file = edit("dit");
  file.metadata["_quantization_metadata"] = R"({"layers":{}})";
  file.metadata["_quantization_metadata"] = R"({"layers":[1]})";
  open_dit(file);
  file.metadata["_quantization_metadata"] = "[";
  open_dit(file);
}

// The order in which cuBLAS keeps the scales of [rows, across] blocks, by moving axes as its
// manual describes: tiles of 128 rows and 4 scales, in each 32 rows of 4 times 4.
std::vector<std::byte> tiled(const std::vector<std::byte>& scales, size_t rows, size_t across) {
  const size_t down = (rows + 127) / 128, right = (across + 3) / 4;
  std::vector<std::byte> result;
  for (size_t tile_row = 0; tile_row < down; ++tile_row) {
    for (size_t tile_column = 0; tile_column < right; ++tile_column) {
      for (size_t inner = 0; inner < 32; ++inner) {
        for (size_t quarter = 0; quarter < 4; ++quarter) {
          for (size_t i = 0; i < 4; ++i) {
            const size_t row = tile_row * 128 + quarter * 32 + inner, column = tile_column * 4 + i;
            const bool inside = row < rows && column < across;
            result.push_back(inside ? scales[row * across + column] : std::byte{0x55});
          }
        }
      }
    }
  }
  return result;
}

std::vector<std::byte> pattern(size_t size, unsigned step, unsigned modulus, unsigned first = 0) {
  std::vector<std::byte> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(first + i * step % modulus);
  return bytes;
}

TEST_F(ModelWeightsTest, Nvfp4) {
  const std::string module = "layers.1.attention.out";  // [256, 256]
  EditableFile file = edit("dit");
  const auto values = pattern(256 * 128, 37, 251), scales = pattern(256 * 16, 11, 0x77, 1);
  file.tensors[module + ".weight"] = {DType::kU8, {256, 128}, values};
  file.tensors[module + ".weight_scale"] = {DType::kF8E4M3, {256, 16}, tiled(scales, 256, 16)};
  file.add(module + ".weight_scale_2", {}, {0.25f});
  file.add(module + ".input_scale", {}, {1.0f});
  file.add_text(module + ".comfy_quant", R"({"format":"nvfp4"})");
  const Tensor weight = weights::to_float32(open_dit(file).get(module + ".weight"));
  ASSERT_EQ(weight.shape(), (Shape{256, 256}));
  const float e2m1[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
  for (int64_t i = 0; i < weight.size(); ++i) {
    const auto byte = static_cast<unsigned>(values[static_cast<size_t>(i / 2)]);
    const unsigned bits = i % 2 == 0 ? byte >> 4 : byte & 15;
    const auto scale = static_cast<uint8_t>(scales[static_cast<size_t>(i / 16)]);
    const float value = (bits & 8 ? -1.0f : 1.0f) * e2m1[bits & 7];
    ASSERT_EQ(weight.data()[i], value * f8e4m3_to_f32(scale) * 0.25f) << i;
  }

  file.tensors.at(module + ".weight_scale").shape = {256, 8};
  file.tensors.at(module + ".weight_scale").bytes.resize(256 * 8);
  expect_error(ErrorKind::kFile, "4096 belong to its shape", [&] { open_dit(file); });
  file.tensors.erase(module + ".weight_scale");
  expect_error(ErrorKind::kFile, "'" + module + ".weight_scale' is missing",
               [&] { open_dit(file); });
}

TEST_F(ModelWeightsTest, Mxfp8) {
  const std::string module = "layers.1.feed_forward.w1";  // [96, 256]
  EditableFile file = edit("dit");
  const auto values = pattern(96 * 256, 37, 0x7d), scales = pattern(96 * 8, 11, 40, 107);
  file.tensors[module + ".weight"] = {DType::kF8E4M3, {96, 256}, values};
  file.tensors[module + ".weight_scale"] = {DType::kU8, {128, 8}, tiled(scales, 96, 8)};
  file.add_text(module + ".comfy_quant", R"({"format":"mxfp8"})");
  const Tensor weight = weights::to_float32(open_dit(file).get(module + ".weight"));
  ASSERT_EQ(weight.shape(), (Shape{96, 256}));
  for (int64_t i = 0; i < weight.size(); ++i) {
    const auto exponent = static_cast<int>(scales[static_cast<size_t>(i / 32)]) - 127;
    const float value = f8e4m3_to_f32(static_cast<uint8_t>(values[static_cast<size_t>(i)]));
    ASSERT_EQ(weight.data()[i], std::ldexp(value, exponent)) << i;
  }
}

TEST_F(ModelWeightsTest, TensorsWithoutAUseAreTold) {
  std::vector<std::string> warnings;
  set_log_sink([&](LogLevel level, const std::string& message) {
    if (level == LogLevel::kWarning) warnings.push_back(message);
  });
  EditableFile file = edit("dit");
  file.add_zeros("norm_final.weight", {256});
  open_dit(file);
  EXPECT_TRUE(warnings.empty());
  file.add_zeros("siglip_embedder.0.weight", {256});
  file.add_zeros("siglip_embedder.1.weight", {256, 4});
  open_dit(file);
  set_log_sink([](LogLevel, const std::string&) {});
  ASSERT_EQ(warnings.size(), 1u);
  testing::expect_contains(warnings[0], "2 tensors are not used by the Z-Image diffusion model");
  testing::expect_contains(warnings[0], "'siglip_embedder.0.weight'");
}

// A diffusion model with one matrix in int8, `factor` on all of it.
EditableFile with_integers(EditableFile file, const std::string& module, float factor) {
  auto& weight = file.tensors.at(module + ".weight");
  weight.bytes.resize(static_cast<size_t>(weight.shape.size()));
  for (size_t i = 0; i < weight.bytes.size(); ++i) {
    weight.bytes[i] = static_cast<std::byte>(i * 37 % 255);
  }
  weight.dtype = DType::kI8;
  file.add(module + ".weight_scale", {}, {factor});
  return file;
}

TEST_F(ModelWeightsTest, IntegersWithAScale) {
  const std::string module = "layers.1.feed_forward.w1";
  EditableFile file = with_integers(edit("dit"), module, 0.25f);
  const Tensor plain = weights::to_float32(open_dit(file).get(module + ".weight"));
  EXPECT_EQ(plain.data()[1], 37 * 0.25f);
  EXPECT_EQ(plain.data()[4], (148 - 256) * 0.25f);

  // Described as rotated, by the tensor or by the file, with or without the prefix.
  Tensor rotated = plain.clone();
  weights::rotate_groups(rotated.data(), rotated.size(), 64);
  const std::string description =
      R"({"format":"int8_tensorwise","convrot":true,"convrot_groupsize":64})";
  EditableFile described = file;
  described.add_text(module + ".comfy_quant", description);
  EXPECT_EQ(weights::to_float32(open_dit(described).get(module + ".weight")).values()[100],
            rotated.values()[100]);
  const std::string prefix = "model.diffusion_model.";
  for (const std::string& name : {module, prefix + module}) {
    described = file.renamed([&](const std::string& tensor) { return prefix + tensor; });
    described.metadata["_quantization_metadata"] =
        R"({"layers":{")" + name + R"(":)" + description + "}}";
    EXPECT_EQ(weights::to_float32(open_dit(described).get(module + ".weight")).values()[100],
              rotated.values()[100])
        << name;
  }
}

TEST_F(ModelWeightsTest, RotationsThatDoNotFitAreRefused) {
  const std::string module = "layers.1.feed_forward.w1";
  for (const char* group : {"32", "0", "-4", "1024"}) {
    EditableFile file = with_integers(edit("dit"), module, 1);
    file.add_text(
        module + ".comfy_quant",
        std::string(R"({"format":"int8_tensorwise","convrot":true,"convrot_groupsize":)") + group +
            "}");
    expect_error(ErrorKind::kFile, "rotated (convrot) by groups", [&] { open_dit(file); });
  }
}

TEST_F(ModelWeightsTest, AQuantisedNeighbourDoesNotMatter) {
  EditableFile file =
      edit("dit").renamed([](const std::string& name) { return "model.diffusion_model." + name; });
  file.add_text("text_encoders.other.comfy_quant", R"({"format":"nvfp4"})");
  open_dit(file);
}

// The Diffusers name of a canonical autoencoder tensor, written down independently of the mapping.
std::string diffusers_autoencoder_name(std::string name) {
  const auto replace = [&](const std::string& from, const std::string& to) {
    const size_t at = name.find(from);
    if (at != std::string::npos) name.replace(at, from.size(), to);
  };
  for (int level = 0; level < 4; ++level) {
    replace(".up." + std::to_string(level) + ".block.",
            ".up_blocks." + std::to_string(3 - level) + ".resnets.");
    replace(".up." + std::to_string(level) + ".upsample.",
            ".up_blocks." + std::to_string(3 - level) + ".upsamplers.0.");
    replace(".down." + std::to_string(level) + ".block.",
            ".down_blocks." + std::to_string(level) + ".resnets.");
    replace(".down." + std::to_string(level) + ".downsample.",
            ".down_blocks." + std::to_string(level) + ".downsamplers.0.");
  }
  replace(".mid.block_1.", ".mid_block.resnets.0.");
  replace(".mid.block_2.", ".mid_block.resnets.1.");
  replace(".mid.attn_1.norm.", ".mid_block.attentions.0.group_norm.");
  replace(".mid.attn_1.q.", ".mid_block.attentions.0.to_q.");
  replace(".mid.attn_1.k.", ".mid_block.attentions.0.to_k.");
  replace(".mid.attn_1.v.", ".mid_block.attentions.0.to_v.");
  replace(".mid.attn_1.proj_out.", ".mid_block.attentions.0.to_out.0.");
  replace(".nin_shortcut.", ".conv_shortcut.");
  replace(".norm_out.", ".conv_norm_out.");
  return name;
}

TEST_F(ModelWeightsTest, DiffusersAutoencoderIsTheSame) {
  EditableFile file = edit("vae").renamed(diffusers_autoencoder_name);
  for (auto& [name, tensor] : file.tensors) {
    const bool projection = name.find("attentions.0.to_") != std::string::npos;
    if (projection && tensor.shape.rank() == 4) {
      tensor.shape = Shape{tensor.shape[0], tensor.shape[1]};
    }
  }
  ASSERT_TRUE(file.tensors.contains("decoder.up_blocks.3.resnets.2.conv2.weight"));
  ASSERT_TRUE(file.tensors.contains("encoder.mid_block.attentions.0.to_out.0.weight"));
  const ModelWeights weights = open(file, ModelFamily::kFluxAutoencoder);
  expect_equal(open("vae", ModelFamily::kFluxAutoencoder), weights);
}

TEST_F(ModelWeightsTest, AnAutoencoderNeedsNoEncoder) {
  EditableFile file = edit("vae");
  std::erase_if(file.tensors,
                [](const auto& tensor) { return tensor.first.starts_with("encoder."); });
  EXPECT_FALSE(open(file, ModelFamily::kFluxAutoencoder).has("encoder.conv_in.weight"));
  file.tensors.erase("decoder.conv_out.bias");
  expect_error(ErrorKind::kFile, "tensor 'decoder.conv_out.bias' is missing",
               [&] { open(file, ModelFamily::kFluxAutoencoder); });
}

TEST_F(ModelWeightsTest, AnotherFamilyIsNamed) {
  expect_error(ErrorKind::kFile,
               "holds: Qwen3 text encoder of width 64. Needed here: a Z-Image diffusion model",
               [] { open("qwen3", ModelFamily::kZImage); });
  expect_error(ErrorKind::kFile, "holds: FLUX autoencoder. Needed here: a Qwen3 text encoder",
               [] { open("vae", ModelFamily::kQwen3); });
  expect_error(ErrorKind::kFile, "holds: Z-Image diffusion model. Needed here: a FLUX autoencoder",
               [] { open("dit-diffusers", ModelFamily::kFluxAutoencoder); });
}

}  // namespace
}  // namespace zanime::checkpoints
