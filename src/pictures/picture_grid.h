// Several pictures in one.
#pragma once

#include <cstdint>

#include "base/tensor.h"

namespace zanime::pictures {

// Pictures of one size side by side, row after row, without gaps, in as many columns as make the
// grid's shape nearest to a square's; places that are left over are black.
class PictureGrid {
 public:
  static constexpr int64_t kMaxPixels = int64_t{1} << 26;
  // Throws Error(kUsage) where the grid would exceed kMaxPixels.
  static void check_size(int64_t count, int64_t width, int64_t height);

  // For at least one picture of width x height pixels. Throws as check_size.
  PictureGrid(int64_t count, int64_t width, int64_t height);

  int64_t columns() const { return columns_; }
  int64_t rows() const { return rows_; }
  // Puts the next picture in; [height, width, 3] or [1, height, width, 3]. Throws Error(kInternal)
  // for another size or one picture too many.
  void add(const Tensor& picture);
  const Tensor& pixels() const { return pixels_; }  // [rows * height, columns * width, 3]

 private:
  int64_t count_, width_, height_;
  int64_t columns_ = 1, rows_ = 1;
  int64_t filled_ = 0;
  Tensor pixels_;
};

}  // namespace zanime::pictures
