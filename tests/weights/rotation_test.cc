// Rotated int8 weights against ComfyUI's own package (tests/golden/make_int8.py).
#include "weights/rotation.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/golden.h"
#include "tests/support/random_tensor.h"
#include "weights/quantization.h"
#include "weights/safetensors.h"
#include "weights/weight.h"
#include "weights/weight_values.h"

namespace zanime::weights {
namespace {

using namespace zanime::testing;

TEST(RotationTest, WeightsOfRotatedFilesAreThoseOfTheReference) {
  const auto golden = open_safetensors(golden_path("int8.safetensors"));
  const QuantizationScales scales(*golden, "");
  for (const int64_t group : {4, 16, 64, 256}) {
    const std::string name = "rotated_" + std::to_string(group) + ".weight";
    const TensorEntry& entry = golden->get(name);
    WeightScale scale = scales.scale_of(name, entry);
    ASSERT_EQ(scale.rotation, group);
    const WeightPart part{entry.data,  entry.dtype,           entry.shape[0],
                          scale.scale, std::move(scale.rows), scale.rotation};
    const Tensor weights = to_float32(Weight(name, entry.shape, {part}, golden));
    const Tensor expected = golden->read_float32("expected_" + std::to_string(group));
    EXPECT_LT(max_difference(weights, expected), 2e-5) << group;  // the largest are 60
  }
}

TEST(RotationTest, UndoesItself) {
  const Tensor x = random_tensor({512}, 1);
  Tensor twice = x.clone();
  rotate_groups(twice.data(), 512, 256);
  EXPECT_GT(max_difference(twice, x), 0.1);
  rotate_groups(twice.data(), 512, 256);
  EXPECT_LT(max_difference(twice, x), 1e-6);
}

}  // namespace
}  // namespace zanime::weights
