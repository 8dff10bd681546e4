// Batches, lists, grids and tiles of pictures.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/error.h"
#include "nodes/common_inputs.h"
#include "nodes/core_nodes.h"
#include "nodes/pictures/picture_tensors.h"
#include "pictures/axes.h"
#include "pictures/resample.h"
#include "pictures/tiles.h"

namespace zanime::nodes {
namespace {

constexpr int64_t kMostPictures = 4096;
constexpr size_t kGrowingInputs = 50;

std::vector<Value> empty_image(const Arguments& arguments, NodeContext&) {
  const Shape shape{arguments.integer("batch_size"), arguments.integer("height"),
                    arguments.integer("width"), 3};
  pictures::check_size(shape);
  const int64_t colour = arguments.integer("color");
  Tensor pixels(shape);
  for (int64_t i = 0; i < pixels.size(); ++i) {
    const int64_t level = colour >> (8 * (2 - i % 3)) & 0xff;
    pixels.data()[i] = static_cast<float>(level) / 255.0f;
  }
  return {Image{pixels}};
}

std::vector<Value> batch_two(const Arguments& arguments, NodeContext&) {
  return {Image{batched_pixels(
      {arguments.get<Image>("image1").pixels, arguments.get<Image>("image2").pixels})}};
}

std::vector<Value> batch_images(const Arguments& arguments, NodeContext&) {
  std::vector<Tensor> batches;
  for (const auto& [name, value] : arguments.group("images")) {
    batches.push_back(std::get<Image>(value).pixels);
  }
  return {Image{batched_pixels(std::move(batches))}};
}

std::vector<Value> batch_masks(const Arguments& arguments, NodeContext&) {
  std::vector<Tensor> masks;
  for (const auto& [name, value] : arguments.group("masks")) {
    const Tensor& mask = std::get<Mask>(value).values;
    const Tensor& first = masks.empty() ? mask : masks.front();
    masks.push_back(
        fitted_mask(mask, first.dim(1), first.dim(2), pictures::ResizeMethod::kBilinear));
  }
  return {Mask{pictures::join(masks, 0)}};
}

std::vector<Value> from_image_batch(const Arguments& arguments, NodeContext&) {
  const Tensor& pixels = arguments.get<Image>("image").pixels;
  int64_t first = arguments.integer("batch_index");
  if (first < 0) first += pixels.dim(0);  // counted from the end
  first = std::clamp<int64_t>(first, 0, pixels.dim(0) - 1);
  return {Image{pixels.rows(first, std::min(arguments.integer("length"), pixels.dim(0) - first))}};
}

std::vector<Value> repeat_image_batch(const Arguments& arguments, NodeContext&) {
  const Tensor& pixels = arguments.get<Image>("image").pixels;
  return {Image{pictures::repeat_to_batch(pixels, pixels.dim(0) * arguments.integer("amount"))}};
}

// Every picture of a list of batches by itself: [1, height, width, channels].
std::vector<Tensor> single_pictures(const Arguments& arguments, const std::string& name) {
  std::vector<Tensor> singles;
  for (const Value& item : arguments.items(name)) {
    const Tensor& pixels = std::get<Image>(item).pixels;
    for (int64_t i = 0; i < pixels.dim(0); ++i) singles.push_back(pixels.rows(i, 1));
  }
  return singles;
}

std::vector<Value> rebatch_images(const Arguments& arguments, NodeContext&) {
  const std::vector<Tensor> singles = single_pictures(arguments, "images");
  const auto size = static_cast<size_t>(arguments.integer("batch_size"));
  std::vector<Value> batches;
  for (size_t i = 0; i < singles.size(); i += size) {
    const auto first = singles.begin() + static_cast<std::ptrdiff_t>(i);
    const auto count = static_cast<std::ptrdiff_t>(std::min(size, singles.size() - i));
    batches.emplace_back(Image{pictures::join({first, first + count}, 0)});
  }
  return {items(std::move(batches))};
}

std::vector<Value> merge_image_lists(const Arguments& arguments, NodeContext&) {
  std::vector<Value> list;
  for (const Tensor& pixels : single_pictures(arguments, "images")) {
    list.emplace_back(Image{pixels});
  }
  return {items(std::move(list))};
}

std::vector<Value> make_image_grid(const Arguments& arguments, NodeContext&) {
  const std::vector<Tensor> singles = single_pictures(arguments, "images");
  const int64_t columns = arguments.integer("columns"), padding = arguments.integer("padding");
  const int64_t width = arguments.integer("cell_width");
  const int64_t height = arguments.integer("cell_height");
  const auto count = static_cast<int64_t>(singles.size());
  const int64_t rows = (count + columns - 1) / columns;
  const Shape shape{1, rows * (height + padding) - padding, columns * (width + padding) - padding,
                    3};
  pictures::check_size(shape);
  Tensor grid = Tensor::zeros(shape);
  for (int64_t i = 0; i < count; ++i) {
    const Tensor cell = pictures::resize_pixels(with_channels(singles[static_cast<size_t>(i)], 3),
                                                height, width, pictures::ResizeMethod::kLanczos);
    pictures::put_part(grid, cell, i / columns * (height + padding),
                       i % columns * (width + padding));
  }
  return {Image{grid}};
}

std::vector<Value> split_into_tiles(const Arguments& arguments, NodeContext&) {
  const Tensor& pixels = arguments.get<Image>("image").pixels;
  std::vector<Value> tiles;
  for (const pictures::Tile& tile : pictures::tile_places(
           {.height = pixels.dim(1), .width = pixels.dim(2)},
           {.height = arguments.integer("tile_height"), .width = arguments.integer("tile_width")},
           arguments.integer("overlap"))) {
    tiles.emplace_back(
        Image{pictures::crop_pixels(pixels, tile.top, tile.left, tile.height, tile.width)});
  }
  return {items(std::move(tiles))};
}

std::vector<Value> merge_tiles(const Arguments& arguments, NodeContext&) {
  std::vector<Tensor> tiles;
  for (const Value& item : arguments.items("image_list")) {
    tiles.push_back(std::get<Image>(item).pixels);
  }
  return {Image{pictures::merge_tiles(
      tiles,
      {.height = arguments.integer("final_height"), .width = arguments.integer("final_width")},
      arguments.integer("overlap"))}};
}

InputSpec image_list_input() { return link("images", "IMAGE").tip("A list of pictures."); }
InputSpec overlap_input() {
  return integer("overlap", 128, 0, 4096).tip("Pixels that neighbouring tiles share.");
}

}  // namespace

void add_image_batch_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "EmptyImage",
      .display_name = "Empty Image",
      .category = "image",
      .description = "Makes pictures of one colour.",
      .inputs =
          {integer("width", 512, 1, kMaxResolution).tip("In pixels."),
           integer("height", 512, 1, kMaxResolution).tip("In pixels."),
           integer("batch_size", 1, 1, kMostPictures),
           integer("color", 0, 0, 0xffffff).tip("65536 red + 256 green + blue, of 255 each.")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .run = empty_image,
  });
  types.push_back({
      .class_name = "ImageBatch",
      .display_name = "Batch Images",
      .category = "image/batch",
      .description = "Makes one batch of two. The second gets the size of the first.",
      .inputs = {link("image1", "IMAGE"), link("image2", "IMAGE")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .run = batch_two,
  });
  types.push_back({
      .class_name = "BatchImagesNode",
      .display_name = "Batch Images",
      .category = "image/batch",
      .description = "Makes one batch of several. All get the size of the first.",
      .inputs = growing("images", "image", kGrowingInputs, "IMAGE", 1),
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = batch_images,
  });
  types.push_back({
      .class_name = "BatchMasksNode",
      .display_name = "Batch Masks",
      .category = "image/mask",
      .description = "Makes one batch of several masks. All get the size of the first.",
      .inputs = growing("masks", "mask", kGrowingInputs, "MASK", 1),
      .outputs = {{"MASK", "MASK"}},
      .is_core = false,
      .run = batch_masks,
  });
  types.push_back({
      .class_name = "ImageFromBatch",
      .display_name = "Get Image from Batch",
      .category = "image/batch",
      .description = "Takes pictures out of a batch.",
      .inputs = {link("image", "IMAGE"),
                 integer("batch_index", 0, -kMaxResolution, kMaxResolution)
                     .tip("The first one, counted from 0; below 0 from the end."),
                 integer("length", 1, 1, kMostPictures).tip("How many.")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = from_image_batch,
  });
  types.push_back({
      .class_name = "RepeatImageBatch",
      .display_name = "Repeat Image Batch",
      .category = "image/batch",
      .description = "Repeats a batch.",
      .inputs = {link("image", "IMAGE"),
                 integer("amount", 1, 1, kMostPictures).tip("How many times.")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = repeat_image_batch,
  });
  types.push_back({
      .class_name = "RebatchImages",
      .display_name = "Rebatch Images",
      .category = "image/batch",
      .description = "Makes batches of another size.",
      .inputs = {image_list_input(), integer("batch_size", 1, 1, kMostPictures)},
      .outputs = {{"IMAGE", "IMAGE", /*is_list=*/true}},
      .is_core = false,
      .takes_lists = true,
      .run = rebatch_images,
  });
  types.push_back({
      .class_name = "MergeImageLists",
      .display_name = "Merge Image Lists",
      .category = "image/batch",
      .description = "Makes one list of all pictures.",
      .inputs = {image_list_input()},
      .outputs = {{"IMAGE", "images", /*is_list=*/true}},
      .is_core = false,
      .takes_lists = true,
      .run = merge_image_lists,
  });
  types.push_back({
      .class_name = "ImageGrid",
      .display_name = "Make Image Grid",
      .category = "image/batch",
      .description = "Lays pictures out in rows and columns.",
      .inputs = {image_list_input(), integer("columns", 4, 1, 20),
                 integer("cell_width", 256, 32, 2048).tip("In pixels."),
                 integer("cell_height", 256, 32, 2048).tip("In pixels."),
                 integer("padding", 4, 0, 50).tip("Pixels between cells.")},
      .outputs = {{"IMAGE", "images"}},
      .is_core = false,
      .takes_lists = true,
      .run = make_image_grid,
  });
  types.push_back({
      .class_name = "SplitImageToTileList",
      .display_name = "Split Image into List of Tiles",
      .category = "image/batch",
      .description = "Cuts pictures into tiles that overlap.",
      .inputs = {link("image", "IMAGE"),
                 integer("tile_width", 1024, 64, kMaxResolution).tip("In pixels."),
                 integer("tile_height", 1024, 64, kMaxResolution).tip("In pixels."),
                 overlap_input()},
      .outputs = {{"IMAGE", "IMAGE", /*is_list=*/true}},
      .is_core = false,
      .run = split_into_tiles,
  });
  types.push_back({
      .class_name = "ImageMergeTileList",
      .display_name = "Merge List of Tiles to Image",
      .category = "image/batch",
      .description = "Puts tiles together again; where they overlap they fade into one another.",
      .inputs = {link("image_list", "IMAGE").tip("The tiles, row by row."),
                 integer("final_width", 1024, 64, 32768).tip("In pixels."),
                 integer("final_height", 1024, 64, 32768).tip("In pixels."), overlap_input()},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .takes_lists = true,
      .run = merge_tiles,
  });
}

}  // namespace zanime::nodes
