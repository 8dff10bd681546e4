#include "checkpoints/adapters/adapter.h"

#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/checkpoints/adapters/adapter_fixture.h"
#include "weights/float_encoding.h"
#include "weights/value_conversion.h"
#include "weights/weight_values.h"

namespace zanime::checkpoints {
namespace {

TEST_F(AdapterTest, EverySpellingOfLora) {
  const Tensor up = random_tensor({256, 4}, 1), down = random_tensor({4, 256}, 2);
  const Tensor expected = plus(base(kOut), 0.5, product(up, down));
  for (const auto& [down_suffix, up_suffix] : std::vector<std::pair<std::string, std::string>>{
           {".lora_A.weight", ".lora_B.weight"},
           {".lora_A.default.weight", ".lora_B.default.weight"},
           {".lora_A", ".lora_B"},
           {".lora_down.weight", ".lora_up.weight"},
           {".lora.down.weight", ".lora.up.weight"},
           {"_lora.down.weight", "_lora.up.weight"},
           {".lora_linear_layer.down.weight", ".lora_linear_layer.up.weight"}}) {
    for (const char* module :
         {"diffusion_model.layers.0.attention.out", "diffusion_model.layers.0.attention.to_out.0",
          "transformer.layers.0.attention.to_out.0", "layers.0.attention.to_out.0",
          "base_model.model.layers.0.attention.to_out.0", "lora_unet_layers_0_attention_to_out_0",
          "lora_unet_layers_0_attention_out", "lycoris_layers_0_attention_to_out_0",
          "model.diffusion_model.layers.0.attention.out"}) {
      SCOPED_TRACE(module + down_suffix);
      file = {};
      add(module + down_suffix, down);
      add(module + up_suffix, up);
      const ModelWeights changed = apply(0.5);
      EXPECT_LT(max_difference(weights::to_float32(changed.get(kOut)), expected), kTolerance);
    }
  }
  EXPECT_TRUE(warnings.empty());
}

TEST_F(AdapterTest, SplitAndFusedProjectionsFindTheirRows) {
  const Tensor up = random_tensor({256, 3}, 1), down = random_tensor({3, 256}, 2);
  int64_t first = 0;
  for (const char* part : {"to_q", "to_k", "to_v"}) {
    file = {};
    add("lora_unet_layers_0_attention_" + std::string(part) + ".lora_down.weight", down);
    add("lora_unet_layers_0_attention_" + std::string(part) + ".lora_up.weight", up);
    file.add("lora_unet_layers_0_attention_" + std::string(part) + ".alpha", {}, {6.0f});
    expect(kQkv, plus(base(kQkv), 0.25 * 6 / 3, product(up, down), first), 0.25);
    first += 256;
  }
  const Tensor fused_up = random_tensor({768, 3}, 3);
  file = {};
  add("diffusion_model.layers.0.attention.qkv.lora_A.weight", down);
  add("diffusion_model.layers.0.attention.qkv.lora_B.weight", fused_up);
  expect(kQkv, plus(base(kQkv), -1, product(fused_up, down)), -1);
}

TEST_F(AdapterTest, ValuesMayHaveFewerBits) {
  const Tensor up = random_tensor({256, 4}, 1), down = random_tensor({4, 256}, 2);
  for (const DType dtype : {DType::kF16, DType::kBF16, DType::kF8E4M3}) {
    file = {};
    std::map<std::string, Tensor> rounded;
    for (const auto& [name, tensor] : std::map<std::string, Tensor>{{"A", down}, {"B", up}}) {
      std::vector<std::byte> bytes(static_cast<size_t>(tensor.size() * dtype_size(dtype)));
      weights::encode_floats(tensor.data(), tensor.size(), dtype, bytes.data());
      Tensor values(tensor.shape());
      weights::convert_to_float32(bytes.data(), dtype, tensor.size(), values.data());
      rounded[name] = values;
      file.tensors["transformer.layers.0.attention.to_out.0.lora_" + name + ".weight"] = {
          dtype, tensor.shape(), bytes};
    }
    expect(kOut, plus(base(kOut), 1, product(rounded["B"], rounded["A"])));
  }
}

TEST_F(AdapterTest, Loha) {
  const Tensor a1 = random_tensor({96, 2}, 1), b1 = random_tensor({2, 256}, 2),
               a2 = random_tensor({96, 3}, 3), b2 = random_tensor({3, 256}, 4);
  const std::string module = "lycoris_layers_0_feed_forward_w1";
  add(module + ".hada_w1_a", a1);
  add(module + ".hada_w1_b", b1);
  add(module + ".hada_w2_a", a2);
  add(module + ".hada_w2_b", b2);
  file.add(module + ".alpha", {1}, {1.0f});
  Tensor delta = product(a1, b1);
  const Tensor other = product(a2, b2);
  for (int64_t i = 0; i < delta.size(); ++i) delta.data()[i] *= other.data()[i];
  expect(kW1, plus(base(kW1), 0.7 / 2, delta), 0.7);

  file.tensors.erase(module + ".hada_w2_b");
  expect_refused("'" + module + ".hada_w2_a' is one half of a pair");
}

Tensor kronecker(const Tensor& a, const Tensor& b) {
  Tensor result({a.dim(0) * b.dim(0), a.dim(1) * b.dim(1)});
  for (int64_t i = 0; i < result.dim(0); ++i) {
    for (int64_t j = 0; j < result.dim(1); ++j) {
      result.data()[i * result.dim(1) + j] = a.data()[i / b.dim(0) * a.dim(1) + j / b.dim(1)] *
                                             b.data()[i % b.dim(0) * b.dim(1) + j % b.dim(1)];
    }
  }
  return result;
}

TEST_F(AdapterTest, Lokr) {
  const std::string module = "diffusion_model.layers.0.feed_forward.w1";
  const Tensor w1 = random_tensor({4, 8}, 1), w2 = random_tensor({24, 32}, 2);
  add(module + ".lokr_w1", w1);
  add(module + ".lokr_w2", w2);
  file.add(module + ".alpha", {}, {5.0f});  // without effect: neither factor is a product
  expect(kW1, plus(base(kW1), 2, kronecker(w1, w2)), 2);

  file = {};
  const Tensor a = random_tensor({24, 3}, 3), b = random_tensor({3, 32}, 4);
  add(module + ".lokr_w1", w1);
  add(module + ".lokr_w2_a", a);
  add(module + ".lokr_w2_b", b);
  file.add(module + ".alpha", {}, {6.0f});
  expect(kW1, plus(base(kW1), 6.0 / 3, kronecker(w1, product(a, b))));

  file = {};
  const Tensor c = random_tensor({4, 2}, 5), d = random_tensor({2, 8}, 6);
  add(module + ".lokr_w1_a", c);
  add(module + ".lokr_w1_b", d);
  add(module + ".lokr_w2", w2);
  file.add(module + ".alpha", {}, {6.0f});
  expect(kW1, plus(base(kW1), 6.0 / 2, kronecker(product(c, d), w2)));

  add(module + ".lokr_t2", random_tensor({2, 2, 3, 3}, 7));
  expect_refused("is a factor for convolutions");
  file.tensors.erase(module + ".lokr_t2");
  file.tensors.erase(module + ".lokr_w2");
  expect_refused("is one factor of a Kronecker product whose other is missing");
  add(module + ".lokr_w2", random_tensor({23, 32}, 2));
  expect_refused("belongs to a change of shape [92, 256]");
}

TEST_F(AdapterTest, Differences) {
  const Tensor diff = random_tensor({96, 256}, 1), norm = random_tensor({256}, 2),
               bias = random_tensor({256}, 3);
  add("diffusion_model.layers.0.feed_forward.w1.diff", diff);
  add("diffusion_model.layers.0.attention_norm1.diff", norm);
  add("diffusion_model.x_embedder.diff_b", bias);
  const ModelWeights changed = apply(0.5);
  EXPECT_LT(max_difference(weights::to_float32(changed.get(kW1)), plus(base(kW1), 0.5, diff)),
            kTolerance);
  for (const auto& [name, delta] :
       {std::pair{"layers.0.attention_norm1.weight", norm}, {"x_embedder.bias", bias}}) {
    const Tensor before = base(name).reshaped({1, 256});
    EXPECT_LT(max_difference(weights::to_float32(changed.get(name, {256})).reshaped({1, 256}),
                             plus(before, 0.5, delta)),
              kTolerance);
  }
}

// The formulas of arXiv 2402.09353 as ComfyUI has them.
TEST_F(AdapterTest, Dora) {
  const std::string module = "diffusion_model.layers.0.feed_forward.w1";
  const Tensor up = random_tensor({96, 4}, 1), down = random_tensor({4, 256}, 2);
  const Tensor before = base(kW1), changed = plus(before, 2.0 / 4, product(up, down));
  struct Case {
    const char* suffix;
    Shape shape;
    bool per_row, of_changed;
  };
  for (const auto& [suffix, shape, per_row, of_changed] :
       {Case{".dora_scale", {96, 1}, true, false}, Case{".dora_scale", {1, 256}, false, true},
        Case{".lora_magnitude_vector.weight", {96}, true, true}}) {
    file = {};
    Tensor scale = random_tensor(shape, 3);
    for (float& value : scale.values()) value = 2.0f + value;
    add(module + ".lora_A.weight", down);
    add(module + ".lora_B.weight", up);
    file.add(module + ".alpha", {}, {2.0f});
    add(module + suffix, scale);
    const Tensor& measured = of_changed ? changed : before;
    std::vector<double> squares(per_row ? 96 : 256);
    for (int64_t i = 0; i < measured.size(); ++i) {
      squares[per_row ? i / 256 : i % 256] += double{measured.data()[i]} * measured.data()[i];
    }
    for (const double strength : {1.0, 0.4}) {
      Tensor expected = before.clone();
      for (int64_t i = 0; i < expected.size(); ++i) {
        const int64_t at = per_row ? i / 256 : i % 256;
        const double full = double{changed.data()[i]} * scale.data()[at] / std::sqrt(squares[at]);
        expected.data()[i] += static_cast<float>(strength * (full - before.data()[i]));
      }
      expect(kW1, expected, strength);
    }
  }
  add(module + ".lora_magnitude_vector.weight", random_tensor({95}, 3));
  expect_refused("a number per row (96) or per column (256) is needed");
}

TEST_F(AdapterTest, AdaptersAreStacked) {
  const std::string module = "diffusion_model.layers.0.attention.";
  const Tensor up = random_tensor({256, 4}, 1), down = random_tensor({4, 256}, 2);
  add(module + "to_k.lora_A.weight", down);
  add(module + "to_k.lora_B.weight", up);
  const ModelWeights once = apply(0.5);
  const ModelWeights twice = apply_to(once, ModelFamily::kZImage, -0.2);
  EXPECT_LT(max_difference(weights::to_float32(twice.get(kQkv)),
                           plus(base(kQkv), 0.3, product(up, down), 256)),
            kTolerance);
  EXPECT_EQ(twice.get(kQkv).parts()[0].data, once.get(kQkv).parts()[0].data);
}

TEST_F(AdapterTest, OfThoseBesideTheWeightsALayerHasTheLastOne) {
  const Tensor up = random_tensor({256, 2}, 1), down = random_tensor({2, 256}, 2);
  const Tensor other_up = random_tensor({256, 2}, 3);
  const std::string module = "diffusion_model.layers.0.attention.";
  const auto bypass = [&](const ModelWeights& weights) {
    file.write(*folder_ / "adapter.safetensors");
    Adapter::Use use;
    return Adapter::open(*folder_ / "adapter.safetensors")
        .applied_to(weights, ModelFamily::kZImage, 0.5, use, AdapterMode::kBypass);
  };
  // One that changes the weights themselves stays under both.
  add(module + "out.diff", random_tensor({256, 256}, 4));
  const ModelWeights changed = apply();
  file = {};
  add(module + "out.lora_A.weight", down);
  add(module + "out.lora_B.weight", up);
  add(module + "to_q.lora_A.weight", down);
  add(module + "to_q.lora_B.weight", up);
  const ModelWeights first = bypass(changed);
  const Tensor start = weights::to_float32(changed.get(kOut));
  EXPECT_LT(
      max_difference(weights::to_float32(first.get(kOut)), plus(start, 0.5, product(up, down))),
      kTolerance);
  // A part of a layer has none.
  EXPECT_EQ(max_difference(weights::to_float32(first.get(kQkv)), base(kQkv)), 0.0);
  ASSERT_EQ(warnings.size(), 1u);
  testing::expect_contains(warnings.front(), "parts of layers");
  file = {};
  add(module + "out.lora_A.weight", down);
  add(module + "out.lora_B.weight", other_up);
  EXPECT_LT(max_difference(weights::to_float32(bypass(first).get(kOut)),
                           plus(start, 0.5, product(other_up, down))),
            kTolerance);
}

TEST_F(AdapterTest, AStrengthOfZeroChangesNothing) {
  add("diffusion_model.layers.0.attention.out.lora_A.weight", random_tensor({4, 256}, 1));
  add("diffusion_model.layers.0.attention.out.lora_B.weight", random_tensor({256, 4}, 2));
  EXPECT_TRUE(apply(0).get(kOut).changes().empty());
}

TEST_F(AdapterTest, TextEncoders) {
  const Tensor up = random_tensor({64, 4}, 1), down = random_tensor({4, 64}, 2);
  const ModelWeights qwen3 = open_model_weights(*folder_ / "qwen3", ModelFamily::kQwen3);
  for (const char* module :
       {"lora_te_layers_1_self_attn_k_proj", "lora_te1_model_layers_1_self_attn_k_proj",
        "text_encoders.qwen3_4b.transformer.model.layers.1.self_attn.k_proj",
        "text_encoder.layers.1.self_attn.k_proj"}) {
    file = {};
    add(std::string(module) + ".lora_up.weight", up);
    add(std::string(module) + ".lora_down.weight", down);
    const char* name = "layers.1.self_attn.k_proj.weight";
    const ModelWeights changed = apply_to(qwen3, ModelFamily::kQwen3, 0.5);
    EXPECT_LT(max_difference(weights::to_float32(changed.get(name)),
                             plus(weights::to_float32(qwen3.get(name)), 0.5, product(up, down))),
              kTolerance);
  }
}

TEST_F(AdapterTest, BadFactorsAreRefusedByName) {
  const std::string module = "diffusion_model.layers.0.attention.out";
  const auto restart = [&] {
    file = {};
    add(module + ".lora_A.weight", random_tensor({4, 256}, 1));
    add(module + ".lora_B.weight", random_tensor({256, 4}, 2));
  };
  restart();
  file.tensors.erase(module + ".lora_B.weight");
  expect_refused("'" + module + ".lora_A.weight' is one half of a pair");
  restart();
  add(module + ".lora_B.weight", random_tensor({256, 5}, 2));
  expect_refused("'" + module + ".lora_B.weight' has the shape [256, 5]");
  add(module + ".lora_A.weight", random_tensor({5, 255}, 2));
  expect_refused(
      "belongs to a change of shape [256, 255], but 'layers.0.attention.out.weight' of "
      "this model takes [256, 256]");
  restart();
  Tensor bad = random_tensor({256, 4}, 2);
  bad.data()[77] = std::numeric_limits<float>::quiet_NaN();
  add(module + ".lora_B.weight", bad);
  expect_refused("holds NaN or infinity");
  restart();
  file.add(module + ".alpha", {2}, {1, 1});
  expect_refused("alpha is a single number");
  file.add(module + ".alpha", {}, {std::numeric_limits<float>::infinity()});
  expect_refused("is not a finite number");
  restart();
  file.add_zeros(module + ".lora_B.weight", {256, 0});
  expect_refused("a matrix is needed here");
  file.add_zeros(module + ".lora_B.weight", {1024});
  expect_refused("a matrix is needed here");
  file.add_zeros(module + ".lora_B.weight", {256, 4}, DType::kI32);
  expect_refused("has the type I32");
  restart();
  add(module + ".lora_down.weight", random_tensor({4, 256}, 1));
  expect_refused("are the same part of one module");
  restart();
  add(module + ".diff", random_tensor({256, 256}, 1));
  expect_refused("is one of several kinds of change");
  file = {};
  add(module + ".diff", random_tensor({256, 255}, 1));
  expect_refused("has the shape [256, 255]");
}

// Half a change is none, whichever half is missing.
TEST_F(AdapterTest, PartsOfAChangeAreRefusedByName) {
  const std::string module = "diffusion_model.layers.0.attention.out";
  const std::map<std::string, Shape> whole[] = {
      {{".lora_down.weight", {4, 256}}, {".lora_up.weight", {256, 4}}},
      {{".hada_w1_a", {256, 4}},
       {".hada_w1_b", {4, 256}},
       {".hada_w2_a", {256, 4}},
       {".hada_w2_b", {4, 256}}},
      {{".lokr_w1", {4, 4}}, {".lokr_w2_a", {64, 2}}, {".lokr_w2_b", {2, 64}}},
      {{".lokr_w1_a", {4, 2}}, {".lokr_w1_b", {2, 4}}, {".lokr_w2", {64, 64}}},
  };
  for (const auto& parts : whole) {
    const auto add_parts = [&](const std::string& missing) {
      file = {};
      for (const auto& [suffix, shape] : parts) {
        if (suffix != missing) add(module + suffix, random_tensor(shape, 1));
      }
    };
    add_parts("");
    EXPECT_EQ(apply().get(kOut).changes().size(), 1u);
    for (const auto& [suffix, shape] : parts) {
      add_parts(suffix);
      const Error error = expect_refused("missing; the file is damaged");
      testing::expect_contains(error.what(), "adapter key '" + module);
    }
  }
  for (const std::string suffix : {".alpha", ".dora_scale", ".lora_magnitude_vector",
                                   ".lora_mid.weight", ".hada_t1", ".lokr_t2"}) {
    file = {};
    add(module + suffix, random_tensor({1}, 1));
    expect_refused("'" + module + suffix + "' stands alone");
    // Beside another module that is complete, too.
    add("diffusion_model.layers.1.attention.out.lora_A.weight", random_tensor({4, 256}, 1));
    add("diffusion_model.layers.1.attention.out.lora_B.weight", random_tensor({256, 4}, 1));
    expect_refused("'" + module + suffix + "' stands alone");
  }
}

TEST_F(AdapterTest, WhatIsThereTwiceIsRefused) {
  const std::string module = "diffusion_model.layers.0.attention.out";
  add(module + ".lokr_w1", random_tensor({4, 4}, 1));
  add(module + ".lokr_w2", random_tensor({64, 64}, 1));
  add(module + ".lokr_w2_a", random_tensor({64, 2}, 1));
  expect_refused("'" + module + ".lokr_w2' is there as a whole and as a product");
  file = {};
  add(module + ".lora_A.weight", random_tensor({4, 256}, 1));
  add(module + ".lora_B.weight", random_tensor({256, 4}, 1));
  add(module + ".dora_scale", random_tensor({256, 1}, 1));
  add(module + ".lora_magnitude_vector", random_tensor({256}, 1));
  expect_refused("'" + module + ".dora_scale' says the same as");
}

TEST_F(AdapterTest, AlphasThatAreNoNumbersAreRefused) {
  const std::string module = "diffusion_model.layers.0.attention.out";
  for (const float alpha :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    file = {};
    add(module + ".lora_A.weight", random_tensor({4, 256}, 1));
    add(module + ".lora_B.weight", random_tensor({256, 4}, 2));
    file.add(module + ".alpha", {}, {alpha});
    expect_refused("'" + module + ".alpha' is not a finite number");
  }
  file.add_zeros(module + ".alpha", {1}, DType::kI64);
  apply();  // a whole number, as some programs write it
}

TEST_F(AdapterTest, AFileCutShortIsRefused) {
  add("diffusion_model.layers.0.attention.out.lora_A.weight", random_tensor({4, 256}, 1));
  add("diffusion_model.layers.0.attention.out.lora_B.weight", random_tensor({256, 4}, 2));
  const auto path = *folder_ / "cut.safetensors";
  file.write(path);
  for (const uintmax_t size :
       {std::filesystem::file_size(path) - 1, uintmax_t{100}, uintmax_t{3}, uintmax_t{0}}) {
    std::filesystem::resize_file(path, size);
    const Error error = testing::expect_error([&] { Adapter::open(path); });
    EXPECT_EQ(error.kind(), ErrorKind::kFile);
    testing::expect_contains(error.what(), "cut.safetensors");
  }
}

TEST_F(AdapterTest, KeysWithoutAWeightAreCounted) {
  add("diffusion_model.layers.0.attention.out.lora_A.weight", random_tensor({4, 256}, 1));
  add("diffusion_model.layers.0.attention.out.lora_B.weight", random_tensor({256, 4}, 2));
  add("diffusion_model.layers.9.attention.out.lora_A.weight", random_tensor({4, 256}, 1));
  add("diffusion_model.layers.9.attention.out.lora_B.weight", random_tensor({256, 4}, 2));
  add("something", random_tensor({1}, 1));
  apply();
  ASSERT_EQ(warnings.size(), 1u);
  testing::expect_contains(warnings[0],
                           "3 of the adapter's 5 keys find no weight and are left out: "
                           "'diffusion_model.layers.9.attention.out.lora_A.weight', ");
}

TEST_F(AdapterTest, AnAdapterOfAnotherFamilyIsNamed) {
  struct Case {
    const char* module;
    int64_t columns;
    const char* family;
  };
  for (const auto& [module, columns, family] :
       {Case{"lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k", 2048,
             "Stable Diffusion XL"},
        Case{"lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k", 768,
             "Stable Diffusion 1"},
        Case{"lora_unet_double_blocks_0_img_attn_qkv", 3072, "FLUX.1"},
        Case{"transformer.single_transformer_blocks.0.attn.to_q", 3072, "FLUX.1"},
        Case{"diffusion_model.blocks.0.cross_attn.k", 5120, "Wan"},
        Case{"transformer_blocks.0.img_mlp.net.2", 64, "Qwen-Image"},
        Case{"diffusion_model.joint_blocks.0.x_block.attn.qkv", 1536, "Stable Diffusion 3"},
        Case{"diffusion_model.transformer_blocks.0.attn1.to_q", 2048, "LTX-Video"}}) {
    file = {};
    file.add_zeros(std::string(module) + ".lora_down.weight", {4, columns});
    file.add_zeros(std::string(module) + ".lora_up.weight", {64, 4});
    expect_refused("none of the adapter's 2 keys fits this model");
    expect_refused("LoRA adapter for " + std::string(family));
  }
}

TEST_F(AdapterTest, OtherFilesAreRefused) {
  expect_error(ErrorKind::kFile, "holds: Z-Image diffusion model. Needed here: an adapter",
               [] { Adapter::open(*folder_ / "fused"); });
}

TEST_F(AdapterTest, ATextEncodersKeysAreNoSurpriseWithoutOne) {
  add("lora_te_layers_1_self_attn_k_proj.lora_up.weight", random_tensor({64, 4}, 1));
  add("lora_te_layers_1_self_attn_k_proj.lora_down.weight", random_tensor({4, 64}, 1));
  file.write(*folder_ / "adapter.safetensors");
  const Adapter adapter = Adapter::open(*folder_ / "adapter.safetensors");
  expect_error(ErrorKind::kFile, "changes the text encoder only",
               [&] { adapter.check_used({}, false); });
  adapter.check_used({.keys = {"another key"}, .nearest = {}}, false);
  EXPECT_TRUE(warnings.empty());
}

}  // namespace
}  // namespace zanime::checkpoints
