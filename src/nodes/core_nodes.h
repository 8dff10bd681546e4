// The node types this program knows, in groups; each group is one file beside this one. A new group
// adds its function here and its call in all_node_types().
#pragma once

#include <vector>

#include "nodes/node_type.h"

namespace zanime::nodes {

using NodeTypes = std::vector<NodeType>;

// All groups, in the order in which they are listed.
NodeTypes all_node_types();

// UNETLoader, CLIPLoader, VAELoader, CheckpointLoaderSimple
void add_loader_nodes(NodeTypes& types);
void add_adapter_nodes(NodeTypes& types);        // LoraLoader, LoraLoaderModelOnly, …Bypass…
void add_model_merging_nodes(NodeTypes& types);  // ModelMerge…, CLIPMerge…
void add_model_saving_nodes(NodeTypes& types);   // ModelSave, CheckpointSave, VAESave, LoraSave
// UnetLoaderGGUF, CLIPLoaderGGUF; after the loader nodes, which one of them is made of
void add_gguf_loader_nodes(NodeTypes& types);
void add_conditioning_nodes(NodeTypes& types);  // CLIPTextEncode, CLIPSetLastLayer
// ConditioningCombine, …Average, …Concat, …SetTimestepRange, …SetAreaStrength, …ZeroOut
void add_conditioning_operation_nodes(NodeTypes& types);
void add_latent_nodes(NodeTypes& types);  // EmptyLatentImage, EmptySD3LatentImage, VAEDecode
// ModelSamplingAuraFlow, ModelSamplingSD3, KSampler, KSamplerAdvanced
void add_sampling_nodes(NodeTypes& types);
// SamplerCustom, SamplerCustomAdvanced; noises, guiders, samplers and schedules to link to them
void add_custom_sampling_nodes(NodeTypes& types);
void add_noise_mask_nodes(NodeTypes& types);  // SetLatentNoiseMask
void add_image_nodes(NodeTypes& types);       // SaveImage, PreviewImage
void add_save_image_advanced_node(NodeTypes& types);
void add_resolution_nodes(NodeTypes& types);  // ResolutionSelector
void add_load_image_nodes(NodeTypes& types);  // LoadImage, LoadImageMask
void add_mask_nodes(NodeTypes& types);        // MaskToImage, ImageToMask
// ImageScale, ImageScaleBy, …ToTotalPixels, …ToMaxDimension, GetImageSize
void add_image_scale_nodes(NodeTypes& types);
void add_encode_nodes(NodeTypes& types);  // VAEEncode, VAEEncodeForInpaint
void add_tiled_nodes(NodeTypes& types);   // VAEDecodeTiled, VAEEncodeTiled
// LatentUpscale, LatentUpscaleBy, LatentFromBatch, RepeatLatentBatch
void add_latent_operation_nodes(NodeTypes& types);
void add_latent_file_nodes(NodeTypes& types);  // SaveLatent, LoadLatent
void add_sigma_nodes(NodeTypes& types);        // …Scheduler, FlipSigmas, ManualSigmas, …
void add_sampler_nodes(NodeTypes& types);      // Sampler… with parameters
void add_guidance_nodes(NodeTypes& types);     // guiders, RescaleCFG, APG, EasyCache, …
void add_hook_nodes(NodeTypes& types);         // CreateHook…, SetHookKeyframes, SetClipHooks, …
void add_reference_nodes(NodeTypes& types);    // ReferenceLatent, TextEncodeZImageOmni
// ConditioningSetMask, …SetArea, …SetProperties, Pair…, InpaintModelConditioning, …
void add_conditioning_place_nodes(NodeTypes& types);
void add_text_nodes(NodeTypes& types);       // String…, CaseConverter, JsonExtractString
void add_text_list_nodes(NodeTypes& types);  // ReplaceText, TruncateText, … of one text or many
void add_regex_nodes(NodeTypes& types);      // RegexMatch, RegexExtract, RegexReplace
// Comfy…Node, ComfyMathExpression, Primitive…, CreateList, PreviewAny, …
void add_logic_nodes(NodeTypes& types);
// SolidMask, InvertMask, …: making, cutting, growing and combining masks
void add_mask_operation_nodes(NodeTypes& types);
// ImageCompositeMasked, PorterDuffImageComposite, SplitImageWithAlpha, JoinImageWithAlpha
void add_compositing_nodes(NodeTypes& types);
// ImageBlend, ImageBlur, Canny, …: other colours, same size
void add_image_filter_nodes(NodeTypes& types);
// ImageCrop, ImageFlip, ImageStitch, …; and PrimitiveBoundingBox
void add_image_transform_nodes(NodeTypes& types);
void add_crop_to_mask_node(NodeTypes& types);
// ResizeImageMaskNode, ResizeImagesByLongerEdge, ResizeImagesByShorterEdge
void add_image_resize_nodes(NodeTypes& types);
// EmptyImage, BatchImagesNode, ImageGrid, SplitImageToTileList, …; and BatchMasksNode
void add_image_batch_nodes(NodeTypes& types);
// ModelPatchLoader, ZImageFunControlnet, QwenImageDiffsynthControlnet
void add_control_nodes(NodeTypes& types);
void add_upscale_nodes(NodeTypes& types);  // UpscaleModelLoader, ImageUpscaleWithModel
void add_viewer_nodes(NodeTypes& types);   // ImageCompare, MaskPreview
// LatentAdd, LatentBlend, …; LatentOperation…, LatentApplyOperation and …CFG
void add_latent_arithmetic_nodes(NodeTypes& types);
// LatentCut, LatentComposite, LatentFlip, RebatchLatents, …; and EmptyFlux2LatentImage
void add_latent_shape_nodes(NodeTypes& types);

}  // namespace zanime::nodes
