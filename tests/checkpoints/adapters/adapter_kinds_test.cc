// Names in any wrapper, two spellings of one change, and the rarer kinds of change, each held to a
// computation beside it.
#include <cmath>
#include <vector>

#include "tests/checkpoints/adapters/adapter_fixture.h"

namespace zanime::checkpoints {
namespace {

constexpr const char* kPad = "x_pad_token";  // [1, 256]
constexpr const char* kFinal = "final_layer.linear";

using Matrix = std::vector<std::vector<double>>;

Matrix matrix_of(const Tensor& tensor) {
  Matrix result(static_cast<size_t>(tensor.dim(0)));
  for (size_t i = 0; i < result.size(); ++i) {
    const float* row = tensor.data() + static_cast<int64_t>(i) * tensor.dim(1);
    result[i].assign(row, row + tensor.dim(1));
  }
  return result;
}

Matrix identity(size_t size) {
  Matrix result(size, std::vector<double>(size));
  for (size_t i = 0; i < size; ++i) result[i][i] = 1;
  return result;
}

Matrix times(const Matrix& a, const Matrix& b) {
  Matrix result(a.size(), std::vector<double>(b[0].size()));
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t k = 0; k < b.size(); ++k) {
      for (size_t j = 0; j < b[0].size(); ++j) result[i][j] += a[i][k] * b[k][j];
    }
  }
  return result;
}

Tensor tensor_of(const Matrix& matrix) {
  std::vector<float> values;
  for (const auto& row : matrix) values.insert(values.end(), row.begin(), row.end());
  return Tensor::from({static_cast<int64_t>(matrix.size()), static_cast<int64_t>(matrix[0].size())},
                      values);
}

// (1 + q)(1 - q)^-1 of block number `block` as x = 1 + q + q x, which converges for a small q.
Matrix rotation(const Tensor& blocks, int64_t block, double scale, double strength) {
  const int64_t size = blocks.shape()[-1];
  const float* from = blocks.data() + block * size * size;
  Matrix q = identity(static_cast<size_t>(size));
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t j = 0; j < size; ++j) {
      q[i][j] = scale * (double{from[i * size + j]} - double{from[j * size + i]});
    }
  }
  Matrix x = identity(static_cast<size_t>(size));
  for (int step = 0; step < 80; ++step) {
    Matrix next = times(q, x);
    for (size_t i = 0; i < x.size(); ++i) {
      for (size_t j = 0; j < x.size(); ++j) next[i][j] += q[i][j] + (i == j ? 1 : 0);
    }
    x = next;
  }
  for (size_t i = 0; i < x.size(); ++i) {
    for (size_t j = 0; j < x.size(); ++j) {
      x[i][j] = strength * x[i][j] + (i == j ? 1 - strength : 0);
    }
  }
  return x;
}

double norm_of(const Tensor& blocks) {
  const int64_t size = blocks.shape()[-1];
  double squares = 0;
  for (int64_t m = 0; m < blocks.size() / size / size; ++m) {
    for (int64_t i = 0; i < size; ++i) {
      for (int64_t j = 0; j < size; ++j) {
        const float* from = blocks.data() + m * size * size;
        const double value = double{from[i * size + j]} - double{from[j * size + i]};
        squares += value * value;
      }
    }
  }
  return std::sqrt(squares);
}

Tensor scaled(Tensor tensor, float factor) {
  for (float& value : tensor.values()) value *= factor;
  return tensor;
}

TEST_F(AdapterTest, AnyWrapperMayStandInFront) {
  const Tensor up = random_tensor({256, 4}, 1), down = random_tensor({4, 256}, 2);
  const Tensor expected = plus(base(kOut), 1.0, product(up, down));
  for (const std::string module :
       {"lora_unet__layers_0_attention_to_out_0", "default.layers.0.attention.out",
        "module.layers.0.attention.out", "_orig_mod.layers.0.attention.to_out.0",
        "pipe.dit.layers.0.attention.to_out.0", "pipe_dit_layers_0_attention_out",
        "my_own.thing.model.diffusion_model.layers.0.attention.out",
        "transformer.transformer.layers.0.attention.to_out.0"}) {
    for (const std::string name : {".", ".default.", ".my-style_2."}) {
      SCOPED_TRACE(module + name);
      file = {};
      add(module + ".lora_A" + name + "weight", down);
      add(module + ".lora_B" + name + "weight", up);
      expect(kOut, expected);
    }
  }
  EXPECT_TRUE(warnings.empty());
}

TEST_F(AdapterTest, ModulesOfOtherNetworksAreNotTakenForOurs) {
  for (const std::string module :
       {"control_layers.0.attention.out", "diffusion_model.control_layers_0_attention_out"}) {
    file = {};
    add(module + ".lora_A.weight", random_tensor({4, 256}, 1));
    add(module + ".lora_B.weight", random_tensor({256, 4}, 1));
    expect_refused("none of the adapter's 2 keys fits");
  }
}

TEST_F(AdapterTest, WhatFitsNothingIsToldWithWhatIsNearest) {
  add("diffusion_model.layers.7.attention.to_q.lora_A.weight", random_tensor({4, 256}, 1));
  add("diffusion_model.layers.7.attention.to_q.lora_B.weight", random_tensor({256, 4}, 1));
  const std::string message = expect_refused("none of the adapter's 2 keys fits").what();
  testing::expect_contains(message, "'diffusion_model.layers.7.attention.to_q.lora_A.weight'");
  testing::expect_contains(message,
                           "nearest to 'diffusion_model.layers.7.attention.to_q' is "
                           "'layers.");
  EXPECT_EQ(message.find("holds: LoRA adapter for Z-Image"), std::string::npos) << message;
}

TEST_F(AdapterTest, FusedAndSplitPartsAddUp) {
  const std::string attention = "diffusion_model.layers.0.attention.";
  const Tensor up = random_tensor({768, 4}, 1), down = random_tensor({4, 256}, 2);
  const Tensor up_k = random_tensor({256, 4}, 3), down_k = random_tensor({4, 256}, 4);
  add(attention + "qkv.lora_A.weight", down);
  add(attention + "qkv.lora_B.weight", up);
  add(attention + "to_k.lora_A.weight", down_k);
  add(attention + "to_k.lora_B.weight", up_k);
  expect(kQkv, plus(plus(base(kQkv), 1.0, product(up, down)), 1.0, product(up_k, down_k), 256));
  EXPECT_TRUE(warnings.empty());
}

TEST_F(AdapterTest, OfTwoSpellingsDiffusersCounts) {
  const std::string attention = "diffusion_model.layers.0.attention.";
  const Tensor up = random_tensor({256, 4}, 1), down = random_tensor({4, 256}, 2);
  add(attention + "out.lora_A.weight", random_tensor({4, 256}, 8));
  add(attention + "out.lora_B.weight", random_tensor({256, 4}, 9));
  add(attention + "to_out.0.lora_A.weight", down);
  add(attention + "to_out.0.lora_B.weight", up);
  expect(kOut, plus(base(kOut), 1.0, product(up, down)));
  ASSERT_EQ(warnings.size(), 2u);  // one for each model tried
  testing::expect_contains(warnings[0], "1 of the adapter's modules are there in two spellings");
  testing::expect_contains(warnings[0], "'" + attention + "out'");
}

TEST_F(AdapterTest, DifferencesOfAnyTensor) {
  const Tensor weight = random_tensor({64, 256}, 1), bias = random_tensor({64}, 2);
  const Tensor pad = random_tensor({1, 256}, 3), embedder = random_tensor({256}, 4);
  for (const std::string bias_suffix : {".diff_b", ".bias.diff"}) {
    file = {};
    add("diffusion_model." + std::string(kFinal) + ".diff", weight);
    add("diffusion_model.all_final_layer.2-1.linear" + bias_suffix, bias);
    add("diffusion_model.x_pad_token.diff", pad);
    add("diffusion_model.x_embedder.diff_b", embedder);
    const ModelWeights changed = apply(0.5);
    EXPECT_TRUE(warnings.empty());
    const auto expect_plus = [&](const std::string& name, const Tensor& delta) {
      const Tensor before = base(name.c_str());
      const Tensor after = weights::to_float32(changed.get(name));
      for (int64_t i = 0; i < before.size(); ++i) {
        ASSERT_NEAR(after.data()[i], before.data()[i] + 0.5f * delta.data()[i], kTolerance) << name;
      }
    };
    expect_plus(std::string(kFinal) + ".weight", weight);
    expect_plus(std::string(kFinal) + ".bias", bias);
    expect_plus(kPad, pad);
    expect_plus("x_embedder.bias", embedder);
  }
}

TEST_F(AdapterTest, ValuesThatReplaceATensor) {
  const Tensor weight = random_tensor({256, 256}, 1), pad = random_tensor({1, 256}, 2);
  const Tensor bias = random_tensor({64}, 3);
  add("diffusion_model.layers.0.attention.out.set_weight", weight);
  add("diffusion_model.x_pad_token.set_weight", pad);
  add("diffusion_model." + std::string(kFinal) + ".bias.set_weight", bias);
  for (const double strength : {1.0, 0.25}) {
    const ModelWeights changed = apply(strength);
    EXPECT_EQ(max_difference(weights::to_float32(changed.get(kOut)), weight), 0);
    EXPECT_EQ(max_difference(weights::to_float32(changed.get(kPad)), pad), 0);
    EXPECT_EQ(max_difference(weights::to_float32(changed.get(std::string(kFinal) + ".bias")), bias),
              0);
  }
}

TEST_F(AdapterTest, GloraInBothOrders) {
  const int64_t rank = 4;
  const Tensor old_weight = base(kW1);  // [96, 256]
  const Tensor a_in = random_tensor({256, rank}, 1), a_out = random_tensor({rank, 256}, 2);
  const Tensor b_up = random_tensor({96, rank}, 3), b_down = random_tensor({rank, 256}, 4);
  const Tensor delta = plus(product(product(old_weight, a_in), a_out), 1.0, product(b_up, b_down));
  const Tensor expected = plus(old_weight, 0.7 * 2.0 / 4.0, delta);
  const std::string module = "lycoris_layers_0_feed_forward_w1.";
  add(module + "a1.weight", a_in);
  add(module + "a2.weight", a_out);
  add(module + "b1.weight", b_up);
  add(module + "b2.weight", b_down);
  file.add(module + "alpha", {}, {2});
  EXPECT_LT(max_difference(weights::to_float32(apply(0.7).get(kW1)), expected), 2e-5);
  file = {};
  add(module + "a2.weight", a_in);
  add(module + "a1.weight", a_out);
  add(module + "b2.weight", b_up);
  add(module + "b1.weight", b_down);
  file.add(module + "alpha", {}, {2});
  EXPECT_LT(max_difference(weights::to_float32(apply(0.7).get(kW1)), expected), 2e-5);
  file.tensors.erase(module + "a1.weight");
  expect_refused("is one of four factors");
}

TEST_F(AdapterTest, OftTurnsBlocksOfRows) {
  const Tensor blocks = scaled(random_tensor({12, 8, 8}, 1), 0.02f);
  const Tensor rescale = random_tensor({96, 1}, 2);
  const std::string module = "lycoris_layers_0_feed_forward_w1.";
  struct Case {
    double alpha, strength;
    bool rescaled;
  };
  for (const Case& c : {Case{0, 1, false}, Case{0.1, 1, false}, Case{100, 0.6, true}}) {
    file = {};
    add(module + "oft_blocks", blocks);
    file.add(module + "alpha", {}, {static_cast<float>(c.alpha)});
    if (c.rescaled) add(module + "rescale", rescale);
    const double norm = norm_of(blocks);
    const double scale =
        c.alpha > 0 && norm > c.alpha ? double{static_cast<float>(c.alpha)} / norm : 1;
    const Matrix before = matrix_of(base(kW1));
    Matrix after(96, std::vector<double>(256));
    for (size_t block = 0; block < 12; ++block) {
      const Matrix r = rotation(blocks, static_cast<int64_t>(block), scale, c.strength);
      for (size_t m = 0; m < 8; ++m) {
        for (size_t n = 0; n < 8; ++n) {
          for (size_t j = 0; j < 256; ++j) {
            after[8 * block + m][j] += r[n][m] * before[8 * block + n][j];
          }
        }
      }
    }
    for (size_t i = 0; c.rescaled && i < 96; ++i) {
      for (double& value : after[i]) value *= double{rescale.data()[i]};
    }
    expect(kW1, tensor_of(after), c.strength);
  }
}

// The order of rows that LyCORIS makes by reshaping: groups of 2 k rows, within them k pairs.
TEST_F(AdapterTest, BoftTurnsRowsThatAreFurtherApartEachTime) {
  const int64_t stages = 3, count = 24, size = 4;  // 24 blocks of 4 rows
  const Tensor blocks = scaled(random_tensor({stages, count, size, size}, 1), 0.03f);
  const std::string module = "lycoris_layers_0_feed_forward_w1.";
  add(module + "oft_blocks", blocks);
  file.add(module + "alpha", {}, {0});
  for (const double strength : {1.0, 0.4}) {
    Matrix rows = matrix_of(base(kW1));
    for (int64_t stage = 0; stage < stages; ++stage) {
      const size_t k = (size_t{1} << stage) * size / 2;
      std::vector<size_t> order;
      for (size_t group = 0; group < 96 / (2 * k); ++group) {
        for (size_t i = 0; i < k; ++i) {
          for (size_t half = 0; half < 2; ++half) order.push_back(group * 2 * k + half * k + i);
        }
      }
      Matrix next(96, std::vector<double>(256));
      for (size_t block = 0; block < count; ++block) {
        const Matrix r = rotation(blocks, stage * count + static_cast<int64_t>(block), 1, strength);
        for (size_t i = 0; i < size; ++i) {
          for (size_t j = 0; j < size; ++j) {
            for (size_t c = 0; c < 256; ++c) {
              next[order[block * size + i]][c] += r[i][j] * rows[order[block * size + j]][c];
            }
          }
        }
      }
      rows = next;
    }
    expect(kW1, tensor_of(rows), strength);
  }
}

TEST_F(AdapterTest, BlocksThatDoNotFitAreRefused) {
  const std::string module = "lycoris_layers_0_feed_forward_w1.";
  for (const Shape& shape :
       {Shape{5, 8, 8}, Shape{12, 8, 4}, Shape{96, 1}, Shape{7, 24, 4, 4}, Shape{1, 32, 3, 3}}) {
    file = {};
    add(module + "oft_blocks", random_tensor(shape, 1));
    expect_refused("square blocks that divide the 96 rows");
  }
}

}  // namespace
}  // namespace zanime::checkpoints
