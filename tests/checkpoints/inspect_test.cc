#include "checkpoints/inspect.h"

#include <limits>

#include <gtest/gtest.h>

#include "checkpoints/synth.h"
#include "tests/support/edit_safetensors.h"
#include "tests/support/expect_error.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/tiny_weights.h"

namespace zanime::checkpoints {
namespace {

using testing::EditableFile;
using testing::expect_contains;
using testing::ScratchFolder;

using Widths = std::vector<std::pair<std::string, int64_t>>;

std::string oddities(const ModelReport& report) {
  std::string text;
  for (const std::string& oddity : report.oddities) text += oddity + "\n";
  return text;
}

TEST(Inspect, ReportsWidthsTypesAndSizes) {
  const ScratchFolder folder;
  AllInOneSpec spec;
  spec.dit = testing::tiny_dit();
  spec.layout = NameLayout::kDiffusers;
  spec.text_encoder = testing::tiny_qwen3();
  spec.autoencoder = testing::tiny_autoencoder();
  synth_all_in_one(folder / "aio", spec);
  const ModelReport report = inspect_model(folder / "aio");
  EXPECT_EQ(report.description, "Z-Image all-in-one checkpoint");
  EXPECT_EQ(report.metadata.at("format"), "pt");
  EXPECT_EQ(oddities(report), "");
  ASSERT_EQ(report.networks.size(), 3u);

  const NetworkReport& dit = report.networks[0];
  EXPECT_EQ(dit.layout, "Diffusers");
  EXPECT_EQ(dit.prefix, "model.diffusion_model.");
  EXPECT_EQ(dit.widths, (Widths{{"dim", 256},
                                {"layers", 2},
                                {"noise refiners", 1},
                                {"context refiners", 1},
                                {"heads", 8},
                                {"head dim", 32},
                                {"feed-forward", 96},
                                {"caption width", 64}}));
  EXPECT_EQ(dit.types.at(DType::kF8E4M3).bytes, dit.parameters);
  EXPECT_EQ(dit.types.size(), 1u);
  EXPECT_EQ(report.networks[1].widths, (Widths{{"hidden", 64},
                                               {"layers", 2},
                                               {"heads", 4},
                                               {"key/value heads", 2},
                                               {"head dim", 32},
                                               {"feed-forward", 48},
                                               {"vocabulary", 100}}));
  EXPECT_EQ(report.networks[2].widths, (Widths{{"channels", 32}, {"latent channels", 16}}));
  EXPECT_EQ(report.parameters, report.networks[0].parameters + report.networks[1].parameters +
                                   report.networks[2].parameters);

  const std::string text = report_text(report);
  expect_contains(text, "Z-Image all-in-one checkpoint");
  expect_contains(text, "Diffusers, behind 'model.diffusion_model.'");
  EXPECT_EQ(text.back(), '\n');
}

TEST(Inspect, ListsWhatIsOdd) {
  const ScratchFolder folder;
  const auto path = folder / "dit";
  synth_dit(path, testing::tiny_dit(), DType::kBF16);
  EditableFile file = EditableFile::read(path);
  file.tensors.erase("x_pad_token");
  file.tensors.erase("cap_pad_token");
  file.add_zeros("norm_final.weight", {256});
  file.add_zeros("layers.0.feed_forward.w1.weight", {96, 256}, DType::kF8E4M3);
  file.add("layers.0.feed_forward.w1.weight_scale", {}, {2});
  file.add_zeros("layers.1.attention.out.weight", {256, 128});
  std::vector<float> norm(256, 1.0f);
  norm[3] = std::numeric_limits<float>::quiet_NaN();
  file.add("layers.1.ffn_norm2.weight", {256}, norm);
  file.write(path);

  const ModelReport report = inspect_model(path);
  EXPECT_TRUE(report.networks[0].scaled);
  const std::string text = oddities(report);
  expect_contains(text, "has no pad tokens");
  expect_contains(text, "1 tensors are not used: 'norm_final.weight'");
  expect_contains(text, "its matrices have several types: 1 F32");
  expect_contains(text, "'layers.1.attention.out.weight' has the shape [256, 128]");
  expect_contains(text, "not finite in 'layers.1.ffn_norm2.weight'");
  EXPECT_EQ(report.oddities.size(), 5u) << text;
}

TEST(Inspect, SaysWhatKeepsAFileFromLoading) {
  const ScratchFolder folder;
  const auto path = folder / "vae";
  synth_autoencoder(path, testing::tiny_autoencoder(), DType::kF32);
  EditableFile file = EditableFile::read(path);
  file.tensors.erase("decoder.up.1.block.0.conv1.weight");
  file.write(path);
  const ModelReport report = inspect_model(path);
  ASSERT_EQ(report.networks.size(), 1u);
  expect_contains(oddities(report),
                  "cannot be loaded: the FLUX autoencoder is incomplete: tensor "
                  "'decoder.up.1.block.0.conv1.weight' is missing");
}

TEST(Inspect, ReportsOtherModelsByNameOnly) {
  const ScratchFolder folder;
  EditableFile file;
  file.add("emb_params", {2}, {1, 2});
  file.write(folder / "a");
  const ModelReport report = inspect_model(folder / "a");
  EXPECT_EQ(report.description, "textual-inversion embedding");
  EXPECT_TRUE(report.networks.empty());
  EXPECT_EQ(report.parameters, 2);
}

}  // namespace
}  // namespace zanime::checkpoints
