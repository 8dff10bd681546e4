// Workflows to start tests from.
#pragma once

#include <nlohmann/json.hpp>

namespace zanime::testing {

// The eight nodes of a plain request and SaveImage, all right.
inline nlohmann::ordered_json plain_workflow() {
  return nlohmann::ordered_json::parse(R"json({
    "1": {"class_type": "UNETLoader",
          "inputs": {"unet_name": "dit.safetensors", "weight_dtype": "default"}},
    "2": {"class_type": "CLIPLoader",
          "inputs": {"clip_name": "qwen.safetensors", "type": "lumina2", "device": "default"}},
    "3": {"class_type": "VAELoader", "inputs": {"vae_name": "ae.safetensors"}},
    "4": {"class_type": "ModelSamplingAuraFlow", "inputs": {"model": ["1", 0], "shift": 3.0}},
    "5": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["2", 0], "text": "1girl"}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["2", 0], "text": ""}},
    "7": {"class_type": "EmptyLatentImage",
          "inputs": {"width": 64, "height": 64, "batch_size": 1}},
    "8": {"class_type": "KSampler",
          "inputs": {"model": ["4", 0], "seed": 42, "steps": 8, "cfg": 1.0,
                     "sampler_name": "euler", "scheduler": "simple", "positive": ["5", 0],
                     "negative": ["6", 0], "latent_image": ["7", 0], "denoise": 1.0}},
    "9": {"class_type": "VAEDecode", "inputs": {"samples": ["8", 0], "vae": ["3", 0]}},
    "10": {"class_type": "SaveImage",
           "inputs": {"images": ["9", 0], "filename_prefix": "test"}}
  })json");
}

}  // namespace zanime::testing
