#include "nodes/sampling/conditioning_area.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "sampling/noise_mask.h"

namespace zanime::nodes {
namespace {

using Area = ConditioningEntry::Area;

constexpr int64_t kFade = 8;

// The smallest area around the cells that are not zero, eight cells at least.
Area mask_bounds(const Tensor& mask) {
  const int64_t height = mask.dim(1), width = mask.dim(2);
  int64_t top = height, left = width, bottom = -1, right = -1;
  for (int64_t i = 0; i < mask.size(); ++i) {
    if (mask.data()[i] == 0.0f) continue;
    const int64_t y = i / width % height, x = i % width;
    top = std::min(top, y);
    bottom = std::max(bottom, y);
    left = std::min(left, x);
    right = std::max(right, x);
  }
  if (bottom < 0) return {.height = kFade, .width = kFade};
  return {.height = static_cast<double>(std::max(kFade, bottom - top + 1)),
          .width = static_cast<double>(std::max(kFade, right - left + 1)),
          .y = static_cast<double>(top),
          .x = static_cast<double>(left)};
}

bool is_inside(const Area& inner, const Area& outer) {
  return inner.y >= outer.y && inner.x >= outer.x &&
         inner.y + inner.height <= outer.y + outer.height &&
         inner.x + inner.width <= outer.x + outer.width;
}

bool same_area(const Area& a, const Area& b) {
  return a.y == b.y && a.x == b.x && a.height == b.height && a.width == b.width;
}

void add_with_area(Conditioning& conditioning, const ConditioningEntry& like) {
  const ConditioningEntry* smallest = nullptr;
  for (const ConditioningEntry& entry : conditioning) {
    if (!entry.area) {
      if (smallest == nullptr) smallest = &entry;
      continue;
    }
    if (!is_inside(*like.area, *entry.area)) continue;
    if (smallest == nullptr || !smallest->area ||
        smallest->area->height * smallest->area->width > entry.area->height * entry.area->width) {
      smallest = &entry;
    }
  }
  if (smallest == nullptr || (smallest->area && same_area(*smallest->area, *like.area))) return;
  ConditioningEntry added = like;
  added.tokens = smallest->tokens;
  conditioning.push_back(std::move(added));
}

}  // namespace

void resolve_areas(Conditioning& conditioning, const Shape& latent) {
  const auto height = static_cast<double>(latent[2]), width = static_cast<double>(latent[3]);
  for (ConditioningEntry& entry : conditioning) {
    if (entry.area && entry.area->is_share) {
      const Area share = *entry.area;
      entry.area = {.height = std::max(1.0, std::nearbyint(share.height * height)),
                    .width = std::max(1.0, std::nearbyint(share.width * width)),
                    .y = std::nearbyint(share.y * height),
                    .x = std::nearbyint(share.x * width)};
    }
    if (!entry.mask.empty() && entry.area_of_mask) {
      Shape one = latent;
      entry.area = mask_bounds(sampling::fit_mask(entry.mask, one));
    }
  }
}

void match_areas(const std::vector<Conditioning*>& conditionings) {
  for (const Conditioning* from : conditionings) {
    // Entries that this adds to `from` itself have counterparts already.
    for (size_t i = 0; i < from->size(); ++i) {
      if (!(*from)[i].area) continue;
      for (Conditioning* to : conditionings) {
        if (to != from) add_with_area(*to, ConditioningEntry((*from)[i]));
      }
    }
  }
}

AreaBox box_of(const ConditioningEntry& entry, const Shape& x) {
  if (!entry.area) return {0, 0, x[2], x[3]};
  const auto top = static_cast<int64_t>(entry.area->y), left = static_cast<int64_t>(entry.area->x);
  const AreaBox box{top, left, std::min(static_cast<int64_t>(entry.area->height), x[2] - top),
                    std::min(static_cast<int64_t>(entry.area->width), x[3] - left)};
  if (box.height < 1 || box.width < 1) {
    throw Error(ErrorKind::kGraph, "the area of a conditioning begins at " +
                                       std::to_string(left * 8) + ", " + std::to_string(top * 8) +
                                       ", outside a picture of " + std::to_string(x[3] * 8) +
                                       " x " + std::to_string(x[2] * 8));
  }
  return box;
}

Tensor cut_to_box(const Tensor& x, const AreaBox& box) {
  if (box.height == x.dim(2) && box.width == x.dim(3)) return x;
  Tensor part({x.dim(0), x.dim(1), box.height, box.width});
  float* out = part.data();
  for (int64_t plane = 0; plane < x.dim(0) * x.dim(1); ++plane) {
    for (int64_t y = 0; y < box.height; ++y) {
      const float* row = x.data() + (plane * x.dim(2) + box.top + y) * x.dim(3) + box.left;
      out = std::copy(row, row + box.width, out);
    }
  }
  return part;
}

Tensor weights_of(const ConditioningEntry& entry, const AreaBox& box, const Shape& x) {
  Tensor weights({x[0], box.height, box.width});
  std::fill(weights.values().begin(), weights.values().end(), static_cast<float>(entry.strength));
  if (!entry.mask.empty()) {
    const Tensor mask = sampling::fit_mask(entry.mask, x);
    for (int64_t i = 0; i < weights.size(); ++i) {
      const int64_t b = i / (box.height * box.width);
      const int64_t y = i / box.width % box.height, at = i % box.width;
      weights.data()[i] *= mask.data()[(b * x[2] + box.top + y) * x[3] + box.left + at] *
                           static_cast<float>(entry.mask_strength);
    }
    return weights;
  }
  if (!entry.area) return weights;
  const auto fade_rows = [&](int64_t row, float factor) {
    if (row < 0 || row >= box.height) return;
    for (int64_t b = 0; b < x[0]; ++b) {
      float* line = weights.data() + (b * box.height + row) * box.width;
      for (int64_t i = 0; i < box.width; ++i) line[i] *= factor;
    }
  };
  const auto fade_columns = [&](int64_t column, float factor) {
    if (column < 0 || column >= box.width) return;
    for (int64_t line = 0; line < x[0] * box.height; ++line) {
      weights.data()[line * box.width + column] *= factor;
    }
  };
  // A small area fades over a quarter of its sides at most.
  const int64_t rows = std::min(kFade, box.height / 4);
  for (int64_t t = 0; t < rows; ++t) {
    const float factor = static_cast<float>(t + 1) / static_cast<float>(rows);
    if (box.top != 0) fade_rows(t, factor);
    if (box.top + box.height < x[2]) fade_rows(box.height - 1 - t, factor);
  }
  const int64_t columns = std::min(kFade, box.width / 4);
  for (int64_t t = 0; t < columns; ++t) {
    const float factor = static_cast<float>(t + 1) / static_cast<float>(columns);
    if (box.left != 0) fade_columns(t, factor);
    if (box.left + box.width < x[3]) fade_columns(box.width - 1 - t, factor);
  }
  return weights;
}

}  // namespace zanime::nodes
