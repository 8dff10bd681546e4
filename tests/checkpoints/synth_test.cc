#include "checkpoints/synth.h"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/parallel.h"
#include "checkpoints/open_model.h"
#include "checkpoints/synth_values.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/tiny_weights.h"
#include "weights/safetensors.h"
#include "weights/vector_dispatch.h"
#include "weights/weight_values.h"

namespace zanime::checkpoints {
namespace {

using testing::ScratchFolder;

const DitSpec kTinyDit = testing::tiny_dit();
const Qwen3Spec kTinyQwen3 = testing::tiny_qwen3();

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The law once more, value by value, as the golden README states it.
float value_by_definition(const SynthLaw& law, uint64_t index) {
  uint64_t z = law.seed + index + 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  z ^= z >> 31;
  const double u = static_cast<double>(z >> 40) * 0x1p-23 - 1;
  const float product = static_cast<float>(static_cast<double>(law.amplitude) * u);
  return static_cast<float>(static_cast<double>(law.base) + static_cast<double>(product));
}

TEST(SynthValues, AreThoseOfTheReference) {
  const nlohmann::json tensors = testing::golden_json("first_values.json");
  EXPECT_GE(tensors.size(), 15u);
  for (const auto& [name, tensor] : tensors.items()) {
    const Shape shape(tensor["shape"].get<std::vector<int64_t>>());
    const auto expected = tensor["first"].get<std::vector<float>>();
    std::vector<float> values(expected.size());
    synth_values(synth_law(name, shape), 0, std::ssize(values), values.data());
    EXPECT_EQ(values, expected) << name;
  }
}

TEST(SynthValues, EveryCompilationFollowsTheLaw) {
  const SynthLaw laws[] = {synth_law("norm.weight", {7}), synth_law("a.weight", {100, 37})};
  for (const bool vectorised : {false, true}) {
    if (vectorised && !weights::cpu_has_avx2()) continue;
    for (const SynthLaw& law : laws) {
      for (const int64_t first : {int64_t{0}, int64_t{13}, int64_t{1} << 40}) {
        std::vector<float> values(1003);
        detail::synth_values_with(vectorised, law, first, 1003, values.data());
        for (size_t i = 0; i < values.size(); ++i) {
          ASSERT_EQ(values[i], value_by_definition(law, static_cast<uint64_t>(first) + i)) << i;
        }
      }
    }
  }
}

TEST(Synth, FullSizeHasTheReleasedModelsParameterCounts) {
  const auto parameters = [](const std::vector<NamedShape>& tensors) {
    int64_t total = 0;
    for (const NamedShape& tensor : tensors) total += tensor.shape.size();
    return total;
  };
  // Z-Image 6.15 B, Qwen3-4B 4.02 B, the FLUX autoencoder 83.8 M.
  EXPECT_EQ(parameters(network_tensors(DitSpec())), 6'154'908'736);
  EXPECT_EQ(parameters(network_tensors(Qwen3Spec())), 4'022'468'096);
  EXPECT_EQ(parameters(network_tensors(AutoencoderSpec())), 83'819'683);
  EXPECT_EQ(network_tensors(DitSpec()).size(), 453u);
  EXPECT_EQ(network_tensors(Qwen3Spec()).size(), 398u);
  EXPECT_EQ(network_tensors(AutoencoderSpec()).size(), 244u);
}

TEST(Synth, EveryTensorOfAFileFollowsTheLaw) {
  const ScratchFolder folder;
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16, DType::kF8E4M3}) {
    const auto path = folder / "dit.safetensors";
    synth_dit(path, kTinyDit, dtype);
    const auto file = weights::open_safetensors(path);
    EXPECT_EQ(file->tensors().size(), network_tensors(kTinyDit).size());
    for (const NamedShape& tensor : network_tensors(kTinyDit)) {
      ASSERT_EQ(file->get(tensor.name).shape, tensor.shape) << tensor.name;
      ASSERT_EQ(file->get(tensor.name).dtype, dtype);
      const Tensor exact = synth_tensor(tensor.name, tensor.shape);
      const Tensor stored = file->read_float32(tensor.name);
      for (int64_t i = 0; i < exact.size(); ++i) {
        const float value = exact.data()[i];
        const float rounded = dtype == DType::kF32    ? value
                              : dtype == DType::kBF16 ? bf16_to_f32(f32_to_bf16(value))
                              : dtype == DType::kF16  ? f16_to_f32(f32_to_f16(value))
                                                      : f8e4m3_to_f32(f32_to_f8e4m3(value));
        ASSERT_EQ(stored.data()[i], rounded) << tensor.name << " " << i;
      }
    }
  }
}

TEST(Synth, BothLayoutsHoldTheSameWeights) {
  const ScratchFolder folder;
  synth_dit(folder / "comfy", kTinyDit, DType::kF8E4M3);
  synth_dit(folder / "diffusers", kTinyDit, DType::kF8E4M3, NameLayout::kDiffusers);
  EXPECT_NE(weights::open_safetensors(folder / "diffusers")->find("layers.1.attention.to_k.weight"),
            nullptr);
  const ModelWeights comfy = open_model_weights(folder / "comfy", ModelFamily::kZImage);
  const ModelWeights diffusers = open_model_weights(folder / "diffusers", ModelFamily::kZImage);
  ASSERT_EQ(comfy.all().size(), diffusers.all().size());
  EXPECT_EQ(diffusers.get("layers.1.attention.qkv.weight").parts().size(), 3u);
  for (const auto& [name, weight] : comfy.all()) {
    const weights::Weight& other = diffusers.get(name, weight.shape());
    EXPECT_EQ(other.bytes(), weight.bytes()) << name;
    const Tensor a = weights::to_float32(weight), b = weights::to_float32(other);
    EXPECT_TRUE(std::equal(a.values().begin(), a.values().end(), b.values().begin())) << name;
  }
}

TEST(Synth, BytesDoNotDependOnTheThreads) {
  const ScratchFolder folder;
  const int threads = thread_count();
  set_thread_count(1);
  synth_qwen3(folder / "a", kTinyQwen3, DType::kBF16);
  set_thread_count(5);
  synth_qwen3(folder / "b", kTinyQwen3, DType::kBF16);
  set_thread_count(threads);
  EXPECT_EQ(read_file(folder / "a"), read_file(folder / "b"));
}

TEST(Synth, OneFileHoldsAllThreeNetworks) {
  const ScratchFolder folder;
  AllInOneSpec spec;
  spec.dit = kTinyDit;
  spec.text_encoder = kTinyQwen3;
  spec.autoencoder = testing::tiny_autoencoder();
  synth_all_in_one(folder / "aio", spec);
  synth_qwen3(folder / "qwen3", kTinyQwen3, DType::kF8E4M3);
  const ModelWeights alone = open_model_weights(folder / "qwen3", ModelFamily::kQwen3);
  const ModelWeights inside = open_model_weights(folder / "aio", ModelFamily::kQwen3);
  ASSERT_EQ(alone.all().size(), inside.all().size());
  for (const auto& [name, weight] : alone.all()) {
    const Tensor a = weights::to_float32(weight),
                 b = weights::to_float32(inside.get(name, weight.shape()));
    EXPECT_TRUE(std::equal(a.values().begin(), a.values().end(), b.values().begin())) << name;
  }
  EXPECT_EQ(open_model_weights(folder / "aio", ModelFamily::kZImage).all().size(),
            network_tensors(kTinyDit).size());
  const ModelWeights vae = open_model_weights(folder / "aio", ModelFamily::kFluxAutoencoder);
  EXPECT_EQ(vae.all().size(), network_tensors(spec.autoencoder).size());
  EXPECT_EQ(vae.get("decoder.conv_in.weight").parts()[0].dtype, DType::kF32);
}

TEST(Synth, RefusesImpossibleWidths) {
  const ScratchFolder folder;
  const auto path = folder / "x";
  DitSpec dit;
  dit.head_dim = 100;
  testing::expect_error(ErrorKind::kUsage, "dim 3840 is no multiple of head-dim 100",
                        [&] { synth_dit(path, dit, DType::kF32); });
  testing::expect_error(ErrorKind::kUsage, "layers is -1",
                        [&] { synth_qwen3(path, {.layers = -1}, DType::kF32); });
  testing::expect_error(ErrorKind::kUsage, "channels 20 is no multiple of 32",
                        [&] { synth_autoencoder(path, flux_autoencoder(20, false), DType::kF32); });
  EXPECT_EQ(folder.file_count(), 0u);
}

}  // namespace
}  // namespace zanime::checkpoints
