# Unity builds (CMAKE_UNITY_BUILD, as ./zanime and ./test use them) compile several files of a room as
# one: from nothing that takes a third of the time, most of which goes into the same headers again and
# again. Files below share a name in an anonymous namespace with another of their room, or hide one, and
# are compiled alone. So are the kernels, whose code must not depend on what stands beside them.
set(CMAKE_UNITY_BUILD_BATCH_SIZE 10)

set(alone
  cli/lab_synth engine/prompt_expansion engine/retry engine/user_files models/next_dit models/qwen3
  nodes/core/gguf_loaders nodes/core/latent nodes/core/latent_ops nodes/core/sampling
  nodes/core/save_image_advanced nodes/listing nodes/mask_planes nodes/vae_picture
  nodes/workflow/edit nodes/workflow/editor_graph nodes/workflow/flatten
  nodes/workflow/queue_texts sampling/uni_pc
  weights/family weights/foreign_file weights/inspect weights/quantization weights/safetensors)
list(TRANSFORM alone REPLACE "(.+)" "${CMAKE_SOURCE_DIR}/src/\\1.cc")
set_source_files_properties(${alone} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
