// Upscale models by their names and shapes.
#include "checkpoints/upscaler_spec.h"

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "checkpoints/family.h"
#include "checkpoints/inspect.h"
#include "checkpoints/open_model.h"
#include "checkpoints/synth.h"
#include "tests/support/edit_safetensors.h"
#include "tests/support/expect_error.h"
#include "tests/support/scratch_folder.h"

namespace zanime::checkpoints {
namespace {

using namespace zanime::testing;

std::vector<UpscalerSpec> small_upscalers() {
  return {
      {.scale = 4, .features = 8, .blocks = 2, .growth = 4},
      {.scale = 1, .features = 8, .blocks = 1, .growth = 4},
      {.scale = 2, .features = 8, .blocks = 1, .growth = 4, .fold = 2},
      {.scale = 1, .features = 8, .blocks = 1, .growth = 4, .fold = 4},
      {.scale = 2, .features = 4, .blocks = 1, .growth = 4, .has_inner_shortcuts = true},
      {.kind = UpscalerKind::kCompact, .scale = 4, .features = 6, .blocks = 3},
      {.kind = UpscalerKind::kCompact, .scale = 1, .features = 6, .blocks = 0},
      {.kind = UpscalerKind::kSpan, .scale = 2, .features = 6, .blocks = kSpanBlocks},
      {.kind = UpscalerKind::kSpan,
       .scale = 4,
       .features = 6,
       .blocks = kSpanBlocks,
       .is_centred = false},
  };
}

ModelWeights opened(const std::filesystem::path& path) {
  return open_model_weights(path, ModelFamily::kUpscaler);
}

TEST(UpscalerSpec, IsReadOffTheFileThatItWrote) {
  const ScratchFolder folder;
  for (const UpscalerSpec& spec : small_upscalers()) {
    const auto path = folder / "model.safetensors";
    synth_upscaler(path, spec, DType::kF16);
    UpscalerSpec expected = spec;
    // Widths that the kind does not have stay what they are.
    if (spec.kind != UpscalerKind::kEsrgan) expected.growth = UpscalerSpec().growth;
    EXPECT_EQ(stored_upscaler_spec(opened(path)), expected);
    const ModelReport report = inspect_model(path);
    EXPECT_EQ(report.description, "upscale model");
    ASSERT_EQ(report.networks.size(), 1u);
    EXPECT_EQ(report.networks[0].name, "upscale model (" + upscaler_kind_name(spec.kind) + ")");
    EXPECT_TRUE(report.oddities.empty()) << report.oddities.front();
  }
}

TEST(UpscalerSpec, ThreeSpellingsAreOneModel) {
  struct Spelling {
    const char *theirs, *ours;
  };
  for (const Spelling& name : {
           Spelling{"model.0.weight", "conv_first.weight"},
           Spelling{"model.1.sub.12.RDB2.conv3.0.bias", "body.12.rdb2.conv3.bias"},
           Spelling{"model.1.sub.12.RDB2.conv1x1.weight", "body.12.rdb2.conv1x1.weight"},
           Spelling{"model.1.sub.23.weight", "conv_body.weight"},
           Spelling{"model.3.weight", "conv_up1.weight"},
           Spelling{"model.6.bias", "conv_up2.bias"},
           Spelling{"model.8.weight", "conv_hr.weight"},
           Spelling{"model.10.bias", "conv_last.bias"},
           Spelling{"RRDB_trunk.3.RDB1.conv5.weight", "body.3.rdb1.conv5.weight"},
           Spelling{"trunk_conv.bias", "conv_body.bias"},
           Spelling{"upconv2.weight", "conv_up2.weight"},
           Spelling{"HRconv.weight", "conv_hr.weight"},
           Spelling{"conv_last.weight", "conv_last.weight"},
           Spelling{"model.x.weight", "model.x.weight"},
           Spelling{"model.1.sub.", "model.1.sub."},
       }) {
    EXPECT_EQ(canonical_upscaler_name(name.theirs, 10), name.ours);
  }
  // Of a model that enlarges nothing.
  EXPECT_EQ(canonical_upscaler_name("model.2.weight", 4), "conv_hr.weight");
  EXPECT_EQ(canonical_upscaler_name("model.4.weight", 4), "conv_last.weight");
}

TEST(UpscalerSpec, PrefixesOfTrainingsAreTakenOff) {
  const ScratchFolder folder;
  const auto path = folder / "model.safetensors";
  synth_upscaler(path, small_upscalers().front(), DType::kF32);
  const EditableFile file = EditableFile::read(path);
  for (const std::string prefix : {"params_ema.", "params.", "module."}) {
    file.renamed([&](const std::string& name) { return prefix + name; }).write(path);
    EXPECT_EQ(stored_upscaler_spec(opened(path)), small_upscalers().front()) << prefix;
  }
}

// What is wrong with a file is told by its name, and what was found.
TEST(UpscalerSpec, BrokenFilesAreRefused) {
  struct Damage {
    std::string part;  // of the error
    UpscalerSpec spec;
    std::function<void(EditableFile&)> change;
  };
  const std::vector<UpscalerSpec> specs = small_upscalers();
  const UpscalerSpec &esrgan = specs[0], &compact = specs[5], &span = specs[7];
  const std::vector<Damage> damages{
      {"tensor 'body.1.rdb3.conv5.weight' is missing", esrgan,
       [](EditableFile& file) { file.tensors.erase("body.1.rdb3.conv5.weight"); }},
      {"'conv_last.weight' is missing", esrgan,
       [](EditableFile& file) { file.tensors.erase("conv_last.weight"); }},
      {"5 channels are no square", esrgan,
       [](EditableFile& file) {
         file.add_zeros("conv_first.weight", {8, 5, 3, 3});
       }},
      {"block number 70000 of 'body.' is not plausible", esrgan,
       [](EditableFile& file) { file.add_zeros("body.70000.rdb1.conv1.bias", {4}); }},
      {"not one of 4 axes", esrgan,
       [](EditableFile& file) {
         file.add_zeros("conv_last.weight", {3, 8});
       }},
      {"47 channels are no square", compact,
       [](EditableFile& file) {
         file.add_zeros("body.8.weight", {47, 6, 3, 3});
       }},
      {"where convolutions and activations take turns", compact,
       [](EditableFile& file) { file.add_zeros("body.9.weight", {6}); }},
      {"'block_3.c2_r.conv.1.bias' is missing", span,
       [](EditableFile& file) { file.tensors.erase("block_3.c2_r.conv.1.bias"); }},
  };
  const ScratchFolder folder;
  const auto path = folder / "model.safetensors";
  for (const Damage& damage : damages) {
    synth_upscaler(path, damage.spec, DType::kF32);
    EditableFile file = EditableFile::read(path);
    damage.change(file);
    file.write(path);
    const Error error = expect_error([&] { opened(path); });
    EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(ErrorKind::kFile));
    expect_contains(error.what(), path.string());
    expect_contains(error.what(), damage.part);
  }
}

TEST(UpscalerSpec, WidthsThatContradictOneAnotherAreRefused) {
  expect_error(ErrorKind::kUsage, "enlarges by doubling",
               [] { check_widths(UpscalerSpec{.scale = 3}); });
  expect_error(ErrorKind::kUsage, "centres three colours", [] {
    check_widths(UpscalerSpec{.kind = UpscalerKind::kSpan, .blocks = kSpanBlocks, .channels = 1});
  });
  expect_error(ErrorKind::kUsage, "with 0 features",
               [] { check_widths(UpscalerSpec{.features = 0}); });
}

}  // namespace
}  // namespace zanime::checkpoints
