// The groups of node types; each is one file beside this one. A new group adds its function here
// and its call in NodeRegistry::standard.
#pragma once

#include "nodes/registry.h"

namespace zanime::nodes {

void add_loader_nodes(NodeRegistry& registry);        // UNETLoader, CLIPLoader, VAELoader
void add_adapter_nodes(NodeRegistry& registry);       // LoraLoader, LoraLoaderModelOnly
void add_conditioning_nodes(NodeRegistry& registry);  // CLIPTextEncode, ConditioningZeroOut
void add_latent_nodes(NodeRegistry& registry);  // EmptyLatentImage, EmptySD3LatentImage, VAEDecode
void add_sampling_nodes(NodeRegistry& registry);  // ModelSamplingAuraFlow, KSampler
void add_image_nodes(NodeRegistry& registry);     // SaveImage

}  // namespace zanime::nodes
