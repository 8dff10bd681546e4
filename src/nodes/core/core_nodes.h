// The groups of node types; each is one file beside this one. A new group adds its function here
// and its call in NodeRegistry::standard.
#pragma once

#include "nodes/registry.h"

namespace zanime::nodes {

// UNETLoader, CLIPLoader, VAELoader, CheckpointLoaderSimple
void add_loader_nodes(NodeRegistry& registry);
void add_adapter_nodes(NodeRegistry& registry);  // LoraLoader, LoraLoaderModelOnly
// UnetLoaderGGUF, CLIPLoaderGGUF; after the loader nodes, which one of them is made of
void add_gguf_loader_nodes(NodeRegistry& registry);
void add_conditioning_nodes(NodeRegistry& registry);  // CLIPTextEncode
// ConditioningCombine, …Average, …Concat, …SetTimestepRange, …SetAreaStrength, …ZeroOut
void add_conditioning_operation_nodes(NodeRegistry& registry);
void add_latent_nodes(NodeRegistry& registry);  // EmptyLatentImage, EmptySD3LatentImage, VAEDecode
// ModelSamplingAuraFlow, ModelSamplingSD3, KSampler, KSamplerAdvanced
void add_sampling_nodes(NodeRegistry& registry);
// SamplerCustom, SamplerCustomAdvanced; noises, guiders, samplers and schedules to link to them
void add_custom_sampling_nodes(NodeRegistry& registry);
void add_noise_mask_nodes(NodeRegistry& registry);  // SetLatentNoiseMask
void add_image_nodes(NodeRegistry& registry);       // SaveImage, PreviewImage
void add_save_image_advanced_node(NodeRegistry& registry);
void add_resolution_nodes(NodeRegistry& registry);  // ResolutionSelector
void add_load_image_nodes(NodeRegistry& registry);  // LoadImage, LoadImageMask
void add_mask_nodes(NodeRegistry& registry);        // MaskToImage, ImageToMask
// ImageScale, ImageScaleBy, …ToTotalPixels, …ToMaxDimension, GetImageSize
void add_image_scale_nodes(NodeRegistry& registry);
void add_encode_nodes(NodeRegistry& registry);  // VAEEncode, VAEEncodeForInpaint
void add_tiled_nodes(NodeRegistry& registry);   // VAEDecodeTiled, VAEEncodeTiled
// LatentUpscale, LatentUpscaleBy, LatentFromBatch, RepeatLatentBatch
void add_latent_operation_nodes(NodeRegistry& registry);
void add_latent_file_nodes(NodeRegistry& registry);  // SaveLatent, LoadLatent

}  // namespace zanime::nodes
