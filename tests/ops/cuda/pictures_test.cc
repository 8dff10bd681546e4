// Kernels over channel-last pictures, against plain loops in double precision.
#include "ops/cuda/kernels/pictures.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "tests/ops/cuda/test_device.h"

namespace zanime::ops::cuda {
namespace {

struct Case {
  int64_t items, pixels, channels, groups;
  float shift;  // of the values, which lie within 1 around it
};

TEST(CudaPictures, GroupNormIsItsDefinition) {
  for (DType dtype : {DType::kF32, DType::kBF16}) {
    // Groups inside a pack and across packs, one pixel, a last piece that is short, more packs than
    // threads, values far from zero.
    for (const Case& c :
         {Case{1, 1, 4, 2, 0.0f}, Case{2, 37, 6, 3, 0.5f}, Case{1, 300, 64, 32, 0.0f},
          Case{2, 129, 32, 32, 2.0f}, Case{1, 3, 517, 11, 0.0f}, Case{1, 131, 8, 2, 50.0f}}) {
      const PictureShape shape{dtype, c.items, c.pixels, c.channels};
      const auto size = static_cast<size_t>(shape.size());
      const std::vector<float> x = rounded(dtype, random_values(size, 1, 1.0f, c.shift));
      const std::vector<float> weight = random_values(c.channels, 2),
                               bias = random_values(c.channels, 3);
      const DeviceArray in(dtype, x), weights(DType::kF32, weight), biases(DType::kF32, bias);
      const DeviceArray scratch(DType::kF32, group_norm_scratch(shape, c.groups));
      const DeviceArray factors(DType::kF32, 2 * c.items * c.channels);
      group_norm_factors(test_stream(), shape, c.groups, in.data(), weights.floats(),
                         biases.floats(), 1e-6f, scratch.floats(), factors.floats());
      const int64_t per_group = c.channels / c.groups;
      for (bool with_silu : {false, true}) {
        const DeviceArray out(dtype, size);
        group_norm_apply(test_stream(), shape, in.data(), factors.floats(), with_silu, out.data());
        std::vector<double> expected(size);
        for (int64_t item = 0; item < c.items; ++item) {
          for (int64_t group = 0; group < c.groups; ++group) {
            const auto for_each = [&](auto body) {
              for (int64_t i = 0; i < c.pixels * per_group; ++i) {
                body((item * c.pixels + i / per_group) * c.channels + group * per_group +
                     i % per_group);
              }
            };
            const double count = static_cast<double>(c.pixels * per_group);
            double mean = 0, variance = 0;
            for_each([&](int64_t i) { mean += x[i] / count; });
            for_each([&](int64_t i) { variance += std::pow(x[i] - mean, 2) / count; });
            for_each([&](int64_t i) {
              const int64_t channel = i % c.channels;
              const double value =
                  (x[i] - mean) / std::sqrt(variance + 1e-6) * weight[channel] + bias[channel];
              expected[i] = with_silu ? value / (1 + std::exp(-value)) : value;
            });
          }
        }
        // Far from zero, float32 has fewer bits left for what lies around the mean.
        const double limit = tolerance(dtype) * (1 + c.shift);
        EXPECT_LT(relative_difference(out.values(), expected), limit)
            << c.pixels << " " << c.channels;
      }
    }
  }
}

TEST(CudaPictures, UpsamplingRepeatsPixels) {
  for (DType dtype : {DType::kF32, DType::kBF16}) {
    for (int64_t channels : {1, 3, 16}) {
      const int64_t height = 3, width = 5;
      const std::vector<float> x = rounded(dtype, random_values(2 * height * width * channels, 1));
      const DeviceArray in(dtype, x), out(dtype, 4 * x.size());
      upsample_nearest(test_stream(), dtype, 2, height, width, channels, in.data(), out.data());
      std::vector<float> expected;
      for (int64_t row = 0; row < 2 * 2 * height; ++row) {
        for (int64_t column = 0; column < 2 * width; ++column) {
          for (int64_t c = 0; c < channels; ++c) {
            expected.push_back(x[(row / 2 * width + column / 2) * channels + c]);
          }
        }
      }
      EXPECT_EQ(out.values(), expected) << channels;
    }
  }
}

TEST(CudaPictures, PatchesAreWhatTheKernelSees) {
  for (DType dtype : {DType::kF32, DType::kBF16}) {
    for (int64_t channels : {3, 16}) {
      PatchesShape shape{.dtype = dtype,
                         .height = 5,
                         .width = 4,
                         .channels = channels,
                         .out_height = 3,
                         .out_width = 2,
                         .kernel_height = 3,
                         .kernel_width = 3,
                         .stride = 2,
                         .pad_before = 1,
                         .first = 4,  // to the end of a picture, and into the next
                         .count = 5};
      const std::vector<float> x =
          rounded(dtype, random_values(static_cast<size_t>(2 * 5 * 4 * channels), 1));
      const DeviceArray in(dtype, x), out(dtype, shape.count * shape.row_size());
      gather_patches(test_stream(), shape, in.data(), out.data());
      std::vector<float> expected;
      for (int64_t pixel = 4; pixel < 9; ++pixel) {
        for (int64_t tap = 0; tap < 9; ++tap) {
          const int64_t row = pixel / 2 % 3 * 2 + tap / 3 - 1, column = pixel % 2 * 2 + tap % 3 - 1;
          const bool inside = row >= 0 && row < 5 && column >= 0 && column < 4;
          for (int64_t c = 0; c < channels; ++c) {
            const int64_t at = ((pixel / 6 * 5 + row) * 4 + column) * channels + c;
            expected.push_back(inside ? x[static_cast<size_t>(at)] : 0.0f);
          }
        }
      }
      EXPECT_EQ(out.values(), expected) << channels;
    }
  }
}

}  // namespace
}  // namespace zanime::ops::cuda
