// The three networks against ComfyUI, at every instruction set present.
#include <gtest/gtest.h>

#include "checkpoints/open_model.h"
#include "models/autoencoder.h"
#include "models/next_dit.h"
#include "models/qwen3.h"
#include "models/tokenizer.h"
#include "tests/support/backends.h"
#include "tests/support/golden.h"
#include "tests/support/random_tensor.h"
#include "tests/support/synthetic_models.h"

namespace zanime::models {
namespace {

using namespace zanime::testing;

class GoldenNetworks : public ::testing::TestWithParam<BackendFactory> {
 protected:
  std::shared_ptr<ops::Backend> backend = GetParam().make(ops::Compute::kFloat32);
  CancelToken cancel;
};

INSTANTIATE_TEST_SUITE_P(Backends, GoldenNetworks, ::testing::ValuesIn(backend_factories()),
                         [](const auto& backend) { return backend.param.name; });

TEST_P(GoldenNetworks, TextEncoder) {
  for (const std::string variant : {"fp8", "bf16"}) {
    const Qwen3TextEncoder encoder(checkpoints::open_model_weights(
        tiny_text_encoder(variant), checkpoints::ModelFamily::kQwen3));
    const nlohmann::json cases = golden_cases();
    for (int prompt : cases.at("text_prompts")) {
      const Tensor expected = golden_tensor("text/" + variant + "/" + std::to_string(prompt));
      const Tensor rows =
          encoder.encode(Tokenizer::qwen2().encode_prompt(golden_prompt(prompt)), *backend, cancel);
      EXPECT_LE(max_difference(rows.reshaped({1, rows.dim(0), rows.dim(1)}), expected),
                1e-4 * max_magnitude(expected))
          << variant << " prompt " << prompt;
    }
  }
}

TEST_P(GoldenNetworks, DiffusionModel) {
  for (const std::string variant : {"fp32", "bf16", "fp8", "fp8-diffusers"}) {
    const NextDit network(
        checkpoints::open_model_weights(tiny_dit(variant), checkpoints::ModelFamily::kZImage));
    int index = 0;
    const nlohmann::json cases = golden_cases();
    for (const nlohmann::json& c : cases.at("dit")) {
      const std::string number = std::to_string(index++);
      const Tensor rows = golden_tensor("text/fp8/" + std::to_string(c.at("prompt").get<int>()));
      const NextDit::Caption caption =
          network.embed_caption(rows.reshaped({rows.dim(1), rows.dim(2)}), *backend, cancel);
      const Tensor latent = golden_tensor("dit/in/" + number);
      const Tensor velocity =
          network.velocity(latent, c.at("sigma"), caption,
                           network.canvas(latent, caption, *backend), *backend, cancel);
      const Tensor expected = golden_tensor("dit/" + variant + "/" + number);
      EXPECT_LE(max_difference(velocity, expected), 1e-4 * max_magnitude(expected))
          << variant << " case " << number;
    }
  }
}

TEST_P(GoldenNetworks, Decoder) {
  const AutoencoderDecoder decoder(checkpoints::open_model_weights(
      tiny_autoencoder(), checkpoints::ModelFamily::kFluxAutoencoder));
  for (const std::string number : {"0", "1", "2"}) {
    const Tensor picture = decoder.decode(golden_tensor("vae/in/" + number), *backend, cancel);
    EXPECT_LE(max_difference(picture, golden_tensor("vae/out/" + number)), 1e-4) << number;
  }
}

TEST_P(GoldenNetworks, ABatchIsItsItems) {
  const NextDit network(
      checkpoints::open_model_weights(tiny_dit("fp8"), checkpoints::ModelFamily::kZImage));
  const Tensor rows = golden_tensor("text/fp8/5");
  const NextDit::Caption caption =
      network.embed_caption(rows.reshaped({rows.dim(1), rows.dim(2)}), *backend, cancel);
  const Tensor latent = random_tensor({3, 16, 7, 9}, 1);  // odd: padded and cut back
  const NextDit::Canvas canvas = network.canvas(latent, caption, *backend);
  const Tensor together = network.velocity(latent, 0.5f, caption, canvas, *backend, cancel);
  for (int64_t i = 0; i < 3; ++i) {
    const Tensor alone =
        network.velocity(latent.rows(i, 1), 0.5f, caption, canvas, *backend, cancel);
    EXPECT_LE(max_difference(alone, together.rows(i, 1)), 1e-5) << i;
  }
}

TEST_P(GoldenNetworks, CancellingStopsWithinOneBlock) {
  const NextDit network(
      checkpoints::open_model_weights(tiny_dit("fp8"), checkpoints::ModelFamily::kZImage));
  cancel.cancel();
  const Tensor rows = golden_tensor("text/fp8/5");
  try {
    network.embed_caption(rows.reshaped({rows.dim(1), rows.dim(2)}), *backend, cancel);
    FAIL() << "ran to the end";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCancelled);
  }
}

}  // namespace
}  // namespace zanime::models
