#include "engine/read_parameters.h"

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/version.h"
#include "engine/parameters_text.h"
#include "engine/params_json.h"
#include "engine/plain_graph.h"
#include "tests/support/fake_model_files.h"
#include "tests/support/scratch_folder.h"

namespace zanime::engine {
namespace {

using namespace zanime::testing;

const FakeModelFiles& listed_files() {
  static const FakeModelFiles kFiles(
      {{"diffusion_models", {"z/Z_Image_Turbo.safetensors", "other.safetensors"}},
       {"text_encoders", {"qwen_3_4b.safetensors"}},
       {"vae", {"ae.safetensors"}},
       {"loras", {"style.safetensors", "more/line.safetensors"}}});
  return kFiles;
}

ParametersRequest read(const std::string& text) { return read_parameters(text, listed_files()); }

TEST(ReadParameters, TakesWhatForgeWrites) {
  const ParametersRequest request = read(
      "1girl, <lora:style:0.8> blue hair\nsecond line <lora:more/line:1:0.5>\n"
      "Negative prompt: blurry,\nbad\n"
      "Steps: 9, Sampler: DPM++ 2M SDE, Schedule type: SGM Uniform, CFG scale: 1.5, Shift: 9, "
      "Seed: 4242424242, Size: 768x1024, Model hash: 0123456789, Model: z_image_turbo, "
      "Module 1: ae, Module 2: qwen_3_4b, Lora hashes: \"style: 0011, line: 2233\", Version: neo");
  const GenerationParams& params = request.params;
  EXPECT_EQ(params.prompt, "1girl,  blue hair\nsecond line");
  EXPECT_EQ(params.negative_prompt, "blurry,\nbad");
  EXPECT_FALSE(params.expand);
  EXPECT_EQ(params.steps, 9);
  EXPECT_EQ(params.sampler, "dpmpp_2m_sde");
  EXPECT_EQ(params.scheduler, "sgm_uniform");
  EXPECT_EQ(params.cfg, 1.5);
  EXPECT_EQ(params.shift, 9);
  EXPECT_EQ(params.seed, 4242424242u);
  EXPECT_EQ(params.width, 768);
  EXPECT_EQ(params.height, 1024);
  EXPECT_EQ(params.model, "z/Z_Image_Turbo.safetensors");
  EXPECT_EQ(params.vae, "ae.safetensors");
  EXPECT_EQ(params.text_encoder, "qwen_3_4b.safetensors");
  ASSERT_EQ(params.loras.size(), 2u);
  EXPECT_EQ(params.loras[0].name, "style.safetensors");
  EXPECT_EQ(params.loras[0].strength, 0.8);
  EXPECT_EQ(params.loras[1].name, "more/line.safetensors");
  EXPECT_EQ(params.loras[1].strength, 0.5);
  EXPECT_TRUE(request.not_honoured.empty()) << request.not_honoured.front();
}

TEST(ReadParameters, TakesASecondPassAndOlderNames) {
  const GenerationParams params =
      read(
          "Steps: 20, Sampler: Euler a, Seed: 1, Denoising strength: 0.35, Hires upscale: 1.5, "
          "Hires steps: 4, Hires upscaler: Latent")
          .params;
  EXPECT_EQ(params.prompt, "");
  EXPECT_EQ(params.sampler, "euler_ancestral");
  EXPECT_EQ(params.hires, 1.5);
  EXPECT_EQ(params.hires_strength, 0.35);
  EXPECT_EQ(params.hires_steps, 4);
  EXPECT_EQ(params.hires_from, "latent");
  const GenerationParams old = read("x\nSteps: 2, Sampler: DPM++ 2M Karras, Seed: 1").params;
  EXPECT_EQ(old.sampler, "dpmpp_2m");
  EXPECT_EQ(old.scheduler, "karras");
}

TEST(ReadParameters, ListsWhatItCannotHonour) {
  const ParametersRequest request = read(
      "a <lora:gone:1> <hypernet:h:1>\nSteps: 2000, Sampler: Restart, CFG scale: x, Seed: -1, "
      "Size: 1000x1001, Denoising strength: 0.5, Clip skip: 2, Model: gone, "
      "ADetailer prompt: \"a, \\\"b\\\": c\"");
  EXPECT_EQ(request.params.prompt, "a");
  EXPECT_EQ(request.not_honoured,
            (std::vector<std::string>{"<lora:gone:1>", "<hypernet:h:1>", "Steps: 2000",
                                      "Sampler: Restart", "CFG scale: x", "Seed: -1",
                                      "Size: 1000x1001", "Denoising strength: 0.5", "Clip skip: 2",
                                      "Model: gone", "ADetailer prompt: a, \"b\": c"}));
  EXPECT_EQ(request.params.steps, GenerationParams{}.steps);
  EXPECT_EQ(request.params.model, "");
}

// What this program writes it reads again.
TEST(ReadParameters, IsTheOppositeOfParametersText) {
  GenerationParams params;
  params.prompt = "1girl, \"quoted\"\nSteps up, Size: large";
  params.negative_prompt = "blurry";
  params.width = 64;
  params.height = 96;
  params.seed = 18446744073709551615u;
  params.cfg = 1.5;
  params.sampler = "res_multistep";
  params.scheduler = "beta";
  params.shift = 6.5;
  params.hires = 2.0;
  params.hires_strength = 0.25;
  params.hires_steps = 3;
  params.loras = {{"style.safetensors", 0.5}, {"more/line.safetensors", -1.0}};
  params.model = "other.safetensors";
  const ParametersRequest request =
      read(parameters_text(plain_graph(params), "10", 0, 0, {"fp32", "avx2", ""}));
  EXPECT_TRUE(request.not_honoured.empty()) << request.not_honoured.front();
  params.expand = false;
  EXPECT_EQ(to_json(request.params), to_json(params));
}

TEST(ReadParameters, SaysHowAPictureWasComputed) {
  const std::string text =
      parameters_text(plain_graph(GenerationParams{.prompt = "Compute: int8, "}), "10", 0, 0,
                      {"bf16", "card 1, driver 2", ""});
  const ComputeRecord record = read_compute_record(text);
  EXPECT_EQ(record.compute, "bf16");
  EXPECT_EQ(record.instructions, "card 1; driver 2");
  EXPECT_EQ(record.version, std::string("zanime ") + version());
  EXPECT_EQ(read_compute_record("Compute: int8\nSteps: 3, Computer: x").compute, "");
}

TEST(ReadParameters, TellsSuchATextFromOthers) {
  EXPECT_TRUE(is_parameters_text("a\nSteps: 1, Sampler: Euler, Seed: 2"));
  EXPECT_TRUE(is_parameters_text("Steps: 1, Sampler: Euler, Seed: 2"));
  EXPECT_FALSE(is_parameters_text("a Steps: 1, Sampler: Euler, Seed: 2"));
  EXPECT_FALSE(is_parameters_text("Steps: 1"));
  EXPECT_FALSE(is_parameters_text("{\"1\": {}}"));
  EXPECT_FALSE(is_parameters_text(""));
}

// A folder whose file is on disk.
class OneModel : public nodes::ModelFiles {
 public:
  OneModel() { std::ofstream(folder_ / "renamed.safetensors") << "abc"; }
  std::vector<std::string> list(const std::string& folder) const override {
    return folder == "diffusion_models" ? std::vector<std::string>{"renamed.safetensors"}
                                        : std::vector<std::string>{};
  }
  std::filesystem::path find(const std::string&, const std::string& name) const override {
    return folder_ / name;
  }

 private:
  ScratchFolder folder_;
};

TEST(ReadParameters, FindsAModelByItsHash) {
  // SHA-256 of "abc", FIPS 180-4's example.
  const std::string text = "x\nSteps: 1, Model hash: BA7816BF8F, Model: other";
  EXPECT_EQ(read_parameters(text, OneModel()).params.model, "renamed.safetensors");
  const std::string wrong = "x\nSteps: 1, Model hash: BA7816BF80, Model: other";
  EXPECT_EQ(read_parameters(wrong, OneModel()).params.model, "");
}

}  // namespace
}  // namespace zanime::engine
