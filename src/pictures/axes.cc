#include "pictures/axes.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/parallel.h"

namespace zanime::pictures {
namespace {

// What limits of single inputs multiply to may be far more than any machine has.
constexpr double kMaxValues = 4e9 / sizeof(float);

// A tensor seen as [outer, size, inner] around one axis.
struct AxisView {
  int64_t outer = 1, size = 1, inner = 1;

  AxisView(const Shape& shape, int axis) : size(shape[axis]) {
    for (int i = 0; i < axis; ++i) outer *= shape[i];
    for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  }
};

Shape with_extent(Shape shape, int axis, int64_t extent) {
  shape[axis] = extent;
  return shape;
}

// Copies all of `in` into `out`, where it begins at `first` along the axis.
void copy_into(const Tensor& in, int axis, int64_t first, Tensor& out) {
  const AxisView from(in.shape(), axis), to(out.shape(), axis);
  for (int64_t i = 0; i < from.outer; ++i) {
    std::copy_n(in.data() + i * from.size * from.inner, from.size * from.inner,
                out.data() + (i * to.size + first) * to.inner);
  }
}

// The axes `axis` and `axis` + 1 change places.
Tensor swap_axes(const Tensor& tensor, int axis) {
  Shape shape = tensor.shape();
  std::swap(shape[axis], shape[axis + 1]);
  Tensor out(shape);
  const AxisView rows(tensor.shape(), axis);
  const int64_t columns = tensor.dim(axis + 1), inner = rows.inner / columns;
  parallel_for(rows.outer * columns, [&](int64_t line) {
    const int64_t i = line / columns, column = line % columns;
    const float* source = tensor.data() + (i * rows.size * columns + column) * inner;
    float* target = out.data() + line * rows.size * inner;
    for (int64_t row = 0; row < rows.size; ++row) {
      std::copy_n(source + row * columns * inner, inner, target + row * inner);
    }
  });
  return out;
}

}  // namespace

Tensor slice(const Tensor& tensor, int axis, int64_t first, int64_t count) {
  if (first == 0 && count == tensor.dim(axis)) return tensor;
  if (axis == 0) return tensor.rows(first, count);
  Tensor out(with_extent(tensor.shape(), axis, count));
  const AxisView from(tensor.shape(), axis);
  for (int64_t i = 0; i < from.outer; ++i) {
    std::copy_n(tensor.data() + (i * from.size + first) * from.inner, count * from.inner,
                out.data() + i * count * from.inner);
  }
  return out;
}

Tensor join(const std::vector<Tensor>& parts, int axis) {
  if (parts.size() == 1) return parts.front();
  int64_t extent = 0;
  for (const Tensor& part : parts) {
    const Shape& first = parts.front().shape();
    if (part.rank() != first.rank() || with_extent(part.shape(), axis, first[axis]) != first) {
      throw Error(ErrorKind::kGraph, part.shape().to_string() + " does not fit beside " +
                                         first.to_string() + "; make the sizes equal first");
    }
    extent += part.dim(axis);
  }
  const Shape shape = with_extent(parts.front().shape(), axis, extent);
  check_size(shape);
  Tensor out(shape);
  int64_t first = 0;
  for (const Tensor& part : parts) {
    copy_into(part, axis, first, out);
    first += part.dim(axis);
  }
  return out;
}

Tensor flip(const Tensor& tensor, int axis) {
  Tensor out(tensor.shape());
  const AxisView view(tensor.shape(), axis);
  parallel_for(view.outer, [&](int64_t i) {
    const float* source = tensor.data() + i * view.size * view.inner;
    float* target = out.data() + (i + 1) * view.size * view.inner;
    for (int64_t k = 0; k < view.size; ++k) {
      target -= view.inner;
      std::copy_n(source + k * view.inner, view.inner, target);
    }
  });
  return out;
}

Tensor rotate(const Tensor& tensor, int down, int64_t quarters) {
  switch (quarters & 3) {
    case 1:
      return swap_axes(flip(tensor, down), down);
    case 2:
      return flip(flip(tensor, down), down + 1);
    case 3:
      return swap_axes(flip(tensor, down + 1), down);
    default:
      return tensor;
  }
}

Tensor pad(const Tensor& tensor, int axis, int64_t before, int64_t after, float value) {
  if (before == 0 && after == 0) return tensor;
  const Shape shape = with_extent(tensor.shape(), axis, before + tensor.dim(axis) + after);
  check_size(shape);
  Tensor out(shape);
  std::fill(out.values().begin(), out.values().end(), value);
  copy_into(tensor, axis, before, out);
  return out;
}

Tensor repeat_to_batch(const Tensor& tensor, int64_t batch) {
  if (tensor.dim(0) >= batch) return tensor.rows(0, batch);
  const Shape shape = with_extent(tensor.shape(), 0, batch);
  check_size(shape);
  Tensor out(shape);
  const int64_t row = tensor.size() / tensor.dim(0);
  for (int64_t i = 0; i < batch; ++i) {
    std::copy_n(tensor.data() + i % tensor.dim(0) * row, row, out.data() + i * row);
  }
  return out;
}

void check_size(const Shape& shape) {
  double values = 1;
  for (const int64_t extent : shape.dims()) values *= static_cast<double>(extent);
  if (values <= kMaxValues) return;
  throw Error(ErrorKind::kResource, shape.to_string() +
                                        " is more than one run can hold; use a "
                                        "smaller size or batch");
}

}  // namespace zanime::pictures
