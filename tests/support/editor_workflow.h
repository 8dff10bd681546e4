// Workflows in the editor's form to start tests from.
#pragma once

#include <initializer_list>
#include <string>

#include <nlohmann/json.hpp>

namespace zanime::testing {

// A node as the editor saves it. `inputs` and `outputs` are JSON lists.
inline nlohmann::ordered_json editor_node(const nlohmann::ordered_json& id, const std::string& type,
                                          const std::string& inputs, const std::string& outputs,
                                          const std::string& widget_values) {
  using nlohmann::ordered_json;
  ordered_json node = ordered_json::object();
  node["id"] = id;
  node["type"] = type;
  node["mode"] = 0;
  node["inputs"] = ordered_json::parse(inputs);
  node["outputs"] = ordered_json::parse(outputs);
  node["properties"] = {{"Node name for S&R", type}};
  node["widgets_values"] = ordered_json::parse(widget_values);
  return node;
}

// The same graph as plain_workflow() of sample_graphs.h; nodes stand in the order of their ids.
inline nlohmann::ordered_json plain_editor_workflow() {
  using nlohmann::ordered_json;
  ordered_json nodes = ordered_json::array();
  nodes.push_back(editor_node(1, "UNETLoader", "[]", R"([{"name": "MODEL", "type": "MODEL"}])",
                              R"(["dit.safetensors", "default"])"));
  nodes.push_back(editor_node(2, "CLIPLoader", "[]", R"([{"name": "CLIP", "type": "CLIP"}])",
                              R"(["qwen.safetensors", "lumina2", "default"])"));
  nodes.push_back(editor_node(3, "VAELoader", "[]", R"([{"name": "VAE", "type": "VAE"}])",
                              R"(["ae.safetensors"])"));
  nodes.push_back(editor_node(4, "ModelSamplingAuraFlow",
                              R"([{"name": "model", "type": "MODEL", "link": 1}])",
                              R"([{"name": "MODEL", "type": "MODEL"}])", "[3.0]"));
  nodes.push_back(
      editor_node(5, "CLIPTextEncode", R"([{"name": "clip", "type": "CLIP", "link": 2}])",
                  R"([{"name": "CONDITIONING", "type": "CONDITIONING"}])", R"(["1girl"])"));
  nodes.push_back(editor_node(6, "CLIPTextEncode",
                              R"([{"name": "clip", "type": "CLIP", "link": 3}])",
                              R"([{"name": "CONDITIONING", "type": "CONDITIONING"}])", R"([""])"));
  nodes.push_back(editor_node(7, "EmptyLatentImage", "[]",
                              R"([{"name": "LATENT", "type": "LATENT"}])", "[64, 64, 1]"));
  nodes.push_back(editor_node(8, "KSampler",
                              R"([{"name": "model", "type": "MODEL", "link": 4},
                                  {"name": "positive", "type": "CONDITIONING", "link": 5},
                                  {"name": "negative", "type": "CONDITIONING", "link": 6},
                                  {"name": "latent_image", "type": "LATENT", "link": 7}])",
                              R"([{"name": "LATENT", "type": "LATENT"}])",
                              R"([42, "randomize", 8, 1.0, "euler", "simple", 1.0])"));
  nodes.push_back(editor_node(9, "VAEDecode",
                              R"([{"name": "samples", "type": "LATENT", "link": 8},
                                  {"name": "vae", "type": "VAE", "link": 9}])",
                              R"([{"name": "IMAGE", "type": "IMAGE"}])", "[]"));
  nodes.push_back(editor_node(10, "SaveImage",
                              R"([{"name": "images", "type": "IMAGE", "link": 10}])", "[]",
                              R"(["test"])"));
  ordered_json workflow = ordered_json::object();
  workflow["nodes"] = std::move(nodes);
  workflow["links"] = ordered_json::parse(R"([
    [1, 1, 0, 4, 0, "MODEL"], [2, 2, 0, 5, 0, "CLIP"], [3, 2, 0, 6, 0, "CLIP"],
    [4, 4, 0, 8, 0, "MODEL"], [5, 5, 0, 8, 1, "CONDITIONING"], [6, 6, 0, 8, 2, "CONDITIONING"],
    [7, 7, 0, 8, 3, "LATENT"], [8, 8, 0, 9, 0, "LATENT"], [9, 3, 0, 9, 1, "VAE"],
    [10, 9, 0, 10, 0, "IMAGE"]])");
  workflow["version"] = 0.4;
  return workflow;
}

// The subgraph "Size": its inputs `size` and `batch` go to width, height and batch_size of node 1,
// an EmptyLatentImage of 512 x 256; its output is that latent.
inline nlohmann::ordered_json size_subgraph() {
  return nlohmann::ordered_json::parse(R"({
    "id": "aaaa-size", "name": "Size",
    "inputNode": {"id": -10}, "outputNode": {"id": -20},
    "inputs": [{"name": "size", "type": "INT"}, {"name": "batch", "type": "INT"}],
    "outputs": [{"name": "LATENT", "type": "LATENT"}],
    "nodes": [{"id": 1, "type": "EmptyLatentImage", "mode": 0,
      "inputs": [{"name": "width", "type": "INT", "widget": {"name": "width"}, "link": 1},
                 {"name": "height", "type": "INT", "widget": {"name": "height"}, "link": 2},
                 {"name": "batch_size", "type": "INT", "widget": {"name": "batch_size"},
                  "link": 3}],
      "outputs": [{"name": "LATENT", "type": "LATENT"}], "widgets_values": [512, 256, 1]}],
    "links": [
      {"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 1, "target_slot": 0},
      {"id": 2, "origin_id": -10, "origin_slot": 0, "target_id": 1, "target_slot": 1},
      {"id": 3, "origin_id": -10, "origin_slot": 1, "target_id": 1, "target_slot": 2},
      {"id": 4, "origin_id": 1, "origin_slot": 0, "target_id": -20, "target_slot": 0}]
  })");
}

// A node of that subgraph with nothing linked to it.
inline nlohmann::ordered_json size_instance(const nlohmann::ordered_json& id) {
  nlohmann::ordered_json node =
      editor_node(id, "aaaa-size",
                  R"([{"name": "size", "label": "side", "type": "INT", "widget": {"name": "size"},
           "link": null},
          {"name": "batch", "type": "INT", "widget": {"name": "batch"}, "link": null}])",
                  R"([{"name": "LATENT", "type": "LATENT"}])", "[]");
  node["properties"]["proxyWidgets"] = nlohmann::ordered_json::parse(R"([["1", "height"]])");
  return node;
}

}  // namespace zanime::testing
