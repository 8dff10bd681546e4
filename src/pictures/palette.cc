#include "pictures/palette.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "base/parallel.h"

namespace zanime::pictures {
namespace {

// Colours that occur, each with the number of its pixels.
struct CountedColour {
  Colour8 colour{};
  int64_t count = 0;
};

Colour8 coarse(const Colour8& colour, int shift) {
  Colour8 out;
  for (size_t c = 0; c < 3; ++c) out[c] = static_cast<uint8_t>(colour[c] >> shift);
  return out;
}

// A number for each colour of `shift` bits less.
class ColourTable {
 public:
  explicit ColourTable(int shift) : bits_(8 - shift), numbers_(size_t{1} << (3 * (8 - shift)), 0) {}

  int32_t& at(const Colour8& coarse) {
    return numbers_[size_t{coarse[0]} << (2 * bits_) | size_t{coarse[1]} << bits_ | coarse[2]];
  }
  const std::vector<int32_t>& all() const { return numbers_; }
  Colour8 colour(size_t place) const {
    const size_t mask = (size_t{1} << bits_) - 1;
    return {static_cast<uint8_t>(place >> (2 * bits_)), static_cast<uint8_t>(place >> bits_ & mask),
            static_cast<uint8_t>(place & mask)};
  }

 private:
  int bits_;
  std::vector<int32_t> numbers_;
};

// Levels are halved until there are no more than 65,536 different colours, red first.
struct Histogram {
  int shift = 0;
  std::vector<CountedColour> colours;
};

Histogram histogram_of(const Picture24& picture) {
  constexpr std::ptrdiff_t kMostColours = 65536;
  Histogram histogram;
  for (;; ++histogram.shift) {
    ColourTable counts(histogram.shift);
    for (const Colour8& pixel : picture.pixels) ++counts.at(coarse(pixel, histogram.shift));
    const std::vector<int32_t>& all = counts.all();
    if (std::ssize(all) - std::count(all.begin(), all.end(), 0) > kMostColours) continue;
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i] > 0) histogram.colours.push_back({counts.colour(i), all[i]});
    }
    return histogram;
  }
}

// A box is a leaf until it is cut in two.
struct ColourBox {
  std::vector<CountedColour> colours;
  int64_t count = 0;
  std::unique_ptr<ColourBox> brighter, darker;
};

std::array<int, 3> extents_of(const ColourBox& box) {
  std::array<int, 3> extents{};
  for (size_t c = 0; c < 3; ++c) {
    int least = 255, most = 0;
    for (const CountedColour& one : box.colours) {
      least = std::min<int>(least, one.colour[c]);
      most = std::max<int>(most, one.colour[c]);
    }
    extents[c] = most - least;
  }
  return extents;
}

bool is_one_colour(const ColourBox& box) { return extents_of(box) == std::array<int, 3>{}; }

size_t longest_axis(const ColourBox& box) {
  constexpr std::array<int, 3> kWeights = {77, 150, 29};  // of 256, by brightness
  const std::array<int, 3> extents = extents_of(box);
  size_t axis = 0;
  for (size_t c = 1; c < 3; ++c) {
    if (extents[axis] * kWeights[axis] < extents[c] * kWeights[c]) axis = c;
  }
  return axis;
}

// The smallest level of the brighter half: from the brightest down until more than half of the
// pixels are in it, but not all levels.
uint8_t cut_level(const ColourBox& box, size_t axis) {
  std::array<int64_t, 256> counts{};
  for (const CountedColour& one : box.colours) counts[one.colour[axis]] += one.count;
  size_t level = 255;
  for (int64_t sum = counts[level]; sum * 2 <= box.count; sum += counts[level]) --level;
  const bool anything_below =
      std::any_of(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(level),
                  [](int64_t count) { return count > 0; });
  if (anything_below) return static_cast<uint8_t>(level);
  // Then the darkest level alone is the darker half.
  do ++level;
  while (counts[level] == 0);
  return static_cast<uint8_t>(level);
}

void cut(ColourBox& box) {
  const size_t axis = longest_axis(box);
  const uint8_t level = cut_level(box, axis);
  box.brighter = std::make_unique<ColourBox>();
  box.darker = std::make_unique<ColourBox>();
  for (const CountedColour& one : box.colours) {
    ColourBox& half = one.colour[axis] >= level ? *box.brighter : *box.darker;
    half.colours.push_back(one);
    half.count += one.count;
  }
  box.colours.clear();
}

// The box with the most pixels first. Which of equal ones comes first follows from how this heap
// moves them, and decides which of them is cut.
class BoxHeap {
 public:
  void add(ColourBox* box) {
    boxes_.push_back(box);
    size_t place = boxes_.size() - 1;
    while (place > 1 && box->count > boxes_[place / 2]->count) {
      boxes_[place] = boxes_[place / 2];
      place /= 2;
    }
    boxes_[place] = box;
  }

  // Null when empty.
  ColourBox* take() {
    if (boxes_.size() == 1) return nullptr;
    ColourBox* first = boxes_[1];
    ColourBox* last = boxes_.back();
    boxes_.pop_back();
    const size_t count = boxes_.size() - 1;
    if (count == 0) return first;
    size_t place = 1;
    while (place * 2 <= count) {
      size_t child = place * 2;
      if (child < count && boxes_[child]->count < boxes_[child + 1]->count) ++child;
      if (last->count > boxes_[child]->count) break;
      boxes_[place] = boxes_[child];
      place = child;
    }
    boxes_[place] = last;
    return first;
  }

 private:
  std::vector<ColourBox*> boxes_{nullptr};  // from 1 on
};

// Numbers the leaves, brighter halves first: which palette entry each colour belongs to.
void number_leaves(const ColourBox& box, ColourTable& entries, size_t& next) {
  if (box.brighter != nullptr) {
    number_leaves(*box.brighter, entries, next);
    number_leaves(*box.darker, entries, next);
    return;
  }
  for (const CountedColour& one : box.colours) {
    entries.at(one.colour) = static_cast<int32_t>(next);
  }
  ++next;
}

int squared_distance(const std::array<int, 3>& a, const Colour8& b) {
  int sum = 0;
  for (size_t c = 0; c < 3; ++c) sum += (a[c] - b[c]) * (a[c] - b[c]);
  return sum;
}

// Finds palette entries, and remembers them.
class PaletteIndex {
 public:
  explicit PaletteIndex(const std::vector<Colour8>& palette)
      : palette_(palette), steps_(size_t{1} << 18, -1) {}

  const Colour8& nearest(const Colour8& colour) {
    const Colour8 step = coarse(colour, 2);
    int& index = steps_[size_t{step[0]} << 12 | size_t{step[1]} << 6 | step[2]];
    if (index < 0) index = search({step[0] * 4, step[1] * 4, step[2] * 4});
    return palette_[static_cast<size_t>(index)];
  }

 private:
  int search(const std::array<int, 3>& colour) const {
    size_t best = 0;
    for (size_t i = 1; i < palette_.size(); ++i) {
      if (squared_distance(colour, palette_[i]) < squared_distance(colour, palette_[best]))
        best = i;
    }
    return static_cast<int>(best);
  }

  const std::vector<Colour8>& palette_;
  std::vector<int> steps_;
};

// From -0.5 to 0.5 in a square of 2^n x 2^n.
double ordered_threshold(int64_t order, int64_t row, int64_t column) {
  double sum = 0;
  for (int64_t size = order; size > 1; size /= 2) {
    const bool lower = row / (size / 2) % 2 == 1, right = column / (size / 2) % 2 == 1;
    // The quarters of a square: upper left, upper right, lower left, lower right.
    const double quarter = lower ? (right ? -0.5 : 1.5) : (right ? 0.5 : -1.5);
    double area = 1;
    for (int64_t s = size; s > 1; s /= 2) area *= 4;
    sum += quarter / area;
  }
  return sum;
}

Picture24 in_24_bits(const Tensor& pixels) {
  Picture24 picture{pixels.dim(1), pixels.dim(2), {}};
  picture.pixels.resize(static_cast<size_t>(picture.height * picture.width));
  for (size_t i = 0; i < picture.pixels.size(); ++i) {
    for (size_t c = 0; c < 3; ++c) {
      const float level = pixels.data()[3 * i + c] * 255.0f;
      picture.pixels[i][c] = static_cast<uint8_t>(std::clamp(level, 0.0f, 255.0f));
    }
  }
  return picture;
}

}  // namespace

std::vector<Colour8> median_cut(const Picture24& picture, int64_t count) {
  const Histogram histogram = histogram_of(picture);
  ColourBox root;
  root.colours = histogram.colours;
  root.count = static_cast<int64_t>(picture.pixels.size());
  BoxHeap heap;
  heap.add(&root);
  for (int64_t leaves = 1; leaves < count; ++leaves) {
    ColourBox* box = heap.take();
    while (box != nullptr && is_one_colour(*box)) box = heap.take();
    if (box == nullptr) break;
    cut(*box);
    heap.add(box->brighter.get());
    heap.add(box->darker.get());
  }

  ColourTable entries(histogram.shift);
  size_t size = 0;
  number_leaves(root, entries, size);
  std::vector<std::array<int64_t, 3>> sums(size);
  std::vector<int64_t> counts(size);
  for (const Colour8& pixel : picture.pixels) {
    const auto entry = static_cast<size_t>(entries.at(coarse(pixel, histogram.shift)));
    ++counts[entry];
    for (size_t c = 0; c < 3; ++c) sums[entry][c] += pixel[c];
  }
  std::vector<Colour8> palette(size);
  for (size_t i = 0; i < size; ++i) {
    for (size_t c = 0; c < 3; ++c) {
      palette[i][c] = static_cast<uint8_t>(0.5 + static_cast<double>(sums[i][c]) /
                                                     static_cast<double>(counts[i]));
    }
  }
  return palette;
}

Picture24 nearest_colours(const Picture24& picture, const std::vector<Colour8>& palette) {
  PaletteIndex index(palette);
  Picture24 out = picture;
  for (Colour8& pixel : out.pixels) pixel = index.nearest(pixel);
  return out;
}

Picture24 diffused_colours(const Picture24& picture, const std::vector<Colour8>& palette) {
  PaletteIndex index(palette);
  Picture24 out = picture;
  const auto width = static_cast<size_t>(picture.width);
  using Errors = std::array<int, 3>;     // in sixteenths
  std::vector<Errors> below(width + 2);  // for the row that comes next, from one place left of it
  for (size_t y = 0; y < static_cast<size_t>(picture.height); ++y) {
    const std::vector<Errors> above = std::exchange(below, std::vector<Errors>(width + 2));
    Errors ahead{};  // for the pixel to the right
    int blue_error = 0;
    for (size_t x = 0; x < width; ++x) {
      Colour8& pixel = out.pixels[y * width + x];
      for (size_t c = 0; c < 3; ++c) {
        const int wanted = pixel[c] + (ahead[c] + above[x + 1][c]) / 16;
        pixel[c] = static_cast<uint8_t>(std::clamp(wanted, 0, 255));
      }
      const Colour8 wanted = pixel;
      pixel = index.nearest(wanted);
      for (size_t c = 0; c < 3; ++c) {
        const int error = wanted[c] - pixel[c];
        ahead[c] = 7 * error;
        below[x][c] += 3 * error;
        below[x + 1][c] += 5 * error;
        below[x + 2][c] += error;
      }
      blue_error = wanted[2] - pixel[2];
    }
    // Pillow hands blue errors to all channels of the last pixel below.
    below[width] = {below[width][2], blue_error, blue_error};
  }
  return out;
}

Picture24 ordered_colours(const Picture24& picture, const std::vector<Colour8>& palette,
                          int64_t order) {
  const double spread = 2.0 * 256.0 / static_cast<double>(palette.size());
  Picture24 shifted = picture;
  for (int64_t y = 0; y < picture.height; ++y) {
    for (int64_t x = 0; x < picture.width; ++x) {
      const auto shift =
          static_cast<float>(spread * ordered_threshold(order, y % order, x % order) + 0.5);
      for (uint8_t& level : shifted.pixels[static_cast<size_t>(y * picture.width + x)]) {
        level = static_cast<uint8_t>(std::clamp(static_cast<float>(level) + shift, 0.0f, 255.0f));
      }
    }
  }
  return nearest_colours(shifted, palette);
}

std::vector<std::string> dither_methods() {
  return {"none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16"};
}

Tensor quantise(const Tensor& pixels, int64_t colours, const std::string& dither) {
  Tensor out(pixels.shape());
  const int64_t size = pixels.size() / pixels.dim(0);
  for (int64_t i = 0; i < pixels.dim(0); ++i) {
    const Picture24 picture = in_24_bits(pixels.rows(i, 1));
    const std::vector<Colour8> palette = median_cut(picture, colours);
    const Picture24 reduced =
        dither == "none" ? nearest_colours(picture, palette)
        : dither == "floyd-steinberg"
            ? diffused_colours(picture, palette)
            : ordered_colours(picture, palette, std::stoll(dither.substr(dither.find('-') + 1)));
    for (int64_t k = 0; k < size; ++k) {
      const auto pixel = static_cast<size_t>(k / 3), channel = static_cast<size_t>(k % 3);
      out.data()[i * size + k] = static_cast<float>(reduced.pixels[pixel][channel]) / 255.0f;
    }
  }
  return out;
}

}  // namespace zanime::pictures
