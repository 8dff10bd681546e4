// Block formats against the `gguf` package of PyPI (tests/golden/make_gguf.py), bit for bit.
#include "weights/block_formats.h"

#include <bit>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/golden.h"
#include "weights/safetensors.h"

namespace zanime::weights {
namespace {

class BlockFormat : public ::testing::TestWithParam<DType> {};

TEST_P(BlockFormat, GivesTheReferencesBits) {
  const std::string name(dtype_name(GetParam()));
  auto golden = open_safetensors(testing::golden_path("gguf.safetensors"));
  if (golden->find(name + "/blocks") == nullptr) {
    golden = open_safetensors(testing::golden_path("gguf_later.safetensors"));
  }
  const TensorEntry& blocks = golden->get(name + "/blocks");
  const Tensor expected = golden->read_float32(name + "/values");
  ASSERT_EQ(blocks.bytes, static_cast<uint64_t>(dtype_bytes(GetParam(), expected.size())));
  Tensor values(expected.shape());
  dequantize_blocks(blocks.data, GetParam(), values.size(), values.data());
  for (int64_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint32_t>(values.data()[i]),
              std::bit_cast<uint32_t>(expected.data()[i]))
        << "value " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, BlockFormat,
                         ::testing::Values(DType::kQ8_0, DType::kQ6_K, DType::kQ5_K, DType::kQ5_1,
                                           DType::kQ5_0, DType::kQ4_K, DType::kQ4_1, DType::kQ4_0,
                                           DType::kQ3_K, DType::kQ2_K, DType::kIQ4_NL,
                                           DType::kIQ4_XS, DType::kMXFP4, DType::kNVFP4,
                                           DType::kIQ2_XXS, DType::kIQ2_XS, DType::kIQ2_S,
                                           DType::kIQ3_XXS, DType::kIQ3_S, DType::kIQ1_S,
                                           DType::kIQ1_M, DType::kTQ1_0, DType::kTQ2_0),
                         [](const auto& test) { return std::string(dtype_name(test.param)); });

TEST(BlockFormats, WeightFilesHaveNone) {
  EXPECT_FALSE(dtype_from_name("Q4_K").has_value());
  float value = 0;
  EXPECT_THROW(dequantize_blocks(nullptr, DType::kF32, 1, &value), std::invalid_argument);
}

}  // namespace
}  // namespace zanime::weights
