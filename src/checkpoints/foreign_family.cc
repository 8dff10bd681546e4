#include "checkpoints/foreign_family.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace zanime::checkpoints {
namespace {

using Tensors = weights::WeightFile::Tensors;

bool any_name(const Tensors& tensors, std::string_view part) {
  for (const auto& [name, entry] : tensors) {
    if (name.find(part) != std::string::npos) return true;
  }
  return false;
}

const weights::TensorEntry* find_ending(const Tensors& tensors, std::string_view suffix) {
  for (const auto& [name, entry] : tensors) {
    if (name.ends_with(suffix)) return &entry;
  }
  return nullptr;
}

// Extent of the tensor whose name ends with `suffix`; 0 when there is none or it has fewer axes.
int64_t extent(const Tensors& tensors, std::string_view suffix, int axis) {
  const weights::TensorEntry* entry = find_ending(tensors, suffix);
  return entry != nullptr && entry->shape.rank() > axis ? entry->shape[axis] : 0;
}

struct Marker {
  std::string_view part;  // of a tensor's name
  std::string_view also;  // another that must occur, or empty
  const char* description;
};

std::string first_match(const Tensors& tensors, std::span<const Marker> markers) {
  for (const Marker& marker : markers) {
    if (any_name(tensors, marker.part) && (marker.also.empty() || any_name(tensors, marker.also))) {
      return marker.description;
    }
  }
  return {};
}

// The more special marker comes first throughout.
constexpr std::array kAdapters = {
    Marker{"lokr_w", "", "LoKr adapter"},
    Marker{"hada_w", "", "LoHa adapter"},
    Marker{".oft_", "", "OFT adapter"},
    Marker{"lora_A.", "", "LoRA adapter"},
    Marker{"lora_down.", "", "LoRA adapter"},
    Marker{"lora.down.", "", "LoRA adapter"},
    Marker{"lora_linear_layer.", "", "LoRA adapter"},
    Marker{".lora_a.", "", "LoRA adapter"},
    Marker{"lora_B.", "", "LoRA adapter"},
    Marker{"lora_up.", "", "LoRA adapter"},
};

constexpr std::array kDiffusionModels = {
    Marker{"clip_text_pooled_proj.", "", "NewBie-Image diffusion model"},
    Marker{"time_caption_embed.", "", "OmniGen2 diffusion model"},
    Marker{"noise_refiner.", "cap_embedder.", "Lumina-Image 2 diffusion model"},
    Marker{"llm_adapter.", "", "Anima diffusion model"},
    Marker{"distilled_guidance_layer.", "", "Chroma diffusion model"},
    Marker{"double_stream_modulation_img.", "", "FLUX.2 diffusion model"},
    Marker{"txt_in.individual_token_refiner.", "", "HunyuanVideo diffusion model"},
    Marker{"context_embedder.token_refiner.", "", "HunyuanVideo diffusion model (Diffusers)"},
    Marker{"byt5_in.", "double_blocks.", "HunyuanImage diffusion model"},
    Marker{"latent_in.weight", "double_blocks.", "Hunyuan3D model"},
    Marker{"double_blocks.", "single_blocks.", "FLUX.1 diffusion model"},
    Marker{"transformer_blocks.0.img_mod.", "", "Qwen-Image diffusion model"},
    Marker{"single_transformer_blocks.", "context_embedder.", "FLUX diffusion model (Diffusers)"},
    Marker{"joint_blocks.", "context_block.", "Stable Diffusion 3 diffusion model"},
    Marker{"transformer_blocks.0.attn.add_q_proj.", "pos_embed.",
           "Stable Diffusion 3 diffusion model (Diffusers)"},
    Marker{"double_layers.", "single_layers.", "AuraFlow diffusion model"},
    Marker{"joint_transformer_blocks.", "", "AuraFlow diffusion model (Diffusers)"},
    Marker{"double_stream_blocks.", "caption_projection.", "HiDream diffusion model"},
    Marker{"head.modulation", "cross_attn.", "Wan diffusion model"},
    Marker{"adaln_single.", "transformer_blocks.0.attn2.k_norm.", "LTX-Video diffusion model"},
    Marker{"adaln_single.", "", "PixArt diffusion model"},
    Marker{"t_block.1.", "y_embedder.", "PixArt diffusion model"},
    Marker{"t5_y_embedder.", "", "Mochi diffusion model"},
    Marker{"mlp_t5.", "", "HunyuanDiT diffusion model"},
    Marker{"effnet_mapper.", "", "Stable Cascade stage B model"},
    Marker{"clip_txt_mapper.", "", "Stable Cascade stage C model"},
    Marker{"net.x_embedder.proj.", "", "Cosmos diffusion model"},
    Marker{"blocks.0.adaLN_modulation_cross_attn.", "", "Cosmos diffusion model"},
};

constexpr std::array kHelpers = {
    Marker{"control_noise_refiner.", "", "ControlNet for Z-Image"},
    Marker{"control_layers.", "", "ControlNet for Z-Image"},
    Marker{"control_all_x_embedder.", "", "ControlNet for Z-Image"},
    Marker{"controlnet_", "", "ControlNet"},
    Marker{"input_hint_block.", "", "ControlNet"},
    Marker{"zero_convs.", "", "ControlNet"},
    Marker{"ip_adapter.", "", "IP-Adapter"},
    Marker{"image_proj.", "", "IP-Adapter"},
    Marker{"adapter.body.", "", "T2I-Adapter"},
    Marker{"string_to_param", "", "textual-inversion embedding"},
    Marker{"emb_params", "", "textual-inversion embedding"},
};

constexpr std::array kTextEncoders = {
    Marker{"visual.", "layers.0.self_attn.q_norm.", "Qwen3-VL vision and language model"},
    Marker{"visual.", "layers.0.self_attn.q_proj.bias", "Qwen2.5-VL vision and language model"},
    Marker{"mlp.experts.", "self_attn.q_norm.", "Qwen3 mixture-of-experts language model"},
    Marker{"pre_feedforward_layernorm.", "self_attn.q_norm.", "Gemma 3 text encoder"},
    Marker{"pre_feedforward_layernorm.", "", "Gemma 2 text encoder"},
    Marker{"layers.0.self_attn.q_proj.bias", "layers.0.mlp.gate_proj.", "Qwen2.5 text encoder"},
    Marker{"text_model.encoder.", "vision_model.", "CLIP model (text and vision)"},
    Marker{"vision_model.", "", "CLIP vision encoder"},
    Marker{"encoder.block.1.layer.0.SelfAttention.relative_attention_bias.", "",
           "UMT5 text encoder"},
};

constexpr std::array kOthers = {
    Marker{"blk.0.attn_q.", "", "language model that is not Qwen3 (llama.cpp)"},
    Marker{"taesd", "", "TAESD preview autoencoder"},
    Marker{"decoder.layers.0.", "encoder.layers.0.", "TAESD preview autoencoder"},
    Marker{"3.conv.0.weight", "", "TAESD preview autoencoder"},
    Marker{"decoder.middle.0.residual.", "", "Wan or Qwen-Image autoencoder (3D)"},
    Marker{"decoder.up_blocks.0.resnets.0.norm1.gamma", "",
           "Wan or Qwen-Image autoencoder (3D, Diffusers)"},
    Marker{"vquantizer.", "", "Stable Cascade stage A autoencoder"},
    Marker{"RRDB_trunk.", "", "upscaler (ESRGAN)"},
    Marker{"rdb1.conv1.", "", "upscaler (ESRGAN)"},
    Marker{".RDB1.", "", "upscaler (ESRGAN)"},
    Marker{"residual_group.blocks.", "", "upscaler (SwinIR or HAT)"},
    Marker{"upsample.0.weight", "conv_before_upsample.", "upscaler"},
};

constexpr std::array kPacked = {
    Marker{".wscales", "", ", quantised with SVDQuant (Nunchaku)"},
    Marker{".qzeros", "", ", quantised with GPTQ or AWQ"},
    Marker{".quant_state.bitsandbytes", "", ", quantised with bitsandbytes"},
};

// Stable Diffusion's U-Nets differ in the width of the text they attend to.
std::string describe_unet(const Tensors& tensors) {
  const bool original = any_name(tensors, "input_blocks.0.0.weight");
  const bool diffusers = any_name(tensors, "down_blocks.") && any_name(tensors, "time_embedding.");
  if (!original && !diffusers) return {};
  const char* version = "Stable Diffusion";
  switch (extent(tensors, "attn2.to_k.weight", 1)) {
    case 768:
      version = "Stable Diffusion 1";
      break;
    case 1024:
      version = "Stable Diffusion 2";
      break;
    case 2048:
      version = "Stable Diffusion XL";
      break;
    case 1280:
      version = "Stable Diffusion XL refiner";
      break;
    default:
      break;
  }
  const bool whole = any_name(tensors, "first_stage_model.");
  return std::string(version) + (whole ? " checkpoint" : " diffusion model");
}

std::string describe_language_model(const Tensors& tensors) {
  if (!any_name(tensors, "layers.0.self_attn.q_proj.") || !any_name(tensors, "embed_tokens.")) {
    return {};
  }
  const int64_t vocabulary = extent(tensors, "embed_tokens.weight", 0);
  if (vocabulary >= 128256 && vocabulary < 129000) return "Llama 3 text encoder";
  if (vocabulary == 131072 || vocabulary == 32768) return "Mistral text encoder";
  if (vocabulary == 32000) return "Llama 2 or Mistral language model";
  return "language model that is not Qwen3";
}

std::string describe_clip(const Tensors& tensors) {
  if (any_name(tensors, "transformer.resblocks.")) return "CLIP text encoder (OpenCLIP)";
  if (!any_name(tensors, "text_model.encoder.layers.")) return {};
  switch (extent(tensors, "token_embedding.weight", 1)) {
    case 768:
      return "CLIP-L text encoder";
    case 1024:
      return "CLIP-H text encoder";
    case 1280:
      return "CLIP-G text encoder";
    default:
      return "CLIP text encoder";
  }
}

std::string describe_t5(const Tensors& tensors) {
  if (!any_name(tensors, "encoder.block.0.layer.0.SelfAttention.")) return {};
  return extent(tensors, "block.0.layer.0.SelfAttention.q.weight", 1) == 4096
             ? "T5-XXL text encoder"
             : "T5 text encoder";
}

std::string describe_autoencoder(const Tensors& tensors) {
  const weights::TensorEntry* conv = find_ending(tensors, "decoder.conv_in.weight");
  if (conv == nullptr) conv = find_ending(tensors, "decoder.conv_in.conv.weight");
  const bool decoder = any_name(tensors, "decoder.mid") || any_name(tensors, "decoder.up");
  if (conv == nullptr && !decoder) return {};
  for (const auto& [name, entry] : tensors) {
    if (entry.shape.rank() == 5) return "video autoencoder (3D)";
  }
  if (conv != nullptr && conv->shape.rank() == 4) {
    switch (conv->shape[1]) {
      case 4:
        return "Stable Diffusion autoencoder (4 channels)";
      case 32:
        return "FLUX.2 autoencoder (32 channels)";
      default:
        return "autoencoder of another model (" + std::to_string(conv->shape[1]) +
               " latent channels)";
    }
  }
  return "autoencoder of another model";
}

// What an adapter changes, by parts of its keys with underscores for dots. The more special marker
// comes first.
constexpr std::array kAdapted = {
    Marker{"noise_refiner_", "", "Z-Image"},
    Marker{"context_refiner_", "", "Z-Image"},
    Marker{"layers_0_attention_", "", "Z-Image"},
    Marker{"layers_0_adaLN_modulation", "", "Z-Image"},
    Marker{"layers_0_feed_forward_w1", "", "Z-Image"},
    Marker{"llm_adapter_", "", "Anima"},
    Marker{"adaln_modulation_cross_attn", "", "Cosmos"},
    Marker{"distilled_guidance_layer", "", "Chroma"},
    Marker{"individual_token_refiner", "", "HunyuanVideo"},
    Marker{"double_stream_modulation", "", "FLUX.2"},
    Marker{"to_qkv_mlp_proj", "", "FLUX.2"},
    Marker{"double_blocks_", "", "FLUX.1"},
    Marker{"single_blocks_", "", "FLUX.1"},
    Marker{"single_transformer_blocks_", "", "FLUX.1"},
    Marker{"double_stream_blocks_", "", "HiDream"},
    Marker{"transformer_blocks_0_img_m", "", "Qwen-Image"},
    Marker{"_add_k_proj", "img_mod", "Qwen-Image"},
    Marker{"joint_blocks_", "", "Stable Diffusion 3"},
    Marker{"joint_transformer_blocks_", "", "AuraFlow"},
    Marker{"transformer_blocks_0_attn_add_", "", "Stable Diffusion 3"},
    Marker{"blocks_0_cross_attn_", "", "Wan"},
    Marker{"blocks_0_self_attn_", "", "Wan"},
};

// Stable Diffusion's U-Nets differ in the width of the text they attend to.
std::string adapted_unet(const Tensors& tensors) {
  for (const auto& [name, entry] : tensors) {
    const bool input = name.find("lora_down") != std::string::npos ||
                       name.find("lora.down") != std::string::npos ||
                       name.find("lora_A") != std::string::npos;
    if (!input || name.find("attn2") == std::string::npos || entry.shape.rank() < 2) continue;
    if (name.find("to_k") == std::string::npos && name.find("to_v") == std::string::npos) continue;
    if (entry.shape[1] == 2048) return "Stable Diffusion XL";
    if (entry.shape[1] == 1024) return "Stable Diffusion 2";
    if (entry.shape[1] == 768) return "Stable Diffusion 1";
  }
  return "Stable Diffusion";
}

std::string adapted_model(const Tensors& tensors) {
  Tensors plain;
  for (const auto& [name, entry] : tensors) {
    std::string with_underscores = name;
    std::replace(with_underscores.begin(), with_underscores.end(), '.', '_');
    plain.emplace(std::move(with_underscores), entry);
  }
  for (const std::string_view part : {"input_blocks_", "output_blocks_", "middle_block_",
                                      "down_blocks_", "up_blocks_", "mid_block_"}) {
    if (any_name(plain, part)) return adapted_unet(tensors);
  }
  std::string model = first_match(plain, kAdapted);
  if (model.empty() && any_name(plain, "transformer_blocks_0_attn1_to_")) model = "LTX-Video";
  if (model.empty() && any_name(plain, "text_model_encoder_layers_")) model = "a CLIP text encoder";
  if (model.empty() && any_name(plain, "layers_0_self_attn_")) model = "a language model";
  return model;
}

}  // namespace

std::string describe_adapter(const Tensors& tensors) {
  std::string kind = first_match(tensors, kAdapters);
  if (kind.empty()) return kind;
  const std::string model = adapted_model(tensors);
  return model.empty() ? kind : kind + " for " + model;
}

std::string describe_foreign_diffusion_model(const Tensors& tensors) {
  std::string model = first_match(tensors, kDiffusionModels);
  if (model.empty()) model = describe_unet(tensors);
  if (!model.empty()) model += first_match(tensors, kPacked);
  return model;
}

std::string describe_foreign_model(const Tensors& tensors) {
  for (const auto describe :
       {+[](const Tensors& t) { return first_match(t, kHelpers); },
        +[](const Tensors& t) { return describe_foreign_diffusion_model(t); },
        +[](const Tensors& t) { return first_match(t, kTextEncoders); }, &describe_t5,
        &describe_clip, &describe_language_model,
        +[](const Tensors& t) { return first_match(t, kOthers); }, &describe_autoencoder}) {
    std::string description = describe(tensors);
    if (!description.empty()) return description;
  }
  return {};
}

}  // namespace zanime::checkpoints
