#include "pictures/resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/parallel.h"
#include "pictures/resample_lanczos.h"

namespace zanime::pictures {
namespace {

// The limits of the widgets multiply to far more than any machine has.
constexpr int64_t kMaxResultBytes = int64_t{4} << 30;

struct MethodName {
  ResizeMethod method;
  const char* name;
};
constexpr MethodName kMethodNames[] = {
    {ResizeMethod::kNearestExact, "nearest-exact"},
    {ResizeMethod::kBilinear, "bilinear"},
    {ResizeMethod::kArea, "area"},
    {ResizeMethod::kBicubic, "bicubic"},
    {ResizeMethod::kLanczos, "lanczos"},
    {ResizeMethod::kBislerp, "bislerp"},
};

std::vector<std::string> names_but(ResizeMethod left_out) {
  std::vector<std::string> names;
  for (const MethodName& entry : kMethodNames) {
    if (entry.method != left_out) names.emplace_back(entry.name);
  }
  return names;
}

float scale_of(int64_t size, int64_t new_size) {
  return static_cast<float>(size) / static_cast<float>(new_size);
}

// Where the centre of new pixel `index` falls, in the old pixels' coordinates (a centre is at a
// whole number).
float source_position(int64_t index, float scale) {
  return scale * (static_cast<float>(index) + 0.5f) - 0.5f;
}

// A new pixel as a weighted sum of old ones, along one axis.
struct Tap {
  int64_t first = 0, second = 0;
  float first_weight = 1, second_weight = 0;
};

std::vector<Tap> bilinear_taps(int64_t size, int64_t new_size) {
  const float scale = scale_of(size, new_size);
  std::vector<Tap> taps(static_cast<size_t>(new_size));
  for (int64_t i = 0; i < new_size; ++i) {
    Tap& tap = taps[static_cast<size_t>(i)];
    const float position = std::max(source_position(i, scale), 0.0f);
    tap.first = std::min(static_cast<int64_t>(position), size - 1);
    tap.second = std::min(tap.first + 1, size - 1);
    tap.second_weight = std::clamp(position - static_cast<float>(tap.first), 0.0f, 1.0f);
    tap.first_weight = 1.0f - tap.second_weight;
  }
  return taps;
}

std::vector<int64_t> nearest_exact_indices(int64_t size, int64_t new_size) {
  const float scale = scale_of(size, new_size);
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < new_size; ++i) {
    const float centre = scale * (static_cast<float>(i) + 0.5f);
    indices.push_back(std::min(static_cast<int64_t>(std::floor(centre)), size - 1));
  }
  return indices;
}

struct CubicTap {
  int64_t index[4] = {};
  float weight[4] = {};
};

std::vector<CubicTap> bicubic_taps(int64_t size, int64_t new_size) {
  constexpr float kA = -0.75f;
  // Keys' kernel at distances up to 1, and from 1 to 2.
  const auto near = [](float x) { return ((kA + 2.0f) * x - (kA + 3.0f)) * x * x + 1.0f; };
  const auto far = [](float x) { return ((kA * x - 5.0f * kA) * x + 8.0f * kA) * x - 4.0f * kA; };
  const float scale = scale_of(size, new_size);
  std::vector<CubicTap> taps(static_cast<size_t>(new_size));
  for (int64_t i = 0; i < new_size; ++i) {
    const float position = source_position(i, scale);
    const int64_t base = static_cast<int64_t>(std::floor(position));
    const float t = std::clamp(position - static_cast<float>(base), 0.0f, 1.0f);
    CubicTap& tap = taps[static_cast<size_t>(i)];
    const float weights[4] = {far(t + 1.0f), near(t), near(1.0f - t), far(2.0f - t)};
    for (int k = 0; k < 4; ++k) {
      tap.index[k] = std::clamp<int64_t>(base - 1 + k, 0, size - 1);
      tap.weight[k] = weights[k];
    }
  }
  return taps;
}

// Calls plane(in, out) for each [H, W] plane of two [B, C, H, W] tensors.
template <class Plane>
void for_each_plane(const Tensor& in, Tensor& out, const Plane& plane) {
  const int64_t in_size = in.dim(2) * in.dim(3), out_size = out.dim(2) * out.dim(3);
  const float* source = in.data();
  float* target = out.data();
  parallel_for(in.dim(0) * in.dim(1),
               [&](int64_t i) { plane(source + i * in_size, target + i * out_size); });
}

void resize_nearest(const Tensor& in, Tensor& out) {
  const int64_t width = in.dim(3), new_width = out.dim(3);
  const std::vector<int64_t> rows = nearest_exact_indices(in.dim(2), out.dim(2));
  const std::vector<int64_t> columns = nearest_exact_indices(width, new_width);
  for_each_plane(in, out, [&](const float* source, float* target) {
    for (const int64_t row : rows) {
      const float* line = source + row * width;
      for (const int64_t column : columns) *target++ = line[column];
    }
  });
}

void resize_bilinear(const Tensor& in, Tensor& out) {
  const int64_t width = in.dim(3);
  const std::vector<Tap> rows = bilinear_taps(in.dim(2), out.dim(2));
  const std::vector<Tap> columns = bilinear_taps(width, out.dim(3));
  for_each_plane(in, out, [&](const float* source, float* target) {
    for (const Tap& row : rows) {
      const float* upper = source + row.first * width;
      const float* lower = source + row.second * width;
      for (const Tap& column : columns) {
        const float above =
            column.first_weight * upper[column.first] + column.second_weight * upper[column.second];
        const float below =
            column.first_weight * lower[column.first] + column.second_weight * lower[column.second];
        *target++ = row.first_weight * above + row.second_weight * below;
      }
    }
  });
}

void resize_bicubic(const Tensor& in, Tensor& out) {
  const int64_t width = in.dim(3);
  const std::vector<CubicTap> rows = bicubic_taps(in.dim(2), out.dim(2));
  const std::vector<CubicTap> columns = bicubic_taps(width, out.dim(3));
  for_each_plane(in, out, [&](const float* source, float* target) {
    for (const CubicTap& row : rows) {
      for (const CubicTap& column : columns) {
        float sum = 0;
        for (int i = 0; i < 4; ++i) {
          const float* line = source + row.index[i] * width;
          float across = 0;
          for (int j = 0; j < 4; ++j) across += column.weight[j] * line[column.index[j]];
          sum += row.weight[i] * across;
        }
        *target++ = sum;
      }
    }
  });
}

void resize_area(const Tensor& in, Tensor& out) {
  const int64_t height = in.dim(2), width = in.dim(3);
  const int64_t new_height = out.dim(2), new_width = out.dim(3);
  for_each_plane(in, out, [&](const float* source, float* target) {
    for (int64_t y = 0; y < new_height; ++y) {
      const int64_t top = y * height / new_height;
      const int64_t bottom = ((y + 1) * height + new_height - 1) / new_height;
      for (int64_t x = 0; x < new_width; ++x) {
        const int64_t left = x * width / new_width;
        const int64_t right = ((x + 1) * width + new_width - 1) / new_width;
        double sum = 0;
        for (int64_t row = top; row < bottom; ++row) {
          for (int64_t column = left; column < right; ++column) sum += source[row * width + column];
        }
        *target++ = static_cast<float>(sum / static_cast<double>((bottom - top) * (right - left)));
      }
    }
  });
}

// Two vectors of `count` numbers that lie `stride` apart, into a third, at `ratio` from the first
// to the second.
void slerp(const float* first, const float* second, int64_t count, int64_t stride, float ratio,
           float* out, int64_t out_stride) {
  float first_square = 0, second_square = 0;
  for (int64_t i = 0; i < count; ++i) {
    first_square += first[i * stride] * first[i * stride];
    second_square += second[i * stride] * second[i * stride];
  }
  const float first_norm = std::sqrt(first_square), second_norm = std::sqrt(second_square);
  const auto unit = [](float value, float norm) { return norm == 0.0f ? 0.0f : value / norm; };
  float dot = 0;
  for (int64_t i = 0; i < count; ++i) {
    dot += unit(first[i * stride], first_norm) * unit(second[i * stride], second_norm);
  }
  // The formula divides by the sine of the angle: where that vanishes, the first vector stands for
  // equal directions, and a straight line joins opposite ones.
  constexpr float kParallel = 1.0f - 1e-5f;
  if (dot > kParallel) {
    for (int64_t i = 0; i < count; ++i) out[i * out_stride] = first[i * stride];
    return;
  }
  if (dot < -kParallel) {
    for (int64_t i = 0; i < count; ++i) {
      out[i * out_stride] = first[i * stride] * (1.0f - ratio) + second[i * stride] * ratio;
    }
    return;
  }
  const float angle = std::acos(dot), sine = std::sin(angle);
  const float first_weight = std::sin((1.0f - ratio) * angle) / sine;
  const float second_weight = std::sin(ratio * angle) / sine;
  const float norm = first_norm * (1.0f - ratio) + second_norm * ratio;
  for (int64_t i = 0; i < count; ++i) {
    out[i * out_stride] = (first_weight * unit(first[i * stride], first_norm) +
                           second_weight * unit(second[i * stride], second_norm)) *
                          norm;
  }
}

// Along the last axis where `across`, else along the one before it.
void slerp_axis(const Tensor& in, Tensor& out, bool across) {
  const int axis = across ? 3 : 2;
  const int64_t channels = in.dim(1), plane = in.dim(2) * in.dim(3);
  const int64_t new_plane = out.dim(2) * out.dim(3);
  const std::vector<Tap> taps = bilinear_taps(in.dim(axis), out.dim(axis));
  parallel_for(in.dim(0) * out.dim(2), [&](int64_t line) {
    const int64_t picture = line / out.dim(2), y = line % out.dim(2);
    const float* source = in.data() + picture * channels * plane;
    float* target = out.data() + picture * channels * new_plane + y * out.dim(3);
    for (int64_t x = 0; x < out.dim(3); ++x) {
      const Tap& tap = taps[static_cast<size_t>(across ? x : y)];
      const int64_t first = across ? y * in.dim(3) + tap.first : tap.first * in.dim(3) + x;
      const int64_t second = across ? y * in.dim(3) + tap.second : tap.second * in.dim(3) + x;
      slerp(source + first, source + second, channels, plane, tap.second_weight, target + x,
            new_plane);
    }
  });
}

void resize_bislerp(const Tensor& in, Tensor& out) {
  Tensor wide({in.dim(0), in.dim(1), in.dim(2), out.dim(3)});
  slerp_axis(in, wide, /*across=*/true);
  slerp_axis(wide, out, /*across=*/false);
}

void check_result_size(int64_t batch, int64_t channels, int64_t height, int64_t width) {
  const double bytes = static_cast<double>(batch) * static_cast<double>(channels) *
                       static_cast<double>(height) * static_cast<double>(width) * sizeof(float);
  if (bytes <= static_cast<double>(kMaxResultBytes)) return;
  throw Error(ErrorKind::kResource, std::to_string(batch) + " x " + std::to_string(width) + " x " +
                                        std::to_string(height) +
                                        " is more than one run can hold; scale to a smaller size");
}

// Between a tensor whose innermost `inner` numbers stay together and its transpose: for each
// picture, [rows, columns] -> [columns, rows].
void transpose(const float* in, int64_t pictures, int64_t rows, int64_t columns, float* out) {
  parallel_for(pictures, [&](int64_t picture) {
    const float* source = in + picture * rows * columns;
    float* target = out + picture * rows * columns;
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t column = 0; column < columns; ++column) {
        target[column * rows + row] = source[row * columns + column];
      }
    }
  });
}

}  // namespace

ResizeMethod resize_method(const std::string& name) {
  for (const MethodName& entry : kMethodNames) {
    if (name == entry.name) return entry.method;
  }
  throw Error(ErrorKind::kInternal, "there is no way of resizing called " + name);
}

std::vector<std::string> picture_resize_methods() { return names_but(ResizeMethod::kBislerp); }
std::vector<std::string> latent_resize_methods() { return names_but(ResizeMethod::kLanczos); }

Tensor resize_planes(const Tensor& planes, int64_t new_height, int64_t new_width,
                     ResizeMethod method) {
  if (method == ResizeMethod::kLanczos) {
    return to_planes(resize_pixels(to_pixels(planes), new_height, new_width, method));
  }
  check_result_size(planes.dim(0), planes.dim(1), new_height, new_width);
  Tensor out({planes.dim(0), planes.dim(1), new_height, new_width});
  switch (method) {
    case ResizeMethod::kNearestExact:
      resize_nearest(planes, out);
      break;
    case ResizeMethod::kBilinear:
      resize_bilinear(planes, out);
      break;
    case ResizeMethod::kArea:
      resize_area(planes, out);
      break;
    case ResizeMethod::kBicubic:
      resize_bicubic(planes, out);
      break;
    case ResizeMethod::kBislerp:
      resize_bislerp(planes, out);
      break;
    case ResizeMethod::kLanczos:
      break;  // above
  }
  return out;
}

Tensor resize_pixels(const Tensor& pixels, int64_t new_height, int64_t new_width,
                     ResizeMethod method) {
  check_result_size(pixels.dim(0), pixels.dim(3), new_height, new_width);
  if (method == ResizeMethod::kLanczos) return resize_lanczos(pixels, new_height, new_width);
  return to_pixels(resize_planes(to_planes(pixels), new_height, new_width, method));
}

CentreCrop centre_crop(int64_t height, int64_t width, int64_t new_height, int64_t new_width) {
  const double shape = static_cast<double>(width) / static_cast<double>(height);
  const double new_shape = static_cast<double>(new_width) / static_cast<double>(new_height);
  int64_t left = 0, top = 0;
  if (shape > new_shape) {
    const double across = static_cast<double>(width);
    left = round_half_even((across - across * (new_shape / shape)) / 2);
  } else if (shape < new_shape) {
    const double down = static_cast<double>(height);
    top = round_half_even((down - down * (shape / new_shape)) / 2);
  }
  left = std::min(left, (width - 1) / 2);
  top = std::min(top, (height - 1) / 2);
  return {top, left, height - 2 * top, width - 2 * left};
}

int64_t round_half_even(double value) {
  // The default rounding mode, which nothing here changes.
  return static_cast<int64_t>(std::nearbyint(value));
}

Tensor to_planes(const Tensor& pixels) {
  Tensor planes({pixels.dim(0), pixels.dim(3), pixels.dim(1), pixels.dim(2)});
  transpose(pixels.data(), pixels.dim(0), pixels.dim(1) * pixels.dim(2), pixels.dim(3),
            planes.data());
  return planes;
}

Tensor to_pixels(const Tensor& planes) {
  Tensor pixels({planes.dim(0), planes.dim(2), planes.dim(3), planes.dim(1)});
  transpose(planes.data(), planes.dim(0), planes.dim(1), planes.dim(2) * planes.dim(3),
            pixels.data());
  return pixels;
}

Tensor crop_planes(const Tensor& planes, int64_t top, int64_t left, int64_t height, int64_t width) {
  const Tensor pixels =
      planes.reshaped({planes.dim(0) * planes.dim(1), planes.dim(2), planes.dim(3), int64_t{1}});
  return crop_pixels(pixels, top, left, height, width)
      .reshaped({planes.dim(0), planes.dim(1), height, width});
}

Tensor crop_pixels(const Tensor& pixels, int64_t top, int64_t left, int64_t height, int64_t width) {
  const int64_t channels = pixels.dim(3);
  if (height == pixels.dim(1) && width == pixels.dim(2)) return pixels;
  Tensor out({pixels.dim(0), height, width, channels});
  float* target = out.data();
  for (int64_t picture = 0; picture < pixels.dim(0); ++picture) {
    for (int64_t y = 0; y < height; ++y) {
      const float* source =
          pixels.data() + ((picture * pixels.dim(1) + top + y) * pixels.dim(2) + left) * channels;
      std::memcpy(target, source, static_cast<size_t>(width * channels) * sizeof(float));
      target += width * channels;
    }
  }
  return out;
}

}  // namespace zanime::pictures
