// The operations of the CPU backend against plain loops in double precision, at every instruction
// set present.
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/parallel.h"
#include "ops/ops.h"
#include "tests/support/backends.h"
#include "tests/support/host_calls.h"
#include "tests/support/random_tensor.h"
#include "tests/support/split_weight.h"
#include "weights/weight_values.h"

namespace zanime::ops {
namespace {

using zanime::testing::backend_factories;
using zanime::testing::BackendFactory;
using zanime::testing::HostCalls;
using zanime::testing::max_difference;
using zanime::testing::random_tensor;
using zanime::testing::split_weight;
using zanime::testing::whole_weight;

Tensor naive_linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const int64_t rows = x.size() / x.dim(-1), depth = x.dim(-1), outputs = weight.dim(0);
  Tensor out({rows, outputs});
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t o = 0; o < outputs; ++o) {
      double sum = bias.empty() ? 0.0 : bias.data()[o];
      for (int64_t i = 0; i < depth; ++i) {
        sum += double{x.data()[r * depth + i]} * weight.data()[o * depth + i];
      }
      out.data()[r * outputs + o] = static_cast<float>(sum);
    }
  }
  return out;
}

class BackendTest : public ::testing::TestWithParam<BackendFactory> {
 protected:
  const HostCalls calls{GetParam().make(Compute::kFloat32)};
  const HostCalls* const backend = &calls;
};

INSTANTIATE_TEST_SUITE_P(Backends, BackendTest, ::testing::ValuesIn(backend_factories()),
                         [](const auto& backend) { return backend.param.name; });

TEST_P(BackendTest, LinearMatchesPlainLoops) {
  // Widths around the panel sizes, none a multiple of a vector.
  for (auto [rows, depth, outputs, parts] : std::vector<std::array<int64_t, 4>>{
           {1, 5, 3, 1}, {7, 769, 513, 3}, {33, 1541, 67, 2}, {2, 256, 1030, 1}}) {
    const Tensor x = random_tensor({rows, depth}, 1), w = random_tensor({outputs, depth}, 2),
                 bias = random_tensor({outputs}, 3);
    const Linear layer{split_weight(w, static_cast<int>(parts)), whole_weight(bias)};
    const Tensor expected = naive_linear(x, w, bias);
    EXPECT_LT(max_difference(backend->linear(x, layer), expected), 1e-4) << depth;
    Tensor sum = expected.clone();
    backend->linear_add_inplace(sum, x, layer);
    Tensor twice = expected.clone();
    backend->add_inplace(twice, expected);
    EXPECT_LT(max_difference(sum, twice), 2e-4) << depth;
  }
}

TEST_P(BackendTest, RowScalesAndPartScalesMultiplyTheStoredValues) {
  const Tensor x = random_tensor({4, 40}, 1), w = random_tensor({6, 40}, 2);
  weights::Weight weight = split_weight(w, 2);
  std::vector<weights::WeightPart> parts = weight.parts();
  parts[0].scale = 0.5f;
  parts[1].row_scales = std::make_shared<const std::vector<float>>(std::vector{2.0f, 3.0f, 4.0f});
  Tensor scaled = w.clone();
  const float factors[] = {0.5f, 0.5f, 0.5f, 2.0f, 3.0f, 4.0f};
  for (int64_t i = 0; i < scaled.size(); ++i) scaled.data()[i] *= factors[i / 40];
  const Linear layer{weights::Weight("scaled", w.shape(), parts, weight.owner()), {}};
  EXPECT_LT(max_difference(backend->linear(x, layer), naive_linear(x, scaled, {})), 1e-5);
  EXPECT_EQ(max_difference(weights::to_float32(layer.weight), scaled), 0);
}

TEST_P(BackendTest, GatedFeedForwardIsItsDefinition) {
  const Tensor x = random_tensor({9, 48}, 1), gate = random_tensor({600, 48}, 2),
               up = random_tensor({600, 48}, 3), down = random_tensor({48, 600}, 4);
  Tensor hidden = naive_linear(x, gate, {});
  const Tensor factor = naive_linear(x, up, {});
  for (int64_t i = 0; i < hidden.size(); ++i) {
    const double g = hidden.data()[i];
    hidden.data()[i] = static_cast<float>(g / (1 + std::exp(-g)) * factor.data()[i]);
  }
  const Tensor out = backend->gated_feed_forward(
      x, {split_weight(gate, 1), {}}, {split_weight(up, 2), {}}, {split_weight(down, 1), {}});
  EXPECT_LT(max_difference(out, naive_linear(hidden, down, {})), 1e-3);
}

Tensor naive_attention(const Tensor& qkv, const AttentionLayout& a, bool causal) {
  Tensor out({a.batch * a.tokens, a.query_heads * a.head_dim});
  const auto row = [&](int64_t b, int64_t t) {
    return qkv.data() + (b * a.tokens + t) * a.row_size();
  };
  for (int64_t b = 0; b < a.batch; ++b) {
    for (int64_t h = 0; h < a.query_heads; ++h) {
      const int64_t kv = h / (a.query_heads / a.kv_heads);
      for (int64_t t = 0; t < a.tokens; ++t) {
        const int64_t visible = causal ? t + 1 : a.tokens;
        std::vector<double> weights(visible);
        double sum = 0;
        for (int64_t s = 0; s < visible; ++s) {
          double score = 0;
          for (int64_t i = 0; i < a.head_dim; ++i) {
            score += double{row(b, t)[h * a.head_dim + i]} *
                     row(b, s)[(a.query_heads + kv) * a.head_dim + i];
          }
          sum += weights[s] = std::exp(score / std::sqrt(double(a.head_dim)));
        }
        for (int64_t i = 0; i < a.head_dim; ++i) {
          double value = 0;
          for (int64_t s = 0; s < visible; ++s) {
            value += weights[s] * row(b, s)[(a.query_heads + a.kv_heads + kv) * a.head_dim + i];
          }
          out.data()[(b * a.tokens + t) * out.dim(1) + h * a.head_dim + i] =
              static_cast<float>(value / sum);
        }
      }
    }
  }
  return out;
}

TEST_P(BackendTest, AttentionMatchesPlainLoops) {
  for (const AttentionLayout& layout :
       {AttentionLayout{1, 1, 1, 1, 8}, AttentionLayout{2, 150, 4, 2, 32},
        AttentionLayout{1, 300, 2, 2, 48}}) {
    const Tensor qkv = random_tensor({layout.batch * layout.tokens, layout.row_size()}, 5);
    for (bool causal : {false, true}) {
      EXPECT_LT(max_difference(backend->attention(qkv, layout, causal),
                               naive_attention(qkv, layout, causal)),
                2e-6)
          << layout.tokens << (causal ? " causal" : "");
    }
  }
}

TEST_P(BackendTest, HeadNormRopeRotatesNormedHeads) {
  const AttentionLayout layout{2, 3, 2, 1, 8};
  const Tensor query_weight = random_tensor({8}, 1), key_weight = random_tensor({8}, 2);
  const Tensor angles = random_tensor({3, 4}, 3);
  for (RopePairs pairs : {RopePairs::kHalfSplit, RopePairs::kInterleaved}) {
    Tensor cos({3, 4}), sin({3, 4});
    for (int64_t i = 0; i < 12; ++i) {
      cos.data()[i] = std::cos(angles.data()[i]);
      sin.data()[i] = std::sin(angles.data()[i]);
    }
    const Tensor before = random_tensor({6, layout.row_size()}, 4);
    Tensor after = before.clone();
    backend->head_norm_rope_inplace(after, layout, query_weight, key_weight, 1e-6f, cos, sin,
                                    pairs);
    for (int64_t row = 0; row < 6; ++row) {
      for (int64_t head = 0; head < 4; ++head) {
        const float* in = before.data() + row * layout.row_size() + head * 8;
        const float* out = after.data() + row * layout.row_size() + head * 8;
        if (head == 3) {  // the value head stays
          EXPECT_EQ(std::memcmp(in, out, 8 * sizeof(float)), 0);
          continue;
        }
        double squares = 0;
        for (int i = 0; i < 8; ++i) squares += double{in[i]} * in[i];
        const float* weight = head < 2 ? query_weight.data() : key_weight.data();
        for (int i = 0; i < 4; ++i) {
          const int first = pairs == RopePairs::kHalfSplit ? i : 2 * i;
          const int second = pairs == RopePairs::kHalfSplit ? i + 4 : 2 * i + 1;
          const double a = in[first] / std::sqrt(squares / 8 + 1e-6) * weight[first];
          const double b = in[second] / std::sqrt(squares / 8 + 1e-6) * weight[second];
          const double angle = angles.data()[row % 3 * 4 + i];
          EXPECT_NEAR(out[first], a * std::cos(angle) - b * std::sin(angle), 2e-6);
          EXPECT_NEAR(out[second], a * std::sin(angle) + b * std::cos(angle), 2e-6);
        }
      }
    }
  }
}

TEST_P(BackendTest, ConvolutionMatchesPlainLoops) {
  struct Case {
    int64_t height, width, in, out;
    int kernel, stride, before, after;
  };
  for (const Case& c : {Case{5, 7, 3, 5, 3, 1, 1, 1}, Case{8, 6, 16, 32, 3, 1, 1, 1},
                        Case{8, 7, 8, 8, 3, 2, 0, 1}, Case{4, 4, 6, 3, 1, 1, 0, 0}}) {
    const Tensor x = random_tensor({2, c.height, c.width, c.in}, 1);
    const Tensor w = random_tensor({c.out, c.in, c.kernel, c.kernel}, 2);
    const Tensor bias = random_tensor({c.out}, 3);
    const Tensor out =
        backend->conv2d(x, {split_weight(w, 1), whole_weight(bias), c.stride, c.before, c.after});
    const int64_t height = (c.height + c.before + c.after - c.kernel) / c.stride + 1;
    const int64_t width = (c.width + c.before + c.after - c.kernel) / c.stride + 1;
    Tensor expected({2, height, width, c.out});
    float* target = expected.data();
    for (int64_t b = 0; b < 2; ++b) {
      for (int64_t y = 0; y < height; ++y) {
        for (int64_t column = 0; column < width; ++column) {
          for (int64_t o = 0; o < c.out; ++o) {
            double sum = bias.data()[o];
            for (int64_t ky = 0; ky < c.kernel; ++ky) {
              for (int64_t kx = 0; kx < c.kernel; ++kx) {
                const int64_t sy = y * c.stride + ky - c.before;
                const int64_t sx = column * c.stride + kx - c.before;
                if (sy < 0 || sx < 0 || sy >= c.height || sx >= c.width) continue;
                for (int64_t i = 0; i < c.in; ++i) {
                  sum += double{x.data()[((b * c.height + sy) * c.width + sx) * c.in + i]} *
                         w.data()[((o * c.in + i) * c.kernel + ky) * c.kernel + kx];
                }
              }
            }
            *target++ = static_cast<float>(sum);
          }
        }
      }
    }
    EXPECT_LT(max_difference(out, expected), 3e-5) << c.in << " -> " << c.out;
  }
}

TEST_P(BackendTest, GroupNormIsPerPictureAndGroup) {
  const Tensor x = random_tensor({2, 20, 17, 8}, 1);
  const Tensor weight = random_tensor({8}, 2), bias = random_tensor({8}, 3);
  const Tensor plain = backend->group_norm(x, {4, whole_weight(weight), whole_weight(bias)});
  const int64_t pixels = 20 * 17;
  for (int64_t b = 0; b < 2; ++b) {
    for (int64_t g = 0; g < 4; ++g) {
      double sum = 0, squares = 0;
      for (int64_t p = 0; p < pixels; ++p) {
        for (int64_t c = 2 * g; c < 2 * g + 2; ++c) {
          const double v = x.data()[(b * pixels + p) * 8 + c];
          sum += v;
          squares += v * v;
        }
      }
      const double mean = sum / (2.0 * pixels);
      const double inverse = 1 / std::sqrt(squares / (2.0 * pixels) - mean * mean + 1e-6);
      for (int64_t p = 0; p < pixels; ++p) {
        for (int64_t c = 2 * g; c < 2 * g + 2; ++c) {
          const int64_t at = (b * pixels + p) * 8 + c;
          const double y = (x.data()[at] - mean) * inverse * weight.data()[c] + bias.data()[c];
          EXPECT_NEAR(plain.data()[at], y, 2e-6);
        }
      }
    }
  }
}

// In one strip, in several of which the last is shorter, and by taps.
TEST_P(BackendTest, NormalisedConvolutionIsTheThreeStepsInOne) {
  for (const Shape& shape : {Shape{2, 9, 5, 32}, Shape{1, 20, 4100, 32}, Shape{2, 6, 4, 320}}) {
    const Tensor x = random_tensor(shape, 1);
    const int64_t channels = shape[3];
    const GroupNorm norm{32, whole_weight(random_tensor({channels}, 2)),
                         whole_weight(random_tensor({channels}, 3))};
    const Conv2d layer{split_weight(random_tensor({channels, channels, 3, 3}, 4), 1),
                       whole_weight(random_tensor({channels}, 5))};
    const Tensor expected = backend->conv2d(backend->silu(backend->group_norm(x, norm)), layer);
    const Tensor out = backend->norm_conv2d(x, norm, layer);
    EXPECT_EQ(max_difference(out, expected), 0.0f) << shape.to_string();
    Tensor replaced = x.clone();
    backend->norm_conv2d_inplace(replaced, norm, layer);
    EXPECT_EQ(max_difference(replaced, expected), 0.0f) << shape.to_string();
  }
}

TEST_P(BackendTest, ConvolutionsThatDoNotFitAreRefused) {
  Tensor x = random_tensor({1, 4, 4, 32}, 1);
  const GroupNorm norm{32, whole_weight(random_tensor({32}, 2)),
                       whole_weight(random_tensor({32}, 3))};
  const Conv2d narrower{split_weight(random_tensor({16, 32, 3, 3}, 4), 1), {}};
  const Conv2d deeper{split_weight(random_tensor({32, 48, 3, 3}, 4), 1), {}};
  EXPECT_THROW(backend->norm_conv2d_inplace(x, norm, narrower), std::invalid_argument);
  EXPECT_THROW(backend->conv2d(x, deeper), std::invalid_argument);
}

TEST_P(BackendTest, ResultsDoNotDependOnTheNumberOfThreads) {
  const int threads = thread_count();
  const Tensor x = random_tensor({70, 800}, 1), w = random_tensor({2400, 800}, 2);
  const Linear layer{split_weight(w, 3), {}};
  const AttentionLayout layout{1, 70, 25, 25, 32};
  const Tensor picture = random_tensor({1, 40, 40, 32}, 3), ones = random_tensor({32}, 4);
  const auto run = [&] {
    const Tensor qkv = backend->linear(x, layer);
    return std::vector{qkv, backend->attention(qkv, layout, true),
                       backend->group_norm(picture, {32, whole_weight(ones), whole_weight(ones)})};
  };
  set_thread_count(1);
  const std::vector<Tensor> alone = run();
  set_thread_count(2);
  const std::vector<Tensor> together = run();
  set_thread_count(threads);
  for (size_t i = 0; i < alone.size(); ++i) {
    EXPECT_EQ(max_difference(alone[i], together[i]), 0) << i;
  }
}

TEST_P(BackendTest, JoinsTokensBehindOneAnother) {
  const Tensor caption = random_tensor({1, 3, 4}, 1), image = random_tensor({2, 5, 4}, 2);
  const Tensor joined = backend->join_rows({caption, image});
  ASSERT_EQ(joined.shape(), (Shape{2, 8, 4}));
  for (int64_t item = 0; item < 2; ++item) {
    const Tensor rows = joined.rows(item, 1).reshaped({8, 4});
    EXPECT_EQ(max_difference(rows.rows(0, 3), caption.reshaped({3, 4})), 0);
    EXPECT_EQ(max_difference(rows.rows(3, 5), image.rows(item, 1).reshaped({5, 4})), 0);
  }
  EXPECT_THROW(backend->join_rows({caption, random_tensor({1, 2, 5}, 3)}), std::invalid_argument);
  EXPECT_THROW(backend->join_rows({image, random_tensor({3, 2, 4}, 3)}), std::invalid_argument);
}

TEST_P(BackendTest, JoinsChannelsBesideOneAnother) {
  const Tensor a = random_tensor({2, 5, 7, 3}, 1), b = random_tensor({2, 5, 7, 9}, 2);
  const Tensor joined = backend->join_channels({a, b, a});
  ASSERT_EQ(joined.shape(), (Shape{2, 5, 7, 15}));
  for (int64_t i = 0; i < joined.size(); ++i) {
    const int64_t row = i / 15, column = i % 15;
    const float expected = column < 3    ? a.data()[row * 3 + column]
                           : column < 12 ? b.data()[row * 9 + column - 3]
                                         : a.data()[row * 3 + column - 12];
    ASSERT_EQ(joined.data()[i], expected) << i;
  }
  EXPECT_THROW(backend->join_channels({a, random_tensor({2, 5, 6, 9}, 3)}), std::invalid_argument);
}

TEST_P(BackendTest, WorkOfUpscalersIsItsDefinition) {
  const Tensor x = random_tensor({3, 41, 19}, 1), other = random_tensor({3, 41, 19}, 2);
  const Tensor slopes = random_tensor({19}, 3);
  Tensor leaky = x.clone(), by_channel = x.clone(), sum = x.clone();
  backend->leaky_relu_inplace(leaky, 0.2f);
  backend->prelu_inplace(by_channel, slopes);
  backend->add_inplace(sum, other, -0.3f);
  const Tensor attended = backend->sigmoid_attention(x, other);
  for (int64_t i = 0; i < x.size(); ++i) {
    const double v = x.data()[i];
    EXPECT_NEAR(leaky.data()[i], v > 0 ? v : 0.2 * v, 1e-7) << i;
    EXPECT_NEAR(by_channel.data()[i], v > 0 ? v : slopes.data()[i % 19] * v, 1e-7) << i;
    EXPECT_NEAR(sum.data()[i], v - 0.3 * other.data()[i], 1e-6) << i;
    EXPECT_NEAR(attended.data()[i], (v + other.data()[i]) * (1 / (1 + std::exp(-v)) - 0.5), 1e-6)
        << i;
  }
  Tensor misfit = x.clone();
  EXPECT_THROW(backend->prelu_inplace(misfit, random_tensor({18}, 3)), std::invalid_argument);
}

// A picture with a value that is not a number must not become a black one.
TEST_P(BackendTest, NotANumberPassesThroughActivations) {
  Tensor x({4});
  for (float& value : x.values()) value = NAN;
  const Tensor zeros = Tensor::zeros({4});
  const Tensor attended = backend->sigmoid_attention(x, zeros);
  for (float value : attended.values()) EXPECT_TRUE(std::isnan(value));
  backend->leaky_relu_inplace(x, 0.2f);
  for (float value : x.values()) EXPECT_TRUE(std::isnan(value));
}

TEST_P(BackendTest, WhatIsUploadedComesBack) {
  const Tensor x = random_tensor({3, 4, 5}, 1);
  const Activation up = backend->backend().upload(x);
  EXPECT_EQ(up.shape(), x.shape());
  EXPECT_EQ(max_difference(backend->backend().download(up), x), 0);
  const Activation part = up.rows(1, 2).reshaped({40}).rows(5, 10);
  EXPECT_EQ(max_difference(backend->backend().download(part), x.reshaped({60}).rows(25, 10)), 0);
  EXPECT_THROW(up.rows(2, 2), std::out_of_range);
  EXPECT_THROW(up.reshaped({7}), std::invalid_argument);
}

TEST(MakeBackend, ADeviceThatDoesNotExistIsAnError) {
  try {
    make_backend({.device = "tpu"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find("'tpu'"), std::string::npos);
  }
}

TEST(MakeBackend, NamesOfDevicesAreCheckedWithoutAskingADriver) {
  for (const char* device : {"auto", "cpu"}) EXPECT_NO_THROW(check_device(device));
  for (const char* device : {"", "tpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "CUDA"}) {
    try {
      check_device(device);
      ADD_FAILURE() << device;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_NE(std::string(error.what()).find("auto, cpu, cuda and cuda:N"), std::string::npos);
    }
  }
}

TEST(CpuLevel, AnUnknownLevelIsAnErrorThatListsTheOthers) {
  try {
    make_cpu_backend("sse9", Compute::kFloat32);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find("baseline"), std::string::npos);
  }
}

}  // namespace
}  // namespace zanime::ops
