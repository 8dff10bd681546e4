// What `generate` can do beyond a plain request, with networks: pictures to start from, masks,
// second passes, adapters, previews, seeds and words that change.
#include <cmath>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "pictures/picture_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden.h"
#include "tests/support/random_tensor.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/small_request.h"
#include "tests/support/synthetic_models.h"
#include "tests/support/synthetic_models_root.h"

namespace zanime::engine {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using namespace zanime::testing;

Tensor random_picture(int64_t height, int64_t width, uint32_t seed) {
  Tensor pixels = random_tensor({int64_t{1}, height, width, int64_t{3}}, seed);
  for (float& value : pixels.values()) value = (value + 1.0f) / 2.0f;
  return pixels;
}

// White in the left half, black in the right.
Tensor left_half(int64_t height, int64_t width) {
  Tensor pixels = Tensor::zeros({int64_t{1}, height, width, int64_t{3}});
  for (int64_t i = 0; i < pixels.size(); ++i) {
    pixels.data()[i] = i / 3 % width < width / 2 ? 1.0f : 0.0f;
  }
  return pixels;
}

// With an input folder, and pictures beside it.
class PictureFolder : public ScratchFolder {
 public:
  PictureFolder() {
    fs::create_directories(*this / "input");
    pictures::write_picture(*this / "start.png", random_picture(72, 64, 1), {});
    pictures::write_picture(*this / "mask.png", left_half(72, 64), {});
  }
};

class EverydayOptions : public ::testing::Test {
 protected:
  EngineOptions options() const {
    EngineOptions options;
    options.models_root = synthetic_models_root();
    options.input_dir = folder / "input";
    options.wildcards_dir = folder.path();
    return options;
  }
  static GenerationParams request() { return small_request("1girl"); }
  GenerationParams from_picture() const {
    GenerationParams params = request();
    params.width.reset();
    params.height.reset();
    params.init_image = (folder / "start.png").string();
    return params;
  }
  Tensor picture(const GenerationParams& params) {
    return engine.generate(params, cancel).pictures.at(0).pixels;
  }
  // The latent that output 0 of node `id` of a request's graph gives.
  Tensor latent_of(const GenerationParams& params, const std::string& id) {
    ordered_json graph = engine.generate(params, cancel).graph;
    return latent_of(graph, id);
  }
  Tensor latent_of(ordered_json graph, const std::string& id) {
    graph["90"] = {{"class_type", "SaveLatent"},
                   {"inputs", {{"samples", {id, 0}}, {"filename_prefix", "x"}}}};
    graph.erase("10");
    EngineOptions all = options();
    all.extra_nodes = true;
    Engine other(all);
    other.files().also_search(folder.path());
    return other.run(graph, cancel).latents.at(0).samples;
  }

  PictureFolder folder;
  Engine engine{options()};
  CancelToken cancel;
};

TEST_F(EverydayOptions, StrengthSaysHowMuchOfThePictureIsReplaced) {
  GenerationParams params = from_picture();
  const EngineResult plain = engine.generate(params, cancel);
  EXPECT_EQ(plain.params.width, 64);
  EXPECT_EQ(plain.params.height, 72);
  const Tensor start = latent_of(plain.graph, "13");
  const auto distance = [&](double strength) {
    params.strength = strength;
    return max_difference(latent_of(params, "8"), start);
  };
  EXPECT_EQ(distance(0.0), 0.0);
  const double little = distance(0.2), much = distance(0.9);
  EXPECT_GT(little, 0.0);
  EXPECT_GT(much, little);
  params.strength.reset();
  EXPECT_GT(max_difference(picture(params), picture(request())), 0.0);
}

TEST_F(EverydayOptions, WhatWasAskedForBeforeDoesNotShow) {
  GenerationParams params = from_picture();
  const EngineResult first = engine.generate(params, cancel);
  fs::create_directories(folder / "other");
  pictures::write_picture(folder / "other/start.png", random_picture(72, 64, 3), {});
  params.init_image = (folder / "other/start.png").string();
  const EngineResult second = engine.generate(params, cancel);
  EXPECT_EQ(second.graph, first.graph);
  EXPECT_GT(max_difference(second.pictures[0].pixels, first.pictures[0].pixels), 0.0);
}

TEST_F(EverydayOptions, OutsideTheMaskNothingChanges) {
  GenerationParams params = from_picture();
  params.mask = (folder / "mask.png").string();
  params.strength = 1.0;
  const EngineResult result = engine.generate(params, cancel);
  EXPECT_EQ(result.params.mask_channel, "red");
  const Tensor before = latent_of(result.graph, "13"), after = latent_of(result.graph, "8");
  ASSERT_EQ(before.shape(), (Shape{1, 16, 9, 8}));
  double inside = 0, outside = 0;
  for (int64_t i = 0; i < before.size(); ++i) {
    double& largest = i % 8 < 4 ? inside : outside;
    largest = std::max(largest, std::fabs(double{before.data()[i]} - double{after.data()[i]}));
  }
  EXPECT_GT(inside, 0.1);
  EXPECT_LT(outside, 1e-5);
}

TEST_F(EverydayOptions, AMaskIsCutLikeThePicture) {
  // Twice as wide as what is asked for: the middle half stays, where the mask ends at a quarter.
  pictures::write_picture(folder / "wide.png", random_picture(64, 128, 2), {});
  pictures::write_picture(folder / "wide-mask.png", left_half(64, 128), {});
  GenerationParams params = from_picture();
  params.init_image = (folder / "wide.png").string();
  params.mask = (folder / "wide-mask.png").string();
  params.width = params.height = 64;
  params.strength = 1.0;
  const EngineResult result = engine.generate(params, cancel);
  const Tensor before = latent_of(result.graph, "13"), after = latent_of(result.graph, "8");
  ASSERT_EQ(before.shape(), (Shape{1, 16, 8, 8}));
  for (int64_t i = 0; i < before.size(); ++i) {
    if (i % 8 >= 4) {
      ASSERT_NEAR(before.data()[i], after.data()[i], 1e-5) << i;
    }
  }
  EXPECT_GT(max_difference(before, after), 0.1);

  pictures::write_picture(folder / "square-mask.png", left_half(64, 64), {});
  params.mask = (folder / "square-mask.png").string();
  expect_error(ErrorKind::kUsage, "the mask has 64 x 64 pixels and the init image 128 x 64",
               [&] { engine.complete(params); });
}

TEST_F(EverydayOptions, ATransparentMaskSaysItByItsAlpha) {
  GenerationParams params = from_picture();
  params.init_image = params.mask = golden_path("pictures/rgba.png").string();
  EXPECT_EQ(engine.complete(params).mask_channel, "alpha");
}

TEST_F(EverydayOptions, ThePictureDecidesTheSize) {
  const auto size = [&](int64_t height, int64_t width, std::optional<int64_t> asked_width) {
    GenerationParams params;
    params.width = asked_width;
    take_size(params, width, height, 1000 * 1000);
    return std::pair(*params.width, *params.height);
  };
  EXPECT_EQ(size(800, 600, {}), std::pair(int64_t{600}, int64_t{800}));
  EXPECT_EQ(size(807, 607, {}), std::pair(int64_t{600}, int64_t{800}));
  EXPECT_EQ(size(4000, 3000, {}), std::pair(int64_t{864}, int64_t{1152})) << "a photograph";
  EXPECT_EQ(size(800, 600, 300 / 8 * 8), std::pair(int64_t{296}, int64_t{392}));
  EXPECT_EQ(size(10, 4000, {}), std::pair(int64_t{4000}, int64_t{64})) << "within the limits";
}

TEST_F(EverydayOptions, APictureThatIsNotThereIsToldWithNearNames) {
  GenerationParams params = from_picture();
  params.init_image = (folder / "stat.png").string();
  const Error error = expect_error([&] { engine.complete(params); });
  EXPECT_EQ(error.kind(), ErrorKind::kFile);
  expect_contains(error.what(), "the init image");
  expect_contains(error.what(), "did you mean `" + (folder / "start.png").string() + "`?");
  params.init_image = folder.path().string();
  expect_error(ErrorKind::kFile, "is a folder", [&] { engine.complete(params); });
  params = from_picture();
  params.mask = "nothing.png";
  expect_error(ErrorKind::kFile, "the mask \"nothing.png\"", [&] { engine.complete(params); });
}

TEST_F(EverydayOptions, TheGraphNamesThePictureNotItsPath) {
  GenerationParams params = from_picture();
  const EngineResult outside = engine.generate(params, cancel);
  EXPECT_EQ(outside.graph["11"]["inputs"]["image"], "start.png");
  EXPECT_EQ(outside.pictures[0].graph.find(folder.path().string()), std::string::npos);
  // Found beside the file that is run again.
  EngineOptions all = options();
  all.extra_nodes = true;
  Engine other(all);
  other.files().also_search(folder.path());
  const EngineResult again = other.run(outside.graph, cancel);
  EXPECT_EQ(max_difference(again.pictures[0].pixels, outside.pictures[0].pixels), 0.0);
  EXPECT_EQ(again.pictures[0].graph, outside.pictures[0].graph);

  // By its name in the input folder, and not by one that another picture has there.
  fs::create_directories(folder / "input/sub");
  fs::copy_file(folder / "start.png", folder / "input/sub/mine.png");
  params.init_image = "sub/mine.png";
  EXPECT_EQ(engine.generate(params, cancel).graph["11"]["inputs"]["image"], "sub/mine.png");
  fs::copy_file(folder / "mask.png", folder / "input/start.png");
  params.init_image = (folder / "start.png").string();
  EXPECT_EQ(Engine(options()).generate(params, cancel).graph["11"]["inputs"]["image"],
            "start_2.png");
}

TEST_F(EverydayOptions, ADecoderAloneCannotTakeAPicture) {
  const fs::path root = folder / "models";
  fs::create_directories(root / "vae");
  for (const char* name : {"diffusion_models", "text_encoders"}) {
    fs::create_directory_symlink(synthetic_models_root() / name, root / name);
  }
  fs::copy_file(tiny_autoencoder(), root / "vae/decoder.safetensors");
  EngineOptions decoder_only = options();
  decoder_only.models_root = root;
  Engine other(decoder_only);
  expect_error(ErrorKind::kFile, "decoder.safetensors: this autoencoder has a decoder alone",
               [&] { other.complete(from_picture()); });
  GenerationParams params = request();
  params.hires = 1.5;
  EXPECT_EQ(other.complete(params).hires_from, "latent");
  EXPECT_EQ(engine.complete(params).hires_from, "picture");
  params.hires_from = "picture";
  expect_error(ErrorKind::kFile, "--hires-from latent", [&] { other.complete(params); });
}

TEST_F(EverydayOptions, TheSecondPassMakesALargerPicture) {
  GenerationParams params = request();
  params.height = 64;
  params.hires = 1.5;
  params.hires_steps = 1;
  for (const char* from : {"picture", "latent"}) {
    params.hires_from = from;
    const EngineResult result = engine.generate(params, cancel);
    EXPECT_EQ(result.pictures.at(0).pixels.shape(), (Shape{1, 96, 96, 3})) << from;
    params.hires_strength = 0.9;
    EXPECT_GT(max_difference(picture(params), result.pictures[0].pixels), 0.0) << from;
    params.hires_strength = 0.5;
  }
}

TEST_F(EverydayOptions, AdaptersGoByNameAndStrength) {
  GenerationParams params = request();
  const Tensor without = picture(params);
  params.loras = {{"tiny-peft", 0.0}};
  EXPECT_EQ(max_difference(picture(params), without), 0.0);
  params.loras = {{"tiny-peft.safetensors", 1.0}};
  const Tensor with = picture(params);
  EXPECT_GT(max_difference(with, without), 0.0);
  params.loras[0].name = "tiny-peft";
  EXPECT_EQ(engine.complete(params).loras[0].name, "tiny-peft.safetensors");
  params.loras.push_back({"tiny-peft", -1.0});  // undoes the first
  EXPECT_LT(max_difference(picture(params), without), max_difference(with, without));

  params.loras = {{"tiny-pfet", 1.0}};
  const Error error = expect_error([&] { engine.complete(params); });
  EXPECT_EQ(error.kind(), ErrorKind::kFile);
  expect_contains(error.what(), "Did you mean `tiny-peft.safetensors`");
}

TEST_F(EverydayOptions, WithChangingSeedsNothingIsEncodedTwice) {
  GenerationParams params = from_picture();
  params.mask = (folder / "mask.png").string();
  params.loras = {{"tiny-peft", 0.5}};
  params.cfg = 2.0;
  engine.generate(params, cancel);
  for (uint64_t seed = 6; seed < 45; ++seed) {  // more than fits the cache with all they made
    params.seed = seed;
    const EngineResult next = engine.generate(params, cancel);
    std::vector<std::string> ran;
    for (const graph::NodeTiming& node : next.report.nodes) {
      if (!node.cached) ran.push_back(node.class_type);
    }
    ASSERT_EQ(ran, (std::vector<std::string>{"KSampler", "VAEDecode", "SaveImage"})) << seed;
  }
}

TEST_F(EverydayOptions, ABatchFromAPictureGetsDifferentNoise) {
  GenerationParams params = from_picture();
  params.batch = 2;
  const EngineResult result = engine.generate(params, cancel);
  ASSERT_EQ(result.pictures.size(), 2u);
  EXPECT_GT(max_difference(result.pictures[0].pixels, result.pictures[1].pixels), 0.0);
}

TEST_F(EverydayOptions, WordsAreDrawnOnceAndKept) {
  folder.write("colour.txt", "red\nblue\ngreen\n");
  GenerationParams params = request();
  params.prompt = "__colour__ {hair|eyes}, \\{literal\\}";
  params.negative_prompt = "{a|b}";
  const EngineResult result = engine.generate(params, cancel);
  const std::string drawn = result.graph["5"]["inputs"]["text"];
  EXPECT_EQ(drawn.find("__"), std::string::npos);
  expect_contains(drawn, ", {literal}");
  EXPECT_EQ(result.pictures[0].parameters.substr(0, drawn.size()), drawn);
  EXPECT_EQ(result.params.wildcard_seed, 5u) << "the picture's seed, if there is none of its own";

  // What is complete stays as it is, literal braces too.
  EXPECT_EQ(engine.complete(result.params).prompt, drawn);
  // The words follow their own seed, not the picture's.
  params.wildcard_seed = 5;
  params.seed = 99;
  EXPECT_EQ(engine.complete(params).prompt, drawn);
  std::set<std::string> others;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    params.wildcard_seed = seed;
    others.insert(engine.complete(params).prompt);
  }
  EXPECT_EQ(others.size(), 6u);

  params.expand = false;
  EXPECT_EQ(engine.complete(params).prompt, params.prompt);
  params.expand = true;
  folder.write("long.txt", std::string(30000, 'x'));
  params.prompt = "__long__";
  expect_error(ErrorKind::kUsage, "the prompt has 30000 characters",
               [&] { engine.complete(params); });
}

TEST_F(EverydayOptions, PreviewsShowEachStepAndChangeNothing) {
  GenerationParams params = request();
  params.batch = 2;
  params.steps = 3;
  std::vector<nodes::LatentPreview> seen;
  std::vector<int> steps_before;
  int steps = 0;
  EngineHooks hooks;
  hooks.progress = [&](const nodes::ProgressEvent& event) {
    if (event.kind == nodes::ProgressEvent::Kind::kStep) ++steps;
  };
  hooks.preview = [&](const nodes::LatentPreview& preview) {
    seen.push_back(preview);
    steps_before.push_back(steps);
  };
  const EngineResult watched = engine.generate(params, cancel, hooks);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(steps_before, (std::vector<int>{0, 1, 2})) << "while it runs";
  for (size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].node_id, "8");
    EXPECT_EQ(seen[i].step, static_cast<int>(i) + 1);
    EXPECT_EQ(seen[i].steps, 3);
    EXPECT_EQ(seen[i].pixels.shape(), (Shape{2, 72, 64, 3}));
  }
  EXPECT_GT(max_difference(seen[0].pixels, seen[2].pixels), 0.0);
  // By the graph's own autoencoder: what is expected at the last step is the picture.
  for (size_t i = 0; i < 2; ++i) {
    const Tensor last = seen[2].pixels.rows(static_cast<int64_t>(i), 1);
    EXPECT_LE(max_difference(last, watched.pictures[i].pixels), 1e-3);
  }
  const EngineResult unwatched = Engine(options()).generate(params, cancel);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(max_difference(watched.pictures[i].pixels, unwatched.pictures[i].pixels), 0.0);
  }
}

TEST_F(EverydayOptions, PreviewsOfALatentThatNothingDecodesAreAnEighth) {
  ordered_json graph = engine.generate(request(), cancel).graph;
  graph.erase("9");
  graph["10"] = {{"class_type", "SaveLatent"},
                 {"inputs", {{"samples", {"8", 0}}, {"filename_prefix", "x"}}}};
  std::vector<Shape> shapes;
  EngineHooks hooks;
  hooks.preview = [&](const nodes::LatentPreview& preview) {
    shapes.push_back(preview.pixels.shape());
  };
  Engine(options()).run(graph, cancel, hooks);
  EXPECT_EQ(shapes, std::vector<Shape>(2, Shape{1, 9, 8, 3}));
}

// A decoder behind a second pass is found too.
TEST_F(EverydayOptions, PreviewsOfBothPassesAreDecoded) {
  GenerationParams params = request();
  params.steps = 1;
  params.hires = 1.5;
  params.hires_strength = 1.0;
  params.hires_from = "latent";
  std::vector<Shape> shapes;
  EngineHooks hooks;
  hooks.preview = [&](const nodes::LatentPreview& preview) {
    shapes.push_back(preview.pixels.shape());
  };
  engine.generate(params, cancel, hooks);
  EXPECT_EQ(shapes, (std::vector<Shape>{{1, 72, 64, 3}, {1, 112, 96, 3}}));
}

}  // namespace
}  // namespace zanime::engine
