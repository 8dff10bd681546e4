#include "pictures/picture_grid.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/error.h"

namespace zanime::pictures {
namespace {

constexpr int64_t kColours = 3;

int64_t rows_for(int64_t count, int64_t columns) { return (count + columns - 1) / columns; }

int64_t best_columns(int64_t count, int64_t width, int64_t height) {
  int64_t best = 1;
  double least = std::numeric_limits<double>::infinity();
  for (int64_t columns = 1; columns <= count; ++columns) {
    const int64_t rows = rows_for(count, columns);
    if (rows_for(count, rows) < columns) continue;  // the last columns would stay empty
    const double shape = static_cast<double>(columns * width) / static_cast<double>(rows * height);
    // An empty place counts as much as a shape half as long again.
    const double empty = static_cast<double>(rows * columns - count);
    const double cost = std::abs(std::log(shape)) + empty * std::log(1.5);
    if (cost < least + 1e-9) {  // of equally good ones the widest
      least = cost;
      best = columns;
    }
  }
  return best;
}

}  // namespace

void PictureGrid::check_size(int64_t count, int64_t width, int64_t height) {
  if (count > kMaxPixels / (width * height)) {
    throw Error(ErrorKind::kUsage,
                "a grid of " + std::to_string(count) + " pictures of " + std::to_string(width) +
                    " x " + std::to_string(height) + " is too large; there is room for " +
                    std::to_string(kMaxPixels / (width * height)) + " of this size");
  }
}

PictureGrid::PictureGrid(int64_t count, int64_t width, int64_t height)
    : count_(count), width_(width), height_(height) {
  check_size(count, width, height);
  columns_ = best_columns(count, width, height);
  rows_ = rows_for(count, columns_);
  pixels_ = Tensor::zeros({rows_ * height, columns_ * width, kColours});
}

void PictureGrid::add(const Tensor& picture) {
  if (filled_ >= count_ || picture.rank() < 3 || picture.dim(-3) != height_ ||
      picture.dim(-2) != width_ || picture.size() != height_ * width_ * kColours) {
    throw Error(ErrorKind::kInternal,
                "a picture that the grid has no place for (please report "
                "this)");
  }
  const int64_t top = filled_ / columns_ * height_, left = filled_ % columns_ * width_;
  const int64_t row = width_ * kColours;
  for (int64_t y = 0; y < height_; ++y) {
    std::copy_n(picture.data() + y * row, row,
                pixels_.data() + ((top + y) * columns_ * width_ + left) * kColours);
  }
  ++filled_;
}

}  // namespace zanime::pictures
