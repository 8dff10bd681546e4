// Where in a picture a conditioning applies.
#pragma once

#include <vector>

#include "nodes/value.h"

namespace zanime::nodes {

// Areas of all entries in cells of a latent [batch, channels, height, width]: those that were given
// as shares, and those of masks whose bounds are the area.
void resolve_areas(Conditioning& conditioning, const Shape& latent);

// Where one conditioning has an entry with an area, the others get one with the same area, made of
// the tokens of their smallest entry around it, so that both sides of guidance see the same part.
void match_areas(const std::vector<Conditioning*>& conditionings);

// The part of x [batch, channels, height, width] inside an area that has been resolved, cut to x.
struct AreaBox {
  int64_t top = 0, left = 0, height = 0, width = 0;
};
AreaBox box_of(const ConditioningEntry& entry, const Shape& x);
Tensor cut_to_box(const Tensor& x, const AreaBox& box);

// The weight of an entry at each place of its box, [batch, height, width] of the box: its strength,
// times its mask, or else fading out over eight cells towards the sides of its area that lie inside
// the picture.
Tensor weights_of(const ConditioningEntry& entry, const AreaBox& box, const Shape& x);

}  // namespace zanime::nodes
