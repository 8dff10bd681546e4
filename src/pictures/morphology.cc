#include "pictures/morphology.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/parallel.h"

namespace zanime::pictures {
namespace {

struct Largest {
  static constexpr float kNothing = -std::numeric_limits<float>::infinity();
  static constexpr bool kReachesDown = true;
  static float of(float a, float b) { return a < b ? b : a; }
};
struct Smallest {
  static constexpr float kNothing = std::numeric_limits<float>::infinity();
  static constexpr bool kReachesDown = false;
  static float of(float a, float b) { return b < a ? b : a; }
};

// Along one axis of `count` rows of `width` numbers: the extreme of the rows from `before` rows
// earlier to `after` rows later, by running extremes from both ends of blocks as long as the window
// (van Herk 1992; Gil and Werman 1993).
template <class Kind>
void slide(const float* in, int64_t count, int64_t width, int64_t before, int64_t after,
           float* out) {
  const int64_t window = before + 1 + after, padded = count + window - 1;
  const auto filled = static_cast<size_t>(padded * width);
  std::vector<float> forward(filled, Kind::kNothing);
  std::copy_n(in, count * width, forward.data() + before * width);
  std::vector<float> backward = forward;
  for (int64_t i = 1; i < padded; ++i) {
    if (i % window == 0) continue;
    float* row = forward.data() + i * width;
    for (int64_t x = 0; x < width; ++x) row[x] = Kind::of(row[x], row[x - width]);
  }
  for (int64_t i = padded - 2; i >= 0; --i) {
    if ((i + 1) % window == 0) continue;
    float* row = backward.data() + i * width;
    for (int64_t x = 0; x < width; ++x) row[x] = Kind::of(row[x], row[x + width]);
  }
  for (int64_t i = 0; i < count; ++i) {
    const float* first = backward.data() + i * width;
    const float* last = forward.data() + (i + window - 1) * width;
    for (int64_t x = 0; x < width; ++x) out[i * width + x] = Kind::of(first[x], last[x]);
  }
}

template <class Kind>
Tensor square(const Tensor& planes, int64_t size) {
  const int64_t longer = size / 2, shorter = size - 1 - longer;
  const int64_t before = Kind::kReachesDown ? shorter : longer;
  const int64_t after = size - 1 - before;
  const int64_t height = planes.dim(-2), width = planes.dim(-1);
  // Beyond the whole plane there is nothing more to find.
  const auto up = std::min(before, height), down = std::min(after, height);
  const auto left = std::min(before, width), right = std::min(after, width);
  Tensor across(planes.shape()), out(planes.shape());
  parallel_for(planes.size() / width, [&](int64_t row) {
    slide<Kind>(planes.data() + row * width, width, 1, left, right, across.data() + row * width);
  });
  parallel_for(planes.size() / (height * width), [&](int64_t plane) {
    const int64_t offset = plane * height * width;
    slide<Kind>(across.data() + offset, height, width, up, down, out.data() + offset);
  });
  return out;
}

template <class Kind>
void cross_row(const float* in, int64_t height, int64_t width, int64_t y, float* out) {
  const float* row = in + y * width;
  const float* above = y > 0 ? row - width : row;
  const float* below = y + 1 < height ? row + width : row;
  for (int64_t x = 0; x < width; ++x) {
    const float beside =
        Kind::of(row[std::max<int64_t>(x - 1, 0)], row[std::min<int64_t>(x + 1, width - 1)]);
    out[x] = Kind::of(Kind::of(row[x], beside), Kind::of(above[x], below[x]));
  }
}

// A plane with room around it that counts as nothing.
struct PaddedPlane {
  int64_t height, width;
  std::vector<float> values;

  PaddedPlane(int64_t rows, int64_t columns, float value)
      : height(rows), width(columns), values(static_cast<size_t>(rows * columns), value) {}
  float* row(int64_t y) { return values.data() + y * width; }
};

// The extreme of the `reach` places before and behind each along a diagonal, which goes `slope` (1
// or -1) columns to the right with every row; as slide() finds it. Places nearer to an edge than
// `reach` become nothing.
template <class Kind>
void slide_diagonally(PaddedPlane& plane, int64_t reach, int64_t slope) {
  const int64_t window = 2 * reach + 1, width = plane.width;
  PaddedPlane forward = plane, backward = plane;
  const int64_t first = std::max<int64_t>(slope, 0), end = width + std::min<int64_t>(slope, 0);
  for (int64_t y = 1; y < plane.height; ++y) {
    if (y % window == 0) continue;
    float* row = forward.row(y);
    const float* before = forward.row(y - 1) - slope;
    for (int64_t x = first; x < end; ++x) row[x] = Kind::of(row[x], before[x]);
  }
  const int64_t first_back = std::max<int64_t>(-slope, 0),
                end_back = width + std::min<int64_t>(-slope, 0);
  for (int64_t y = plane.height - 2; y >= 0; --y) {
    if ((y + 1) % window == 0) continue;
    float* row = backward.row(y);
    const float* behind = backward.row(y + 1) + slope;
    for (int64_t x = first_back; x < end_back; ++x) row[x] = Kind::of(row[x], behind[x]);
  }
  std::fill(plane.values.begin(), plane.values.end(), Kind::kNothing);
  for (int64_t y = reach; y < plane.height - reach; ++y) {
    const float* from = backward.row(y - reach) - slope * reach;
    const float* to = forward.row(y + reach) + slope * reach;
    float* row = plane.row(y);
    for (int64_t x = reach; x < width - reach; ++x) row[x] = Kind::of(from[x], to[x]);
  }
}

// A diamond is the places that an even number of steps reaches, which is a square that stands on
// its corner, and one or two steps more.
template <class Kind>
void diamond_of_plane(const float* in, int64_t height, int64_t width, int64_t steps, float* out) {
  const int64_t crosses = steps % 2 == 1 ? 1 : 2, reach = (steps - crosses) / 2;
  const int64_t margin = 2 * reach + 2;
  PaddedPlane plane(height + 2 * margin, width + 2 * margin, Kind::kNothing);
  for (int64_t y = 0; y < height; ++y) {
    std::copy_n(in + y * width, width, plane.row(y + margin) + margin);
  }
  if (reach > 0) {
    slide_diagonally<Kind>(plane, reach, 1);
    slide_diagonally<Kind>(plane, reach, -1);
  }
  for (int64_t i = 0; i < crosses; ++i) {
    PaddedPlane next(plane.height, plane.width, Kind::kNothing);
    // Only what lies near the plane counts from here on.
    for (int64_t y = margin - 1; y <= margin + height; ++y) {
      cross_row<Kind>(plane.values.data(), plane.height, plane.width, y, next.row(y));
    }
    plane = std::move(next);
  }
  for (int64_t y = 0; y < height; ++y) {
    std::copy_n(plane.row(y + margin) + margin, width, out + y * width);
  }
}

template <class Kind>
Tensor diamond(const Tensor& planes, int64_t steps) {
  // More at once would take memory for the room around.
  constexpr int64_t kStepsAtOnce = 512;
  const int64_t height = planes.dim(-2), width = planes.dim(-1);
  Tensor current = planes;
  // After so many steps every place has seen the whole plane.
  for (int64_t left = std::min(steps, height + width); left > 0; left -= kStepsAtOnce) {
    Tensor next(planes.shape());
    parallel_for(planes.size() / (height * width), [&](int64_t plane) {
      const int64_t offset = plane * height * width;
      diamond_of_plane<Kind>(current.data() + offset, height, width, std::min(left, kStepsAtOnce),
                             next.data() + offset);
    });
    current = next;
  }
  return current;
}

Tensor difference(const Tensor& a, const Tensor& b) {
  Tensor out(a.shape());
  for (int64_t i = 0; i < out.size(); ++i) out.data()[i] = a.data()[i] - b.data()[i];
  return out;
}

struct Operation {
  const char* name;
  Tensor (*apply)(const Tensor& planes, int64_t size);
};

constexpr Operation kOperations[] = {
    {"erode", square<Smallest>},
    {"dilate", square<Largest>},
    {"open", [](const Tensor& x,
                int64_t size) { return square<Largest>(square<Smallest>(x, size), size); }},
    {"close", [](const Tensor& x,
                 int64_t size) { return square<Smallest>(square<Largest>(x, size), size); }},
    {"gradient",
     [](const Tensor& x, int64_t size) {
       return difference(square<Largest>(x, size), square<Smallest>(x, size));
     }},
    {"bottom_hat",
     [](const Tensor& x, int64_t size) {
       return difference(square<Smallest>(square<Largest>(x, size), size), x);
     }},
    {"top_hat",
     [](const Tensor& x, int64_t size) {
       return difference(x, square<Largest>(square<Smallest>(x, size), size));
     }},
};

}  // namespace

Tensor square_extreme(const Tensor& planes, int64_t size, Extreme extreme) {
  return extreme == Extreme::kLargest ? square<Largest>(planes, size)
                                      : square<Smallest>(planes, size);
}

Tensor diamond_extreme(const Tensor& planes, int64_t steps, Extreme extreme) {
  return extreme == Extreme::kLargest ? diamond<Largest>(planes, steps)
                                      : diamond<Smallest>(planes, steps);
}

std::vector<std::string> morphology_operations() {
  std::vector<std::string> names;
  for (const Operation& operation : kOperations) names.emplace_back(operation.name);
  return names;
}

Tensor morphology(const Tensor& planes, const std::string& operation, int64_t size) {
  for (const Operation& one : kOperations) {
    if (operation == one.name) return one.apply(planes, size);
  }
  throw Error(ErrorKind::kInternal, "there is no morphology called " + operation);
}

}  // namespace zanime::pictures
