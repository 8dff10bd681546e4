#include "ops/cpu/tap_convolution.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "ops/cpu/convolution.h"
#include "ops/cpu/cpu_level.h"
#include "tests/support/random_tensor.h"
#include "tests/support/split_weight.h"

namespace zanime::ops {
namespace {

using namespace zanime::testing;

struct Case {
  int64_t batch, height, width, inputs, outputs;
  bool with_bias;
  friend void PrintTo(const Case& c, std::ostream* out) {
    *out << c.batch << " x " << c.height << " x " << c.width << ", " << c.inputs << " to "
         << c.outputs;
  }
};

// Every level against oneDNN's own convolution.
class TapConvolution : public ::testing::TestWithParam<Case> {
 protected:
  TapConvolution() {
    const Case& c = GetParam();
    x = random_tensor({c.batch, c.height, c.width, c.inputs}, 1);
    layer.weight = split_weight(random_tensor({c.outputs, c.inputs, 3, 3}, 2), 1);
    if (c.with_bias) layer.bias = whole_weight(random_tensor({c.outputs}, 3));
  }

  // The sum of a value's products grows with their number, and so do its rounding errors.
  float tolerance() const { return 4e-6f * std::sqrt(static_cast<float>(9 * GetParam().inputs)); }

  Tensor direct_conv2d(const cpu::RowKernels& kernels, const Tensor& picture) const {
    Tensor out(cpu::convolved_shape(picture.shape(), layer));
    cpu::conv2d(kernels, {picture}, layer, out);
    return out;
  }

  Tensor x;
  Conv2d layer;
};

TEST_P(TapConvolution, EqualsTheDirectOne) {
  for (const std::string& level : cpu_levels()) {
    const cpu::RowKernels& kernels = cpu::select_kernels(level);
    const Tensor direct = direct_conv2d(kernels, x);
    Tensor taps(direct.shape());
    cpu::tap_conv2d(kernels, {x}, layer, taps);
    EXPECT_LT(max_difference(taps, direct), tolerance()) << level;
  }
}

TEST_P(TapConvolution, OfADoubledPictureEqualsTheDirectOneOfItsDouble) {
  const cpu::RowKernels& kernels = cpu::select_kernels("");
  Tensor doubled(Shape{x.dim(0), 2 * x.dim(1), 2 * x.dim(2), x.dim(3)});
  const int64_t channels = x.dim(3), width = doubled.dim(2), height = doubled.dim(1);
  for (int64_t i = 0; i < doubled.size(); ++i) {
    const int64_t c = i % channels, column = i / channels % width;
    const int64_t row = i / channels / width % height, b = i / channels / width / height;
    doubled.data()[i] = x.data()[((b * x.dim(1) + row / 2) * x.dim(2) + column / 2) * channels + c];
  }
  const Tensor direct = direct_conv2d(kernels, doubled);
  const Tensor taps = cpu::tap_upsample_conv2d(kernels, x, layer);
  ASSERT_EQ(taps.shape(), direct.shape());
  EXPECT_LT(max_difference(taps, direct), tolerance());
}

// One pixel; runs of several rows, of one row, and of parts of a row; a last run that is shorter.
INSTANTIATE_TEST_SUITE_P(Shapes, TapConvolution,
                         ::testing::Values(Case{1, 1, 1, 8, 4, true}, Case{2, 5, 3, 32, 16, true},
                                           Case{1, 37, 30, 48, 24, false},
                                           Case{1, 3, 255, 16, 8, true},
                                           Case{2, 2, 256, 16, 3, true},
                                           Case{1, 3, 600, 4, 8, true}));

}  // namespace
}  // namespace zanime::ops
