#include "checkpoints/family.h"

#include <gtest/gtest.h>

#include "checkpoints/open_model.h"
#include "checkpoints/synth.h"
#include "tests/support/edit_safetensors.h"
#include "tests/support/expect_error.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/tiny_weights.h"
#include "weights/safetensors.h"

namespace zanime::checkpoints {
namespace {

using testing::EditableFile;
using testing::ScratchFolder;

struct Known {
  const char* description;
  std::vector<std::pair<std::string, Shape>> tensors;
};

// A few tensors of each model's real files.
std::vector<Known> known_models() {
  return {
      {"Stable Diffusion 1 checkpoint",
       {{"model.diffusion_model.input_blocks.0.0.weight", {320, 4, 3, 3}},
        {"model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight",
         {320, 768}},
        {"first_stage_model.decoder.conv_in.weight", {512, 4, 3, 3}},
        {"first_stage_model.decoder.up.0.block.0.conv1.weight", {1}},
        {"cond_stage_model.transformer.text_model.encoder.layers.0.mlp.fc1.weight", {1}}}},
      {"Stable Diffusion 2 diffusion model",
       {{"input_blocks.0.0.weight", {320, 4, 3, 3}},
        {"input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", {320, 1024}}}},
      {"Stable Diffusion XL checkpoint",
       {{"model.diffusion_model.input_blocks.0.0.weight", {320, 4, 3, 3}},
        {"model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight",
         {640, 2048}},
        {"conditioner.embedders.0.transformer.text_model.encoder.layers.0.mlp.fc1.weight", {1}},
        {"first_stage_model.decoder.conv_in.weight", {512, 4, 3, 3}},
        {"first_stage_model.decoder.up.0.block.0.conv1.weight", {1}}}},
      {"Stable Diffusion XL diffusion model",
       {{"down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight", {640, 2048}},
        {"time_embedding.linear_1.weight", {1280, 320}}}},
      {"Stable Diffusion 3 diffusion model",
       {{"model.diffusion_model.joint_blocks.0.context_block.attn.qkv.weight", {1}},
        {"model.diffusion_model.x_embedder.proj.weight", {1}}}},
      {"FLUX.1 diffusion model",
       {{"double_blocks.0.img_attn.norm.key_norm.scale", {128}},
        {"single_blocks.0.linear1.weight", {1}},
        {"vector_in.in_layer.weight", {1}}}},
      {"FLUX diffusion model (Diffusers)",
       {{"context_embedder.weight", {1}},
        {"single_transformer_blocks.0.attn.norm_k.weight", {1}},
        {"transformer_blocks.0.attn.add_q_proj.weight", {1}}}},
      {"FLUX.2 diffusion model",
       {{"double_blocks.0.img_attn.norm.key_norm.scale", {128}},
        {"single_blocks.0.linear1.weight", {1}},
        {"double_stream_modulation_img.lin.weight", {1}}}},
      {"Chroma diffusion model",
       {{"double_blocks.0.img_attn.norm.key_norm.scale", {128}},
        {"single_blocks.0.linear1.weight", {1}},
        {"distilled_guidance_layer.norms.0.scale", {1}}}},
      {"Lumina-Image 2 diffusion model",
       {{"cap_embedder.1.weight", {2304, 2304}},
        {"noise_refiner.0.attention.qkv.weight", {1}},
        {"layers.0.adaLN_modulation.1.weight", {1}},
        {"layers.0.attention.qkv.weight", {1}}}},
      {"Qwen-Image diffusion model",
       {{"transformer_blocks.0.img_mod.1.weight", {1}},
        {"transformer_blocks.0.attn.norm_added_q.weight", {1}},
        {"txt_norm.weight", {1}}}},
      {"Qwen-Image diffusion model, quantised with SVDQuant (Nunchaku)",
       {{"transformer_blocks.0.img_mod.1.qweight", {1}},
        {"transformer_blocks.0.img_mod.1.wscales", {1}}}},
      {"Wan diffusion model",
       {{"blocks.0.cross_attn.k.weight", {1}}, {"head.modulation", {1, 2, 8}}}},
      {"HunyuanVideo diffusion model",
       {{"txt_in.individual_token_refiner.blocks.0.norm1.weight", {1}},
        {"double_blocks.0.img_attn.qkv.weight", {1}},
        {"single_blocks.0.linear1.weight", {1}}}},
      {"HiDream diffusion model",
       {{"caption_projection.0.linear.weight", {1}},
        {"double_stream_blocks.0.block.attn1.to_q.weight", {1}}}},
      {"PixArt diffusion model",
       {{"adaln_single.linear.weight", {1}}, {"pos_embed.proj.weight", {1}}}},
      {"AuraFlow diffusion model",
       {{"double_layers.0.attn.w1q.weight", {1}}, {"single_layers.0.attn.w1q.weight", {1}}}},
      {"Stable Cascade stage C model",
       {{"clip_txt_mapper.weight", {1}}, {"down_blocks.0.0.channelwise.0.weight", {1}}}},
      {"Anima diffusion model", {{"net.llm_adapter.blocks.0.norm_cross_attn.weight", {1}}}},
      {"Stable Diffusion autoencoder (4 channels)",
       {{"decoder.conv_in.weight", {512, 4, 3, 3}},
        {"decoder.up.0.block.0.conv1.weight", {1}},
        {"post_quant_conv.weight", {4, 4, 1, 1}}}},
      {"FLUX.2 autoencoder (32 channels)",
       {{"decoder.conv_in.weight", {512, 32, 3, 3}}, {"decoder.mid.block_1.conv1.weight", {1}}}},
      {"Wan or Qwen-Image autoencoder (3D)",
       {{"decoder.middle.0.residual.0.gamma", {1}}, {"decoder.conv1.weight", {8, 16, 3, 3, 3}}}},
      {"video autoencoder (3D)",
       {{"decoder.conv_in.conv.weight", {8, 16, 3, 3, 3}},
        {"decoder.up_blocks.0.resnets.0.conv1.conv.weight", {1}}}},
      {"TAESD preview autoencoder",
       {{"decoder.layers.0.weight", {1}}, {"encoder.layers.0.weight", {1}}}},
      {"CLIP-L text encoder",
       {{"text_model.embeddings.token_embedding.weight", {4, 768}},
        {"text_model.encoder.layers.0.mlp.fc1.weight", {1}}}},
      {"CLIP-G text encoder",
       {{"text_model.embeddings.token_embedding.weight", {4, 1280}},
        {"text_model.encoder.layers.0.mlp.fc1.weight", {1}}}},
      {"CLIP vision encoder", {{"vision_model.encoder.layers.0.mlp.fc1.weight", {1}}}},
      {"T5-XXL text encoder", {{"encoder.block.0.layer.0.SelfAttention.q.weight", {1, 4096}}}},
      {"UMT5 text encoder",
       {{"encoder.block.0.layer.0.SelfAttention.q.weight", {1, 4096}},
        {"encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight", {1}}}},
      {"Gemma 2 text encoder",
       {{"model.layers.0.pre_feedforward_layernorm.weight", {2304}},
        {"model.layers.0.self_attn.q_proj.weight", {1}},
        {"model.embed_tokens.weight", {8, 2304}}}},
      {"Gemma 3 text encoder",
       {{"model.layers.0.pre_feedforward_layernorm.weight", {8}},
        {"model.layers.0.self_attn.q_norm.weight", {8}},
        {"model.embed_tokens.weight", {8, 8}}}},
      {"Llama 3 text encoder",
       {{"model.layers.0.self_attn.q_proj.weight", {1}},
        {"model.embed_tokens.weight", {128256, 1}}}},
      {"Mistral text encoder",
       {{"model.layers.0.self_attn.q_proj.weight", {1}},
        {"model.embed_tokens.weight", {131072, 1}}}},
      {"Qwen2.5-VL vision and language model",
       {{"visual.blocks.0.attn.qkv.weight", {1}},
        {"model.layers.0.self_attn.q_proj.bias", {1}},
        {"model.embed_tokens.weight", {8, 8}}}},
      {"Qwen2.5 text encoder",
       {{"model.layers.0.self_attn.q_proj.bias", {1}},
        {"model.layers.0.mlp.gate_proj.weight", {1}},
        {"model.embed_tokens.weight", {8, 8}}}},
      {"Qwen3-VL vision and language model",
       {{"model.visual.blocks.0.attn.qkv.weight", {1}},
        {"model.language_model.layers.0.self_attn.q_norm.weight", {1}}}},
      {"Qwen3 text encoder of width 4096 (8B)",
       {{"model.layers.0.self_attn.q_norm.weight", {128}},
        {"model.embed_tokens.weight", {8, 4096}}}},
      {"LoRA adapter for Z-Image",
       {{"diffusion_model.layers.0.attention.qkv.lora_A.weight", {4, 256}},
        {"diffusion_model.layers.0.attention.qkv.lora_B.weight", {768, 4}}}},
      {"LoRA adapter for Z-Image",
       {{"lora_unet_layers_0_attention_to_k.lora_up.weight", {1}},
        {"lora_unet_layers_0_attention_to_k.lora_down.weight", {1}}}},
      {"LoRA adapter for Stable Diffusion",
       {{"lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight", {1}}}},
      {"LoKr adapter", {{"lycoris_blocks_0_mlp.lokr_w1", {1}}}},
      {"LoHa adapter", {{"lora_unet_blocks_0_mlp.hada_w1_a", {1}}}},
      {"ControlNet for Z-Image", {{"control_layers.0.attention.to_q.weight", {1}}}},
      {"ControlNet", {{"control_model.input_hint_block.0.weight", {1}}}},
      {"ControlNet", {{"controlnet_cond_embedding.conv_in.weight", {1}}, {"down_blocks.0.x", {1}}}},
      {"IP-Adapter", {{"image_proj.proj.weight", {1}}, {"ip_adapter.1.to_k_ip.weight", {1}}}},
      {"upscaler (ESRGAN)", {{"model.1.sub.0.RDB1.conv1.0.weight", {1}}}},
      {"upscaler (ESRGAN)", {{"body.0.rdb1.conv1.weight", {1}}}},
      {"textual-inversion embedding", {{"emb_params", {2, 768}}}},
      {"unknown model (tensors such as 'a', 'b')", {{"a", {1}}, {"b", {1}}}},
      {"file without any tensors", {}},
  };
}

TEST(Family, OtherModelsAreNamed) {
  const ScratchFolder folder;
  const auto path = folder / "model.safetensors";
  for (const Known& known : known_models()) {
    SCOPED_TRACE(known.description);
    EditableFile file;
    for (const auto& [name, shape] : known.tensors) file.add_zeros(name, shape, DType::kF8E4M3);
    file.write(path);
    EXPECT_EQ(identify(*weights::open_safetensors(path)).description, known.description);
    testing::expect_error(
        ErrorKind::kFile,
        "holds: " + std::string(known.description) + ". Needed here: a FLUX autoencoder",
        [&] { open_model_weights(path, ModelFamily::kFluxAutoencoder); });
    testing::expect_error(ErrorKind::kFile, known.description,
                          [&] { open_model_weights(path, ModelFamily::kZImage); });
  }
}

TEST(Family, OwnModelsAreFound) {
  const ScratchFolder folder;
  const auto path = folder / "model.safetensors";
  synth_dit(path, testing::tiny_dit(), DType::kF8E4M3, NameLayout::kDiffusers);
  FileContents contents = identify(*weights::open_safetensors(path));
  EXPECT_EQ(contents.description, "Z-Image diffusion model");
  ASSERT_NE(contents.find(ModelFamily::kZImage), nullptr);
  EXPECT_TRUE(contents.find(ModelFamily::kZImage)->diffusers);
  EXPECT_EQ(contents.find(ModelFamily::kQwen3), nullptr);

  AllInOneSpec spec;
  spec.dit = testing::tiny_dit();
  spec.text_encoder = testing::tiny_qwen3();
  spec.autoencoder = testing::tiny_autoencoder();
  synth_all_in_one(path, spec);
  contents = identify(*weights::open_safetensors(path));
  EXPECT_EQ(contents.description, "Z-Image all-in-one checkpoint");
  ASSERT_EQ(contents.components.size(), 3u);
  EXPECT_EQ(contents.find(ModelFamily::kZImage)->prefix, "model.diffusion_model.");
  EXPECT_EQ(contents.find(ModelFamily::kQwen3)->prefix,
            "text_encoders.qwen3_4b.transformer.model.");
  EXPECT_EQ(contents.find(ModelFamily::kFluxAutoencoder)->prefix, "vae.");
}

}  // namespace
}  // namespace zanime::checkpoints
