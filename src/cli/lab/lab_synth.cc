// `zanime lab synth`: model files of synthetic weights.
#include <memory>
#include <string>

#include "base/error.h"
#include "checkpoints/synth.h"
#include "cli/lab/lab_commands.h"

namespace zanime::cli {
namespace {

struct Output {
  std::string path;
  std::string dtype = "fp8";

  DType type() const { return *checkpoints::synth_dtype(dtype); }
};

void add_output_options(CLI::App& command, Output& output) {
  command.add_option("-o,--output", output.path, "Safetensors file to write")->required();
  command.add_option("--dtype", output.dtype, "Type of every tensor")
      ->capture_default_str()
      ->check(CLI::IsMember({"fp32", "bf16", "fp16", "fp8"}));
}

// A width: a whole number from 1.
void add_width(CLI::App& command, const std::string& name, int64_t& value,
               const std::string& what) {
  command.add_option(name, value, what)
      ->capture_default_str()
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 20));
}

// Blocks one after another: each has tensors of its own.
void add_layers(CLI::App& command, int64_t& value, const std::string& what) {
  command.add_option("--layers", value, what)
      ->capture_default_str()
      ->check(CLI::Range(int64_t{1}, int64_t{1000}));
}

void add_dit(CLI::App& synth, const CancelToken& cancel) {
  struct DitOptions {
    Output output;
    checkpoints::DitSpec spec;
    int64_t refiners = checkpoints::DitSpec().noise_refiners;
    std::string layout = "comfy";
  };
  CLI::App* command = synth.add_subcommand("dit", "A Z-Image diffusion model");
  const auto options = std::make_shared<DitOptions>();
  add_output_options(*command, options->output);
  add_width(*command, "--dim", options->spec.dim, "Width of a token");
  add_layers(*command, options->spec.layers, "Blocks of the trunk");
  command->add_option("--refiners", options->refiners, "Noise refiners, and context refiners")
      ->capture_default_str()
      ->check(CLI::Range(0, 64));
  add_width(*command, "--head-dim", options->spec.head_dim, "Width of a head");
  add_width(*command, "--cap", options->spec.caption_dim, "Width of a conditioning row");
  add_width(*command, "--ffn", options->spec.ffn, "Width inside the feed-forward");
  command->add_option("--layout", options->layout, "Whose tensor names")
      ->capture_default_str()
      ->check(CLI::IsMember({"comfy", "diffusers"}));
  command->callback([options, &cancel] {
    options->spec.noise_refiners = options->spec.context_refiners = options->refiners;
    checkpoints::synth_dit(options->output.path, options->spec, options->output.type(),
                           *checkpoints::synth_layout(options->layout), cancel);
  });
}

void add_qwen3(CLI::App& synth, const CancelToken& cancel) {
  struct Qwen3Options {
    Output output;
    checkpoints::Qwen3Spec spec;
  };
  CLI::App* command = synth.add_subcommand("qwen3", "A Qwen3 text encoder");
  const auto options = std::make_shared<Qwen3Options>();
  add_output_options(*command, options->output);
  add_width(*command, "--hidden", options->spec.hidden, "Width of a token");
  add_layers(*command, options->spec.layers, "Layers, the unused last one included");
  add_width(*command, "--heads", options->spec.heads, "Query heads");
  add_width(*command, "--kv-heads", options->spec.kv_heads, "Key and value heads");
  add_width(*command, "--head-dim", options->spec.head_dim, "Width of a head");
  add_width(*command, "--ffn", options->spec.ffn, "Width inside the feed-forward");
  add_width(*command, "--vocab", options->spec.vocabulary, "Rows of the embedding");
  command->callback([options, &cancel] {
    checkpoints::synth_qwen3(options->output.path, options->spec, options->output.type(), cancel);
  });
}

void add_autoencoder(CLI::App& synth, const CancelToken& cancel) {
  struct AutoencoderOptions {
    Output output{.path = "", .dtype = "fp32"};
    int64_t channels = 128;
    bool no_encoder = false;
  };
  CLI::App* command = synth.add_subcommand("vae", "A FLUX autoencoder");
  const auto options = std::make_shared<AutoencoderOptions>();
  add_output_options(*command, options->output);
  add_width(*command, "--channels", options->channels, "Width of the finest level");
  command->add_flag("--no-encoder", options->no_encoder, "Decoder only");
  command->callback([options, &cancel] {
    checkpoints::synth_autoencoder(
        options->output.path,
        checkpoints::flux_autoencoder(options->channels, !options->no_encoder),
        options->output.type(), cancel);
  });
}

void add_control(CLI::App& synth, const CancelToken& cancel) {
  struct ControlOptions {
    Output output{.path = "", .dtype = "bf16"};
    checkpoints::ControlSpec spec;
    bool is_second_version = false;
  };
  CLI::App* command = synth.add_subcommand("control", "A Z-Image Fun ControlNet");
  const auto options = std::make_shared<ControlOptions>();
  add_output_options(*command, options->output);
  add_width(*command, "--dim", options->spec.dim, "Width of a token");
  add_width(*command, "--layers", options->spec.layers, "Blocks beside the model's: 3, 6 or 15");
  add_width(*command, "--head-dim", options->spec.head_dim, "Width of a head");
  add_width(*command, "--ffn", options->spec.ffn, "Width inside the feed-forward");
  command->add_flag("--inpaint", options->is_second_version,
                    "As versions 2: with mask and inpainted picture, and refiners that change the "
                    "picture");
  command->callback([options, &cancel] {
    if (options->is_second_version) {
      options->spec.channels = checkpoints::ControlSpec::kInpaintChannels;
      options->spec.refines_picture = true;
    }
    checkpoints::synth_control(options->output.path, options->spec, options->output.type(), cancel);
  });
}

void add_upscaler(CLI::App& synth, const CancelToken& cancel) {
  struct UpscalerOptions {
    Output output{.path = "", .dtype = "fp32"};
    checkpoints::UpscalerSpec spec;
    std::string kind = "esrgan";
  };
  CLI::App* command = synth.add_subcommand("upscaler", "A network that makes pictures larger");
  const auto options = std::make_shared<UpscalerOptions>();
  add_output_options(*command, options->output);
  command->add_option("--kind", options->kind, "Which one")
      ->capture_default_str()
      ->check(CLI::IsMember({"esrgan", "compact", "span"}));
  add_width(*command, "--scale", options->spec.scale, "Pixels along a side that one becomes");
  add_width(*command, "--features", options->spec.features, "Channels inside");
  command->add_option("--blocks", options->spec.blocks, "Blocks (SPAN has always 6)")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000));
  add_width(*command, "--fold", options->spec.fold,
            "ESRGAN: pixels along a side that are folded into channels first");
  command->callback([options, &cancel] {
    using checkpoints::UpscalerKind;
    options->spec.kind = options->kind == "esrgan"    ? UpscalerKind::kEsrgan
                         : options->kind == "compact" ? UpscalerKind::kCompact
                                                      : UpscalerKind::kSpan;
    checkpoints::synth_upscaler(options->output.path, options->spec, options->output.type(),
                                cancel);
  });
}

}  // namespace

void add_lab_synth(CLI::App& lab, const CancelToken& cancel) {
  CLI::App* synth = lab.add_subcommand(
      "synth", "Model files of synthetic weights; the default widths are the real models'");
  synth->require_subcommand(1);
  add_dit(*synth, cancel);
  add_qwen3(*synth, cancel);
  add_autoencoder(*synth, cancel);
  add_control(*synth, cancel);
  add_upscaler(*synth, cancel);
}

}  // namespace zanime::cli
