// UpscaleModelLoader and ImageUpscaleWithModel: networks that make pictures larger.
#include <algorithm>
#include <memory>
#include <string>

#include "base/error.h"
#include "checkpoints/open_model.h"
#include "models/upscaler.h"
#include "nodes/core_nodes.h"
#include "nodes/pictures/picture_tensors.h"
#include "nodes/vae_picture.h"
#include "pictures/resample.h"

namespace zanime::nodes {
namespace {

constexpr int64_t kUpscaleColours = 3;
// Of the tiles in which a large picture goes through the network, and their overlap.
constexpr int64_t kUpscaleTile = 512, kUpscaleOverlap = 32;

std::vector<Value> load_upscale_model(const Arguments& arguments, NodeContext& context) {
  const auto path = context.files.find("upscale_models", arguments.text("model_name"));
  auto upscaler = std::make_shared<const models::Upscaler>(
      checkpoints::open_model_weights(path, checkpoints::ModelFamily::kUpscaler));
  if (upscaler->spec().channels != kUpscaleColours) {
    throw Error(ErrorKind::kFile, path.string() + ": this model is for pictures of " +
                                      std::to_string(upscaler->spec().channels) +
                                      " channels; use one for red, green and blue");
  }
  return {UpscaleModel{std::move(upscaler)}};
}

std::vector<Value> upscale_image(const Arguments& arguments, NodeContext& context) {
  const models::Upscaler& upscaler = *arguments.get<UpscaleModel>("upscale_model").upscaler;
  const Tensor pixels = with_channels(arguments.get<Image>("image").pixels, kUpscaleColours);
  const int64_t batch = pixels.dim(0), scale = upscaler.spec().scale;
  const Shape shape{batch, scale * pixels.dim(1), scale * pixels.dim(2), kUpscaleColours};

  Tiling tiling;
  tiling.tile_height = tiling.tile_width = kUpscaleTile;
  tiling.overlap = kUpscaleOverlap;
  tiling.multiply = scale;
  const int64_t total = batch * tile_count(pixels.dim(1), pixels.dim(2), tiling);
  int64_t done = 0;
  const auto network = [&](const Tensor& tile) {
    context.cancel.throw_if_cancelled();
    Tensor larger = pictures::to_planes(
        upscaler.upscale(pictures::to_pixels(tile), context.backend, context.cancel));
    context.report_step(static_cast<int>(++done), static_cast<int>(total));
    return larger;
  };
  Tensor result;
  for (int64_t i = 0; i < batch; ++i) {
    Tensor larger =
        pictures::to_pixels(tiled(pictures::to_planes(pixels.rows(i, 1)), tiling, network));
    if (batch == 1) return {Image{std::move(larger)}};
    if (result.empty()) result = Tensor(shape);
    std::copy_n(larger.data(), larger.size(), result.data() + i * larger.size());
  }
  return {Image{std::move(result)}};
}

}  // namespace

void add_upscale_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "UpscaleModelLoader",
      .display_name = "Load Upscale Model",
      .category = "model/loaders",
      .description = "Opens a network that makes pictures larger: ESRGAN, Real-ESRGAN compact or "
                     "SPAN, as safetensors.",
      .inputs = {file("model_name", "upscale_models")},
      .outputs = {{"UPSCALE_MODEL", "UPSCALE_MODEL"}},
      .run = load_upscale_model,
  });
  types.push_back({
      .class_name = "ImageUpscaleWithModel",
      .display_name = "Upscale Image (using Model)",
      .category = "image/upscaling",
      .description = "Makes pictures larger with a network, in tiles of 512 pixels.",
      .inputs = {link("upscale_model", "UPSCALE_MODEL"), link("image", "IMAGE")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .run = upscale_image,
  });
}

}  // namespace zanime::nodes
