#include "checkpoints/canonical.h"

#include <gtest/gtest.h>

#include "checkpoints/architectures.h"

namespace zanime::checkpoints {
namespace {

TEST(Canonical, DiffusersNamesOfTheDiffusionModel) {
  EXPECT_EQ(canonical_dit_name("all_x_embedder.2-1.weight"),
            (CanonicalTarget{"x_embedder.weight"}));
  EXPECT_EQ(canonical_dit_name("all_final_layer.2-1.adaLN_modulation.1.bias"),
            (CanonicalTarget{"final_layer.adaLN_modulation.1.bias"}));
  EXPECT_EQ(canonical_dit_name("layers.29.attention.to_q.weight"),
            (CanonicalTarget{"layers.29.attention.qkv.weight", 0}));
  EXPECT_EQ(canonical_dit_name("noise_refiner.1.attention.to_k.weight"),
            (CanonicalTarget{"noise_refiner.1.attention.qkv.weight", 1}));
  EXPECT_EQ(canonical_dit_name("context_refiner.0.attention.to_v.weight"),
            (CanonicalTarget{"context_refiner.0.attention.qkv.weight", 2}));
  EXPECT_EQ(canonical_dit_name("layers.0.attention.to_out.0.weight"),
            (CanonicalTarget{"layers.0.attention.out.weight"}));
  EXPECT_EQ(canonical_dit_name("layers.0.attention.norm_k.weight"),
            (CanonicalTarget{"layers.0.attention.k_norm.weight"}));
}

TEST(Canonical, EveryCanonicalNameMapsToItselfAndBack) {
  for (const NamedShape& tensor : network_tensors(DitSpec())) {
    EXPECT_EQ(canonical_dit_name(tensor.name), (CanonicalTarget{tensor.name}));
    if (tensor.name.ends_with(".qkv.weight")) {
      for (int part = 0; part < 3; ++part) {
        EXPECT_EQ(canonical_dit_name(diffusers_dit_name(tensor.name, part)),
                  (CanonicalTarget{tensor.name, part}));
      }
    } else {
      EXPECT_EQ(canonical_dit_name(diffusers_dit_name(tensor.name)),
                (CanonicalTarget{tensor.name}));
    }
  }
  for (const NamedShape& tensor : network_tensors(AutoencoderSpec())) {
    EXPECT_EQ(canonical_autoencoder_name(tensor.name, 4), tensor.name);
  }
}

TEST(Canonical, DiffusersNamesOfTheAutoencoder) {
  const std::pair<const char*, const char*> names[] = {
      {"decoder.conv_in.weight", "decoder.conv_in.weight"},
      {"decoder.conv_norm_out.bias", "decoder.norm_out.bias"},
      {"decoder.up_blocks.0.resnets.2.conv1.weight", "decoder.up.3.block.2.conv1.weight"},
      {"decoder.up_blocks.3.resnets.0.conv_shortcut.bias",
       "decoder.up.0.block.0.nin_shortcut.bias"},
      {"decoder.up_blocks.1.upsamplers.0.conv.weight", "decoder.up.2.upsample.conv.weight"},
      {"decoder.mid_block.resnets.1.norm2.weight", "decoder.mid.block_2.norm2.weight"},
      {"decoder.mid_block.attentions.0.group_norm.weight", "decoder.mid.attn_1.norm.weight"},
      {"decoder.mid_block.attentions.0.to_q.weight", "decoder.mid.attn_1.q.weight"},
      {"encoder.mid_block.attentions.0.to_out.0.bias", "encoder.mid.attn_1.proj_out.bias"},
      {"encoder.mid_block.attentions.0.key.bias", "encoder.mid.attn_1.k.bias"},
      {"encoder.mid_block.attentions.0.proj_attn.bias", "encoder.mid.attn_1.proj_out.bias"},
      {"encoder.down_blocks.1.resnets.0.conv_shortcut.weight",
       "encoder.down.1.block.0.nin_shortcut.weight"},
      {"encoder.down_blocks.2.downsamplers.0.conv.bias", "encoder.down.2.downsample.conv.bias"},
      {"quant_conv.weight", "quant_conv.weight"},
      {"decoder.up_blocks.x.resnets.0.conv1.weight", "decoder.up_blocks.x.resnets.0.conv1.weight"},
      {"decoder.up_blocks.99999999999.a", "decoder.up_blocks.99999999999.a"},
      {"decoder.", "decoder."},
  };
  for (const auto& [theirs, ours] : names) {
    EXPECT_EQ(canonical_autoencoder_name(theirs, 4), ours);
  }
}

TEST(Canonical, IndexAfterPrefix) {
  EXPECT_EQ(index_after("layers.12.x", "layers."), 12);
  EXPECT_EQ(index_after("layers.12", "layers."), -1);
  EXPECT_EQ(index_after("layers.-1.x", "layers."), -1);
  EXPECT_EQ(index_after("layers.x.1", "layers."), -1);
  EXPECT_EQ(index_after("other.1.x", "layers."), -1);
}

}  // namespace
}  // namespace zanime::checkpoints
