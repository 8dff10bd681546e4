#include "nodes/core_nodes.h"

#include "nodes/packs/pack_nodes.h"

namespace zanime::nodes {

NodeTypes all_node_types() {
  NodeTypes types;
  add_loader_nodes(types);
  add_adapter_nodes(types);
  add_model_merging_nodes(types);
  add_model_saving_nodes(types);
  add_gguf_loader_nodes(types);
  add_conditioning_nodes(types);
  add_conditioning_operation_nodes(types);
  add_latent_nodes(types);
  add_sampling_nodes(types);
  add_custom_sampling_nodes(types);
  add_noise_mask_nodes(types);
  add_image_nodes(types);
  add_save_image_advanced_node(types);
  add_load_image_nodes(types);
  add_mask_nodes(types);
  add_image_scale_nodes(types);
  add_encode_nodes(types);
  add_tiled_nodes(types);
  add_latent_operation_nodes(types);
  add_latent_file_nodes(types);
  add_resolution_nodes(types);
  add_sigma_nodes(types);
  add_sampler_nodes(types);
  add_guidance_nodes(types);
  add_hook_nodes(types);
  add_conditioning_place_nodes(types);
  add_reference_nodes(types);
  add_text_nodes(types);
  add_text_list_nodes(types);
  add_regex_nodes(types);
  add_logic_nodes(types);
  add_mask_operation_nodes(types);
  add_compositing_nodes(types);
  add_image_filter_nodes(types);
  add_image_transform_nodes(types);
  add_crop_to_mask_node(types);
  add_image_resize_nodes(types);
  add_image_batch_nodes(types);
  add_control_nodes(types);
  add_upscale_nodes(types);
  add_viewer_nodes(types);
  add_latent_arithmetic_nodes(types);
  add_latent_shape_nodes(types);
  add_pack_number_nodes(types);
  add_pack_text_nodes(types);
  add_pack_size_nodes(types);
  add_pack_picture_nodes(types);
  add_pack_saver_nodes(types);
  add_pack_loader_nodes(types);
  add_pack_sampling_nodes(types);
  add_pack_prompt_nodes(types);
  return types;
}

}  // namespace zanime::nodes
