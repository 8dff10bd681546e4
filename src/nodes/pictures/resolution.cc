// ResolutionSelector.
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include "nodes/core_nodes.h"

namespace zanime::nodes {
namespace {

struct Ratio {
  std::string_view name;
  int width;
  int height;
};

constexpr std::array<Ratio, 8> kRatios = {{{"1:1 (Square)", 1, 1},
                                           {"2:3 (Portrait Photo)", 2, 3},
                                           {"3:2 (Photo)", 3, 2},
                                           {"3:4 (Portrait Standard)", 3, 4},
                                           {"4:3 (Standard)", 4, 3},
                                           {"9:16 (Portrait Widescreen)", 9, 16},
                                           {"16:9 (Widescreen)", 16, 9},
                                           {"21:9 (Ultrawide)", 21, 9}}};

std::vector<std::string> ratio_names() {
  std::vector<std::string> names;
  for (const Ratio& ratio : kRatios) names.emplace_back(ratio.name);
  return names;
}

// The sides of the ratio with that many times 1024 x 1024 pixels, each rounded to the multiple.
std::vector<Value> select_resolution(const Arguments& arguments, NodeContext&) {
  const std::string& name = arguments.text("aspect_ratio");
  Ratio ratio = kRatios.front();
  for (const Ratio& one : kRatios) {
    if (one.name == name) ratio = one;
  }
  const auto multiple = static_cast<double>(arguments.integer("multiple"));
  const double pixels = arguments.real("megapixels") * 1024 * 1024;
  const double unit = std::sqrt(pixels / (ratio.width * ratio.height));
  // A half goes to the even neighbour, as in the reference.
  const auto side = [&](int share) {
    return WideInt(static_cast<int64_t>(std::nearbyint(share * unit / multiple) * multiple));
  };
  return {side(ratio.width), side(ratio.height)};
}

}  // namespace

void add_resolution_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "ResolutionSelector",
      .display_name = "Resolution Selector",
      .category = "utils",
      .description = "Width and height of a picture with a ratio of sides and a number of pixels.",
      .inputs =
          {choice("aspect_ratio", ratio_names()).tip("Width to height."),
           real("megapixels", 1.0, 0.1, 16.0, 0.1).tip("How many pixels, in units of 1024 x 1024."),
           integer("multiple", 8, 8, 128, 4).tip("Both sides become a multiple of it.")},
      .outputs = {{"INT", "width"}, {"INT", "height"}},
      .is_core = false,
      .run = select_resolution,
  });
}

}  // namespace zanime::nodes
