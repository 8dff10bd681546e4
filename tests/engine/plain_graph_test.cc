#include "engine/plain_graph.h"

#include <gtest/gtest.h>

#include "base/version.h"
#include "engine/parameters_text.h"
#include "graph/read_graph.h"
#include "tests/support/fake_model_files.h"

namespace zanime::engine {
namespace {

using namespace zanime::testing;

GenerationParams request() {
  GenerationParams params;
  params.prompt = "1girl, \"quoted\"\nsecond line";
  params.negative_prompt = "blurry";
  params.seed = 18446744073709551615u;
  params.model = "dit.safetensors";
  params.text_encoder = "te.safetensors";
  params.vae = "ae.safetensors";
  return params;
}

const FakeModelFiles& files() {
  static const FakeModelFiles kFiles({{"diffusion_models", {"dit.safetensors"}},
                                      {"text_encoders", {"te.safetensors"}},
                                      {"vae", {"ae.safetensors"}}});
  return kFiles;
}

TEST(PlainGraph, IsAValidGraphOfCoreNodes) {
  std::vector<std::string> warnings;
  const auto registry = graph::NodeRegistry::standard(false);
  const graph::Graph graph =
      graph::read_graph(plain_graph(request()), registry, files(), &warnings);
  EXPECT_EQ(graph.nodes.size(), 10u);
  EXPECT_TRUE(warnings.empty());
}

TEST(PlainGraph, CarriesTheRequest) {
  const auto graph = plain_graph(request());
  EXPECT_EQ(graph["8"]["inputs"]["seed"].dump(), "18446744073709551615");
  EXPECT_EQ(graph["8"]["inputs"]["model"], (nlohmann::ordered_json{"4", 0}));
  EXPECT_EQ(graph["5"]["inputs"]["text"], request().prompt);
  EXPECT_EQ(graph["7"]["inputs"]["width"], 832);
  EXPECT_EQ(graph["4"]["inputs"]["shift"], 3.0);
}

TEST(PlainGraph, LeavesAuraSamplingOutWhenAsked) {
  const auto graph = plain_graph(request(), /*aura_sampling=*/false);
  EXPECT_FALSE(graph.contains("4"));
  EXPECT_EQ(graph["8"]["inputs"]["model"], (nlohmann::ordered_json{"1", 0}));
}

// Every option at once.
GenerationParams rich_request() {
  GenerationParams params = request();
  params.width = 64;
  params.height = 96;
  params.batch = 2;
  params.init_image = "somewhere/a.png";
  params.mask = "somewhere/m.png";
  params.mask_channel = "alpha";
  params.hires = 1.5;
  params.hires_steps = 4;
  params.loras = {{"one.safetensors", 0.5}, {"two.safetensors", -1.0}};
  params.control = "union.safetensors";
  params.control_image = "somewhere/c.png";
  params.control_strength = 0.7;
  params.control_canny = true;
  params.upscale = "x4.safetensors";
  return params;
}
const GraphPictures kPictures{
    .init_image = "a.png", .scale = true, .mask = "m.png", .control = "c.png"};

const FakeModelFiles& rich_files() {
  static const FakeModelFiles kFiles({{"diffusion_models", {"dit.safetensors"}},
                                      {"text_encoders", {"te.safetensors"}},
                                      {"vae", {"ae.safetensors"}},
                                      {"loras", {"one.safetensors", "two.safetensors"}},
                                      {"model_patches", {"union.safetensors"}},
                                      {"upscale_models", {"x4.safetensors"}},
                                      {"input", {"a.png", "m.png", "c.png"}}});
  return kFiles;
}

// The class of the node that an input of another is linked to.
std::string source(const nlohmann::ordered_json& graph, const std::string& id,
                   const std::string& input) {
  return graph.at(graph.at(id).at("inputs").at(input).at(0).get<std::string>()).at("class_type");
}

TEST(PlainGraph, OfEveryOptionIsValid) {
  GenerationParams params = rich_request();
  const auto registry = graph::NodeRegistry::standard(true);
  for (const std::string from : {"picture", "latent"}) {
    params.hires_from = from;
    std::vector<std::string> warnings;
    const auto graph = plain_graph(params, true, "zanime", kPictures);
    const graph::Graph checked = graph::read_graph(graph, registry, rich_files(), &warnings);
    EXPECT_EQ(checked.nodes.size(), graph.size()) << "a node that nothing needs";
    EXPECT_TRUE(warnings.empty()) << warnings.front();
  }
}

TEST(PlainGraph, StartsFromAPictureUnderAMask) {
  GenerationParams params = rich_request();
  const auto graph = plain_graph(params, true, "zanime", kPictures);
  EXPECT_FALSE(graph.contains("7"));
  EXPECT_EQ(graph["8"]["inputs"]["denoise"], kDefaultStrength);
  EXPECT_EQ(source(graph, "8", "latent_image"), "RepeatLatentBatch");
  EXPECT_EQ(source(graph, "14", "samples"), "SetLatentNoiseMask");
  EXPECT_EQ(source(graph, "19", "mask"), "ImageToMask") << "the mask is cut like the picture";
  EXPECT_EQ(graph["17"]["inputs"]["width"], graph["12"]["inputs"]["width"]);
  EXPECT_EQ(graph["17"]["inputs"]["crop"], graph["12"]["inputs"]["crop"]);
  EXPECT_EQ(source(graph, "13", "pixels"), "ImageScale");

  params.strength = 0.25;
  params.batch = 1;
  const auto as_it_is =
      plain_graph(params, true, "zanime", {.init_image = "a.png", .mask = "m.png"});
  EXPECT_EQ(as_it_is["8"]["inputs"]["denoise"], 0.25);
  EXPECT_EQ(source(as_it_is, "13", "pixels"), "LoadImage");
  EXPECT_EQ(source(as_it_is, "19", "mask"), "LoadImageMask");
  EXPECT_EQ(source(as_it_is, "8", "latent_image"), "SetLatentNoiseMask");
}

TEST(PlainGraph, FollowsAControlPictureBehindTheAdapters) {
  GenerationParams params = rich_request();
  auto graph = plain_graph(params, true, "zanime", kPictures);
  EXPECT_EQ(source(graph, "4", "model"), "ZImageFunControlnet");
  EXPECT_EQ(source(graph, "28", "model"), "LoraLoader");
  EXPECT_EQ(source(graph, "28", "image"), "Canny");
  EXPECT_EQ(graph["28"]["inputs"]["strength"], 0.7);
  params.control_canny = false;
  graph = plain_graph(params, true, "zanime", kPictures);
  EXPECT_EQ(source(graph, "28", "image"), "LoadImage");
}

TEST(PlainGraph, APictureAloneIsMadeLarger) {
  const auto graph = upscale_graph("a.png", "x4.safetensors");
  const auto registry = graph::NodeRegistry::standard(false);
  EXPECT_EQ(graph::read_graph(graph, registry, rich_files()).nodes.size(), 4u);
  EXPECT_EQ(source(graph, "4", "images"), "ImageUpscaleWithModel");
  EXPECT_EQ(source(graph, "3", "image"), "LoadImage");
}

TEST(PlainGraph, EnlargesThePictureOrItsLatent) {
  GenerationParams params = rich_request();
  auto graph = plain_graph(params, true, "zanime", kPictures);
  EXPECT_EQ(source(graph, "10", "images"), "ImageUpscaleWithModel");
  EXPECT_EQ(graph["51"]["inputs"]["image"][0], "24");
  EXPECT_EQ(source(graph, "23", "latent_image"), "SetLatentNoiseMask") << "the mask still holds";
  EXPECT_EQ(source(graph, "20", "image"), "VAEDecode");
  EXPECT_EQ(graph["20"]["inputs"]["scale_by"], 1.5);
  EXPECT_EQ(graph["23"]["inputs"]["steps"], 4);
  EXPECT_EQ(graph["23"]["inputs"]["denoise"], 0.5);

  params.hires_from = "latent";
  params.hires_steps.reset();
  graph = plain_graph(params, true, "zanime", kPictures);
  EXPECT_EQ(source(graph, "23", "latent_image"), "LatentUpscaleBy");
  EXPECT_EQ(source(graph, "20", "samples"), "KSampler");
  EXPECT_EQ(graph["23"]["inputs"]["steps"], params.steps);
  EXPECT_FALSE(graph.contains("9")) << "the smaller picture is not needed";
}

TEST(PlainGraph, AppliesAdaptersInTheirOrder) {
  const auto graph = plain_graph(rich_request(), true, "zanime", kPictures);
  EXPECT_EQ(source(graph, "30", "model"), "UNETLoader");
  EXPECT_EQ(source(graph, "30", "clip"), "CLIPLoader");
  EXPECT_EQ(graph["31"]["inputs"]["model"], (nlohmann::ordered_json{"30", 0}));
  EXPECT_EQ(graph["31"]["inputs"]["clip"], (nlohmann::ordered_json{"30", 1}));
  EXPECT_EQ(graph["31"]["inputs"]["strength_model"], -1.0);
  EXPECT_EQ(graph["28"]["inputs"]["model"], (nlohmann::ordered_json{"31", 0}));
  EXPECT_EQ(graph["6"]["inputs"]["clip"], (nlohmann::ordered_json{"31", 1}));
}

TEST(ParametersText, TellsOfPicturesPassesAndAdapters) {
  GenerationParams params = rich_request();
  const auto graph = plain_graph(params, true, "zanime", kPictures);
  EXPECT_EQ(parameters_text(graph, "10", 96, 144),
            "1girl, \"quoted\"\nsecond line\nNegative prompt: blurry\n"
            "Steps: 8, Sampler: euler, Schedule type: simple, CFG scale: 1, Shift: 3, "
            "Seed: 18446744073709551615, Size: 64x96, Denoising strength: 0.6, "
            "Hires upscale: 1.5, Hires steps: 4, Hires denoising strength: 0.5, "
            "LoRA: one.safetensors 0.5; two.safetensors -1, Model: dit.safetensors, "
            "Version: zanime " +
                std::string(version()));
  params.init_image.clear();
  const std::string plain = parameters_text(plain_graph(params), "10");
  EXPECT_NE(plain.find("Hires steps: 4, Denoising strength: 0.5"), std::string::npos) << plain;
  // The picture's own size, where nothing in the graph states it.
  params = rich_request();
  params.hires = 1;
  const auto unscaled = plain_graph(params, true, "zanime", {.init_image = "a.png"});
  EXPECT_NE(parameters_text(unscaled, "10", 64, 96).find("Size: 64x96"), std::string::npos);
}

TEST(ParametersText, ReadsLikeOtherProgramsWriteIt) {
  EXPECT_EQ(parameters_text(plain_graph(request()), "10"),
            "1girl, \"quoted\"\nsecond line\nNegative prompt: blurry\n"
            "Steps: 8, Sampler: euler, Schedule type: simple, CFG scale: 1, Shift: 3, "
            "Seed: 18446744073709551615, Size: 832x1216, Model: dit.safetensors, "
            "Version: zanime " +
                std::string(version()));
}

// The workflows of the released models take the negative side from the prompt and empty it.
TEST(ParametersText, HasNoNegativePromptWhereItWasEmptied) {
  auto graph = plain_graph(request());
  graph["50"] = {{"class_type", "ConditioningZeroOut"}, {"inputs", {{"conditioning", {"6", 0}}}}};
  graph["8"]["inputs"]["negative"] = {"50", 0};
  const std::string text = parameters_text(graph, "10");
  EXPECT_EQ(text.find("Negative"), std::string::npos) << text;
  EXPECT_TRUE(text.starts_with("1girl")) << text;
}

TEST(ParametersText, TakesGraphsAsTheyCome) {
  auto graph = plain_graph(request(), false);
  graph["6"]["inputs"]["text"] = "";
  graph["8"]["inputs"]["denoise"] = 0.5;
  const std::string text = parameters_text(graph, "10");
  EXPECT_EQ(text.find("Negative"), std::string::npos);
  EXPECT_EQ(text.find("Shift"), std::string::npos);
  EXPECT_NE(text.find("Denoising strength: 0.5"), std::string::npos);
  EXPECT_EQ(parameters_text(graph, "99"), "");
  EXPECT_EQ(parameters_text(nlohmann::ordered_json::object(), "1"), "");
  // A circle of links ends.
  graph["8"]["inputs"].erase("steps");
  graph["9"]["inputs"]["vae"] = {"9", 0};
  EXPECT_EQ(parameters_text(graph, "10"), "");
}

}  // namespace
}  // namespace zanime::engine
