#include "pictures/blend.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/parallel.h"

namespace zanime::pictures {
namespace {

constexpr int64_t kGrain = 1 << 16;  // pixels at a time

struct BlendMode {
  const char* name;
  float (*mix)(float base, float other);
};

float soft_light(float base, float other) {
  if (other <= 0.5f) return base - (1 - 2 * other) * base * (1 - base);
  const float light =
      base <= 0.25f ? ((16 * base - 12) * base + 4) * base : std::sqrt(std::max(base, 0.0f));
  return base + (2 * other - 1) * (light - base);
}

constexpr BlendMode kBlendModes[] = {
    {"normal", [](float, float other) { return other; }},
    {"multiply", [](float base, float other) { return base * other; }},
    {"screen", [](float base, float other) { return 1 - (1 - base) * (1 - other); }},
    {"overlay",
     [](float base, float other) {
       return base <= 0.5f ? 2 * base * other : 1 - 2 * (1 - base) * (1 - other);
     }},
    {"soft_light", soft_light},
    {"difference", [](float base, float other) { return base - other; }},
};

// Colours are multiplied by their alpha.
struct PorterDuffMode {
  const char* name;
  float (*alpha)(float source, float destination);
  float (*colour)(float source, float source_alpha, float destination, float destination_alpha);
};

float own_alpha(float source, float) { return source; }
float other_alpha(float, float destination) { return destination; }
float both(float source, float destination) { return source * destination; }
float cover(float source, float destination) { return source + destination - source * destination; }

float overlaid(float source, float source_alpha, float destination, float destination_alpha) {
  if (2 * destination < destination_alpha) return 2 * source * destination;
  return source_alpha * destination_alpha -
         2 * (destination_alpha - source) * (source_alpha - destination);
}

constexpr PorterDuffMode kPorterDuffModes[] = {
    {"ADD", [](float s, float d) { return std::clamp(s + d, 0.0f, 1.0f); },
     [](float s, float, float d, float) { return std::clamp(s + d, 0.0f, 1.0f); }},
    {"CLEAR", [](float, float) { return 0.0f; }, [](float, float, float, float) { return 0.0f; }},
    {"DARKEN", cover,
     [](float s, float sa, float d, float da) {
       return (1 - da) * s + (1 - sa) * d + std::min(s, d);
     }},
    {"DST", other_alpha, [](float, float, float d, float) { return d; }},
    {"DST_ATOP", own_alpha,
     [](float s, float sa, float d, float da) { return sa * d + (1 - da) * s; }},
    {"DST_IN", both, [](float, float sa, float d, float) { return d * sa; }},
    {"DST_OUT", [](float s, float d) { return (1 - s) * d; },
     [](float, float sa, float d, float) { return (1 - sa) * d; }},
    {"DST_OVER", [](float s, float d) { return d + (1 - d) * s; },
     [](float s, float, float d, float da) { return d + (1 - da) * s; }},
    {"LIGHTEN", cover,
     [](float s, float sa, float d, float da) {
       return (1 - da) * s + (1 - sa) * d + std::max(s, d);
     }},
    {"MULTIPLY", both, [](float s, float, float d, float) { return s * d; }},
    {"OVERLAY", cover, overlaid},
    {"SCREEN", cover, [](float s, float, float d, float) { return s + d - s * d; }},
    {"SRC", own_alpha, [](float s, float, float, float) { return s; }},
    {"SRC_ATOP", other_alpha,
     [](float s, float sa, float d, float da) { return da * s + (1 - sa) * d; }},
    {"SRC_IN", both, [](float s, float, float, float da) { return s * da; }},
    {"SRC_OUT", [](float s, float d) { return (1 - d) * s; },
     [](float s, float, float, float da) { return (1 - da) * s; }},
    {"SRC_OVER", [](float s, float d) { return s + (1 - s) * d; },
     [](float s, float sa, float d, float) { return s + (1 - sa) * d; }},
    {"XOR", [](float s, float d) { return (1 - d) * s + (1 - s) * d; },
     [](float s, float sa, float d, float da) { return (1 - da) * s + (1 - sa) * d; }},
};

template <class Mode, size_t kCount>
std::vector<std::string> mode_names(const Mode (&modes)[kCount]) {
  std::vector<std::string> names;
  for (const Mode& mode : modes) names.emplace_back(mode.name);
  return names;
}

template <class Mode, size_t kCount>
const Mode& mode_of(const Mode (&modes)[kCount], const std::string& name) {
  for (const Mode& mode : modes) {
    if (name == mode.name) return mode;
  }
  throw Error(ErrorKind::kInternal, "there is no way of blending called " + name);
}

}  // namespace

std::vector<std::string> blend_modes() { return mode_names(kBlendModes); }

Tensor blend(const Tensor& base, const Tensor& other, const std::string& mode, float amount) {
  const auto mix = mode_of(kBlendModes, mode).mix;
  const int64_t channels = base.dim(3), colours = std::min<int64_t>(channels, 3);
  Tensor out = base.clone();
  parallel_for_ranges(base.size() / channels, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * channels; i < end * channels; i += channels) {
      for (int64_t c = i; c < i + colours; ++c) {
        const float below = base.data()[c];
        out.data()[c] =
            std::clamp(below * (1 - amount) + mix(below, other.data()[c]) * amount, 0.0f, 1.0f);
      }
    }
  });
  return out;
}

std::vector<std::string> porter_duff_modes() { return mode_names(kPorterDuffModes); }

Layer porter_duff(const Layer& source, const Layer& destination, const std::string& mode) {
  constexpr float kInvisible = 1e-5f;
  const PorterDuffMode& formula = mode_of(kPorterDuffModes, mode);
  const int64_t channels = destination.pixels.dim(3);
  Layer out{Tensor(destination.pixels.shape()), Tensor(destination.alpha.shape())};
  parallel_for_ranges(out.alpha.size(), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float sa = source.alpha.data()[i], da = destination.alpha.data()[i];
      const float alpha = formula.alpha(sa, da);
      out.alpha.data()[i] = alpha;
      for (int64_t c = i * channels; c < (i + 1) * channels; ++c) {
        const float colour =
            formula.colour(source.pixels.data()[c] * sa, sa, destination.pixels.data()[c] * da, da);
        out.pixels.data()[c] = alpha > kInvisible ? std::clamp(colour / alpha, 0.0f, 1.0f) : 0.0f;
      }
    }
  });
  return out;
}

}  // namespace zanime::pictures
