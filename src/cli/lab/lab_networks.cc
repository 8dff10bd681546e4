// The lab commands that run a network or a sampler over one.
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "checkpoints/open_model.h"
#include "cli/globals.h"
#include "cli/lab/lab_commands.h"
#include "cli/tensor_argument.h"
#include "models/autoencoder.h"
#include "models/next_dit.h"
#include "models/qwen3.h"
#include "models/tokenizer.h"
#include "nodes/sampling/denoise.h"
#include "sampling/ksampler.h"
#include "sampling/noise.h"
#include "sampling/schedules.h"

namespace zanime::cli {
namespace {

// In float32 unless a mode was asked for: the lab is for comparing with other programs' numbers.
std::shared_ptr<ops::Backend> lab_backend(const GlobalOptions& globals) {
  ops::BackendOptions options = globals.backend;
  if (options.compute == ops::Compute::kAuto) options.compute = ops::Compute::kFloat32;
  return ops::make_backend(options);
}

// Prompt -> [tokens, hidden].
Tensor encode_prompt(const models::Qwen3TextEncoder& encoder, const std::string& prompt,
                     ops::Backend& backend, const CancelToken& cancel) {
  return encoder.encode(models::Tokenizer::qwen2().encode_prompt(prompt), backend, cancel);
}

models::Qwen3TextEncoder open_text_encoder(const std::string& path) {
  return models::Qwen3TextEncoder(
      checkpoints::open_model_weights(path, checkpoints::ModelFamily::kQwen3));
}

// [1, tokens, width] or [tokens, width] -> [tokens, width].
Tensor read_conditioning(const std::string& text) {
  const Tensor tensor = read_tensor_argument("--conditioning", text);
  if (tensor.rank() == 2) return tensor;
  if (tensor.rank() == 3 && tensor.dim(0) == 1)
    return tensor.reshaped({tensor.dim(1), tensor.dim(2)});
  throw Error(ErrorKind::kUsage, "--conditioning '" + text + "' has shape " +
                                     tensor.shape().to_string() +
                                     "; [1, tokens, width] was expected");
}

void check_channels(const Tensor& latent, int64_t expected) {
  if (latent.dim(1) == expected) return;
  throw Error(ErrorKind::kUsage, "--latent has " + std::to_string(latent.dim(1)) +
                                     " channels; this file's network takes " +
                                     std::to_string(expected));
}

struct SampleOptions {
  std::string model, text_encoder, prompt, negative, latent, out;
  std::string sampler = "euler", scheduler = "simple";
  uint64_t seed = 0;
  int steps = 8;
  double cfg = 1.0, shift = sampling::FlowSchedule::kDefaultShift, denoise = 1.0;
  int64_t width = 64, height = 64, batch = 1;
};

void run_sample(const SampleOptions& options, const GlobalOptions& globals,
                const CancelToken& cancel) {
  const auto backend = lab_backend(globals);
  const auto network = std::make_shared<const models::NextDit>(
      checkpoints::open_model_weights(options.model, checkpoints::ModelFamily::kZImage));
  const models::Qwen3TextEncoder encoder = open_text_encoder(options.text_encoder);
  const auto denoise_under = [&](const std::string& prompt) {
    const nodes::Conditioning conditioning = {{encode_prompt(encoder, prompt, *backend, cancel)}};
    return nodes::flow_denoise({.network = network, .shift = options.shift}, conditioning, *backend,
                               cancel);
  };
  const sampling::FlowSchedule flow(options.shift);
  sampling::SampleRequest request;
  request.format.channels = network->config().latent_channels;
  if (options.latent.empty()) {
    request.latent = Tensor::zeros(
        {options.batch, request.format.channels, options.height / 8, options.width / 8});
  } else {
    request.latent = read_latent_argument("--latent", options.latent);
    check_channels(request.latent, request.format.channels);
  }
  request.sampler = options.sampler;
  request.sigmas = sampling::make_sigmas(options.scheduler, flow, options.steps, options.denoise,
                                         options.sampler);
  request.seed = options.seed;
  request.noise = sampling::normal_noise(request.latent.shape(), options.seed);
  request.on_step = [&](const sampling::SamplerStep&) { cancel.throw_if_cancelled(); };
  const sampling::Guide guide =
      sampling::cfg_guide(denoise_under(options.prompt), denoise_under(options.negative),
                          static_cast<float>(options.cfg));
  write_tensor(options.out, "samples", sampling::sample(guide, flow, request));
}

}  // namespace

void add_lab_encode(CLI::App& lab, const GlobalOptions& globals, const CancelToken& cancel) {
  struct Options {
    std::string text_encoder, prompt, out;
  };
  CLI::App* command =
      lab.add_subcommand("encode", "The text encoder: tensor `conditioning` [1, tokens, width]");
  const auto options = std::make_shared<Options>();
  command->add_option("--text-encoder", options->text_encoder, "Model file")->required();
  command->add_option("--prompt", options->prompt, "Prompt")->required();
  command->add_option("-o,--output", options->out, "Safetensors file to write")->required();
  command->callback([options, &globals, &cancel] {
    const auto backend = lab_backend(globals);
    const Tensor rows =
        encode_prompt(open_text_encoder(options->text_encoder), options->prompt, *backend, cancel);
    write_tensor(options->out, "conditioning", rows.reshaped({1, rows.dim(0), rows.dim(1)}));
  });
}

void add_lab_velocity(CLI::App& lab, const GlobalOptions& globals, const CancelToken& cancel) {
  struct Options {
    std::string model, latent, conditioning, out;
    float sigma = 1.0f;
  };
  CLI::App* command =
      lab.add_subcommand("velocity", "One evaluation of the diffusion model: tensor `velocity`");
  const auto options = std::make_shared<Options>();
  command->add_option("--model", options->model, "Model file")->required();
  command->add_option("--latent", options->latent, "FILE:NAME, [batch, channels, height, width]")
      ->required();
  command->add_option("--sigma", options->sigma, "Noise level")
      ->required()
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--conditioning", options->conditioning, "FILE:NAME, from lab encode")
      ->required();
  command->add_option("-o,--output", options->out, "Safetensors file to write")->required();
  command->callback([options, &globals, &cancel] {
    const auto backend = lab_backend(globals);
    const models::NextDit network(
        checkpoints::open_model_weights(options->model, checkpoints::ModelFamily::kZImage));
    const Tensor latent = read_latent_argument("--latent", options->latent);
    check_channels(latent, network.config().latent_channels);
    const Tensor conditioning = read_conditioning(options->conditioning);
    if (conditioning.dim(1) != network.config().caption_dim) {
      throw Error(ErrorKind::kUsage,
                  "--conditioning has rows of " + std::to_string(conditioning.dim(1)) +
                      " values; this model takes " + std::to_string(network.config().caption_dim));
    }
    const models::NextDit::Caption caption = network.embed_caption(conditioning, *backend, cancel);
    write_tensor(options->out, "velocity",
                 network.velocity(latent, options->sigma, caption,
                                  network.canvas(latent, caption, *backend), *backend, cancel));
  });
}

void add_lab_sample(CLI::App& lab, const GlobalOptions& globals, const CancelToken& cancel) {
  CLI::App* command = lab.add_subcommand("sample", "A whole sampling run: tensor `samples`");
  const auto options = std::make_shared<SampleOptions>();
  command->add_option("--model", options->model, "Diffusion model file")->required();
  command->add_option("--text-encoder", options->text_encoder, "Text encoder file")->required();
  command->add_option("--prompt", options->prompt, "Prompt")->required();
  command->add_option("--negative", options->negative, "Negative prompt");
  command->add_option("--seed", options->seed, "Seed, 0 to 2^64 - 1");
  command->add_option("--steps", options->steps, "Number of steps")->check(CLI::Range(1, 10000));
  command->add_option("--cfg", options->cfg, "Guidance; 1 leaves the negative prompt out");
  command->add_option("--sampler", options->sampler, "Name of the sampler");
  command->add_option("--scheduler", options->scheduler, "Name of the schedule");
  command->add_option("--shift", options->shift, "Shift of the flow; default: the model's own, 3");
  command->add_option("--denoise", options->denoise, "Part of the schedule to run")
      ->check(CLI::Range(0.0, 1.0));
  auto* latent =
      command->add_option("--latent", options->latent, "FILE:NAME, the latent to start from");
  const CLI::Range side(8, 16384);
  for (CLI::Option* option :
       {command->add_option("--width", options->width, "Pixels, for an empty latent")->check(side),
        command->add_option("--height", options->height, "Pixels, for an empty latent")
            ->check(side),
        command->add_option("--batch", options->batch, "Pictures")->check(CLI::Range(1, 64))}) {
    option->excludes(latent);
  }
  command->add_option("-o,--output", options->out, "Safetensors file to write")->required();
  command->callback([options, &globals, &cancel] { run_sample(*options, globals, cancel); });
}

void add_lab_decode(CLI::App& lab, const GlobalOptions& globals, const CancelToken& cancel) {
  struct Options {
    std::string vae, latent, out;
  };
  CLI::App* command = lab.add_subcommand(
      "decode", "The autoencoder's decoder: tensor `image` [batch, height, width, 3]");
  const auto options = std::make_shared<Options>();
  command->add_option("--vae", options->vae, "Autoencoder file")->required();
  command->add_option("--latent", options->latent, "FILE:NAME, as lab sample writes it")
      ->required();
  command->add_option("-o,--output", options->out, "Safetensors file to write")->required();
  command->callback([options, &globals, &cancel] {
    const auto backend = lab_backend(globals);
    const models::AutoencoderDecoder decoder(
        checkpoints::open_model_weights(options->vae, checkpoints::ModelFamily::kFluxAutoencoder));
    const Tensor latent = read_latent_argument("--latent", options->latent);
    check_channels(latent, decoder.latent_channels());
    write_tensor(options->out, "image", decoder.decode(latent, *backend, cancel));
  });
}

}  // namespace zanime::cli
