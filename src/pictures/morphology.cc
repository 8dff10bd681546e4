#include "pictures/morphology.h"

#include <algorithm>
#include <limits>

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

template <class Kind>
Tensor diamond(const Tensor& planes, int64_t steps) {
  const int64_t height = planes.dim(-2), width = planes.dim(-1);
  Tensor current = planes;
  // After so many steps every place has seen the whole plane.
  for (int64_t i = 0; i < std::min(steps, height + width); ++i) {
    Tensor next(planes.shape());
    parallel_for(planes.size() / width, [&](int64_t line) {
      const int64_t y = line % height;
      cross_row<Kind>(current.data() + (line - y) * width, height, width, y,
                      next.data() + line * width);
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
