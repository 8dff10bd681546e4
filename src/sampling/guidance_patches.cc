#include "sampling/guidance_patches.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <memory>
#include <numbers>
#include <vector>

#include "base/error.h"
#include "sampling/solvers/snr.h"

namespace zanime::sampling {
namespace {

// One picture of a batch.
struct Picture {
  int64_t begin, size;
};

std::vector<Picture> pictures_of(const Tensor& tensor) {
  const int64_t size = tensor.size() / std::max<int64_t>(tensor.dim(0), 1);
  std::vector<Picture> pictures;
  for (int64_t b = 0; b < tensor.dim(0); ++b) pictures.push_back({b * size, size});
  return pictures;
}

double dot(const Tensor& a, const Tensor& b, const Picture& picture) {
  double sum = 0.0;
  for (int64_t i = picture.begin; i < picture.begin + picture.size; ++i) {
    sum += static_cast<double>(a.data()[i]) * b.data()[i];
  }
  return sum;
}

double norm(const Tensor& tensor, const Picture& picture) {
  return std::sqrt(dot(tensor, tensor, picture));
}

// Of a sample: divided by one less than its size.
double deviation(const Tensor& tensor, const Picture& picture) {
  double sum = 0.0;
  for (int64_t i = picture.begin; i < picture.begin + picture.size; ++i) sum += tensor.data()[i];
  const double mean = sum / static_cast<double>(picture.size);
  double squares = 0.0;
  for (int64_t i = picture.begin; i < picture.begin + picture.size; ++i) {
    const double offset = tensor.data()[i] - mean;
    squares += offset * offset;
  }
  return std::sqrt(squares / static_cast<double>(picture.size - 1));
}

// f(a, b) element by element.
template <class Function>
Tensor mapped(const Tensor& a, const Tensor& b, Function f) {
  Tensor out(a.shape());
  for (int64_t i = 0; i < out.size(); ++i) out.data()[i] = f(a.data()[i], b.data()[i]);
  return out;
}

Tensor difference(const Tensor& a, const Tensor& b) {
  return mapped(a, b, [](float p, float q) { return p - q; });
}

Tensor plain_cfg(const GuidanceCall& call, const Tensor& positive, const Tensor& negative) {
  return mapped(positive, negative, [&](float c, float u) { return u + call.cfg * (c - u); });
}

void scale_picture(Tensor& tensor, const Picture& picture, float factor) {
  for (int64_t i = picture.begin; i < picture.begin + picture.size; ++i) {
    tensor.data()[i] *= factor;
  }
}

// The length over the channels at each place: [batch, height * width].
std::vector<float> channel_norms(const Tensor& tensor) {
  const int64_t channels = tensor.dim(1), area = tensor.dim(2) * tensor.dim(3);
  std::vector<float> norms(static_cast<size_t>(tensor.dim(0) * area), 0.0f);
  for (int64_t i = 0; i < tensor.size(); ++i) {
    const float value = tensor.data()[i];
    norms[static_cast<size_t>(i / (channels * area) * area + i % area)] += value * value;
  }
  for (float& value : norms) value = std::sqrt(value);
  return norms;
}

// Each place of the tensor times its factor.
Tensor scaled_places(const Tensor& tensor, const std::vector<float>& factors) {
  const int64_t channels = tensor.dim(1), area = tensor.dim(2) * tensor.dim(3);
  Tensor out(tensor.shape());
  for (int64_t i = 0; i < out.size(); ++i) {
    const auto place = static_cast<size_t>(i / (channels * area) * area + i % area);
    out.data()[i] = tensor.data()[i] * factors[place];
  }
  return out;
}

// What a picture plane [height, width] has of waves with fewer than `cutoff` periods across it: of
// its Fourier series the terms with row and column numbers in [-cutoff, cutoff).
void keep_low_frequencies(float* plane, int64_t height, int64_t width, int cutoff) {
  using Complex = std::complex<double>;
  // Frequency numbers of an axis of `size` that lie in the box around its middle, as of a shifted
  // Fourier transform. Where the box begins before the axis its beginning counts from the end, as
  // the reference has it.
  const auto numbers = [cutoff](int64_t size) {
    int64_t begin = size / 2 - cutoff;
    if (begin < 0) begin = std::max<int64_t>(begin + size, 0);
    std::vector<int64_t> kept;
    for (int64_t at = begin; at < std::min<int64_t>(size / 2 + cutoff, size); ++at) {
      kept.push_back(at - size / 2);
    }
    return kept;
  };
  const auto wave = [](int64_t number, int64_t at, int64_t size) {
    const double angle = 2.0 * std::numbers::pi * static_cast<double>(number * at % size) /
                         static_cast<double>(size);
    return Complex(std::cos(angle), std::sin(angle));
  };
  const std::vector<int64_t> rows = numbers(height), columns = numbers(width);
  // Along the rows, then down the columns, and back.
  std::vector<Complex> half(static_cast<size_t>(height) * columns.size());
  for (int64_t y = 0; y < height; ++y) {
    for (size_t k = 0; k < columns.size(); ++k) {
      Complex sum = 0.0;
      for (int64_t x = 0; x < width; ++x) {
        sum += static_cast<double>(plane[y * width + x]) * std::conj(wave(columns[k], x, width));
      }
      half[static_cast<size_t>(y) * columns.size() + k] = sum;
    }
  }
  std::vector<Complex> spectrum(rows.size() * columns.size());
  for (size_t r = 0; r < rows.size(); ++r) {
    for (size_t k = 0; k < columns.size(); ++k) {
      Complex sum = 0.0;
      for (int64_t y = 0; y < height; ++y) {
        sum +=
            half[static_cast<size_t>(y) * columns.size() + k] * std::conj(wave(rows[r], y, height));
      }
      spectrum[r * columns.size() + k] = sum;
    }
  }
  const double count = static_cast<double>(height * width);
  for (int64_t y = 0; y < height; ++y) {
    std::vector<Complex> line(columns.size());
    for (size_t r = 0; r < rows.size(); ++r) {
      const Complex down = wave(rows[r], y, height);
      for (size_t k = 0; k < columns.size(); ++k)
        line[k] += spectrum[r * columns.size() + k] * down;
    }
    for (int64_t x = 0; x < width; ++x) {
      Complex sum = 0.0;
      for (size_t k = 0; k < columns.size(); ++k) sum += line[k] * wave(columns[k], x, width);
      plane[y * width + x] = static_cast<float>(sum.real() / count);
    }
  }
}

}  // namespace

GuidancePatch override_cfg(float cfg, double from, double to) {
  return {
      .scale = [=](float sigma, float given) { return to < sigma && sigma <= from ? cfg : given; }};
}

GuidancePatch rescale_cfg(float multiplier) {
  return {.combine = [multiplier](const GuidanceCall& call, const Tensor& positive,
                                  const Tensor& negative) {
    Tensor guided = plain_cfg(call, positive, negative);
    for (const Picture& picture : pictures_of(guided)) {
      const double ratio =
          deviation(positive, picture) / std::max(deviation(guided, picture), 1e-8);
      scale_picture(guided, picture, static_cast<float>(multiplier * ratio) + (1.0f - multiplier));
    }
    return guided;
  }};
}

GuidancePatch renorm_cfg(float truncate, float renorm) {
  return {.combine = [=](const GuidanceCall& call, const Tensor& positive, const Tensor& negative) {
    if (!(call.sigma < truncate)) return positive.clone();
    Tensor guided = plain_cfg(call, positive, negative);
    if (!(renorm > 0.0f)) return guided;
    if (guided.dim(0) > 1) {
      throw Error(ErrorKind::kUsage,
                  "RenormCFG takes one picture at a time; set its renorm_cfg to "
                  "0 or the batch to 1");
    }
    const Picture whole{0, guided.size()};
    const double longest = norm(positive, whole) * renorm;
    const double length = norm(guided, whole);
    if (length >= longest) scale_picture(guided, whole, static_cast<float>(longest / length));
    return guided;
  }};
}

GuidancePatch cfg_norm(float strength) {
  return {.after = [strength](const GuidanceCall&, const Tensor& guided, const Tensor& positive,
                              const Tensor&) {
    std::vector<float> factors = channel_norms(positive);
    const std::vector<float> lengths = channel_norms(guided);
    for (size_t i = 0; i < factors.size(); ++i) {
      factors[i] = std::clamp(factors[i] / (lengths[i] + 1e-8f), 0.0f, 1.0f) * strength;
    }
    return scaled_places(guided, factors);
  }};
}

GuidancePatch cfg_norm_of_noise(float strength) {
  return {.combine = [strength](const GuidanceCall& call, const Tensor& positive,
                                const Tensor& negative) {
    const Tensor noise = difference(call.x, positive);
    const Tensor guided = plain_cfg(call, noise, difference(call.x, negative));
    std::vector<float> factors = channel_norms(noise);
    const std::vector<float> lengths = channel_norms(guided);
    for (size_t i = 0; i < factors.size(); ++i) {
      const float factor = lengths[i] > 0.0f ? factors[i] / std::max(lengths[i], 1e-12f) : 1.0f;
      factors[i] = strength * factor + (1.0f - strength);
    }
    return difference(call.x, scaled_places(guided, factors));
  }};
}

GuidancePatch cfg_zero_star() {
  return {.after = [](const GuidanceCall& call, const Tensor& guided, const Tensor& positive,
                      const Tensor& negative) {
    const Tensor pos = difference(call.x, positive), neg = difference(call.x, negative);
    Tensor out = guided.clone();
    for (const Picture& picture : pictures_of(out)) {
      const auto share =
          static_cast<float>(dot(pos, neg, picture) / (dot(neg, neg, picture) + 1e-8));
      for (int64_t i = picture.begin; i < picture.begin + picture.size; ++i) {
        const float none = negative.data()[i];
        out.data()[i] += none * (share - 1.0f) + call.cfg * none * (1.0f - share);
      }
    }
    return out;
  }};
}

GuidancePatch tangential_damping() {
  return {.before = [](const GuidanceCall& call, Tensor& positive, Tensor& negative) {
    if (!call.has_negative) return;
    const Tensor pos = difference(call.x, positive), neg = difference(call.x, negative);
    Tensor damped(neg.shape());
    for (const Picture& picture : pictures_of(neg)) {
      // The first right singular vector of the two rows (neg, pos) is a combination of them; its
      // weights are the larger eigenvector of their 2 x 2 Gram matrix.
      const double nn = dot(neg, neg, picture), pp = dot(pos, pos, picture);
      const double np = dot(neg, pos, picture);
      const double half = (nn - pp) / 2.0;
      const double largest = (nn + pp) / 2.0 + std::sqrt(half * half + np * np);
      double a = np, b = largest - nn;
      if (a == 0.0 && b == 0.0) (nn >= pp ? a : b) = 1.0;
      // neg projected onto v = a neg + b pos.
      const double length = a * a * nn + 2.0 * a * b * np + b * b * pp;
      const double along = length > 0.0 ? (a * nn + b * np) / length : 0.0;
      const auto of_neg = static_cast<float>(along * a), of_pos = static_cast<float>(along * b);
      for (int64_t i = picture.begin; i < picture.begin + picture.size; ++i) {
        damped.data()[i] = of_neg * neg.data()[i] + of_pos * pos.data()[i];
      }
    }
    negative = difference(call.x, damped);
  }};
}

GuidancePatch mahiro() {
  return {.after = [](const GuidanceCall& call, const Tensor& guided, const Tensor& positive,
                      const Tensor& negative) {
    const auto signed_root = [](float value) {
      return std::copysign(std::sqrt(std::abs(value)), value);
    };
    const Tensor far =
        mapped(negative, negative, [&](float u, float) { return signed_root(u * call.cfg); });
    const Tensor merged = mapped(
        positive, guided, [&](float c, float g) { return signed_root((c * call.cfg + g) / 2.0f); });
    // Their cosine over the channels, averaged over all places.
    const int64_t channels = guided.dim(1), area = guided.dim(2) * guided.dim(3);
    const std::vector<float> lengths = channel_norms(far), others = channel_norms(merged);
    std::vector<double> products(lengths.size(), 0.0);
    for (int64_t i = 0; i < guided.size(); ++i) {
      products[static_cast<size_t>(i / (channels * area) * area + i % area)] +=
          static_cast<double>(far.data()[i]) * merged.data()[i];
    }
    double similarity = 0.0;
    for (size_t i = 0; i < products.size(); ++i) {
      similarity += products[i] / (std::max(lengths[i], 1e-8f) * std::max(others[i], 1e-8f));
    }
    similarity /= static_cast<double>(products.size());
    const auto share = static_cast<float>(2.0 * (similarity + 1.0));
    return mapped(guided, positive, [&](float g, float c) {
      return (share * g + (4.0f - share) * c * call.cfg) / 4.0f;
    });
  }};
}

GuidancePatch projected_guidance(float eta, float longest, float momentum) {
  struct State {
    Tensor average;
    float sigma = -1.0f;  // of the last evaluation; below 0 before the first
  };
  const auto state = std::make_shared<State>();
  return {.before = [=](const GuidanceCall& call, Tensor& positive, Tensor& negative) {
    // A new run begins where sigma rises.
    if (state->sigma >= 0.0f && call.sigma > state->sigma) state->average = Tensor();
    state->sigma = call.sigma;
    const Tensor plain = difference(positive, negative);
    Tensor guidance = plain.clone();
    if (momentum != 0.0f) {
      if (!state->average.empty()) {
        guidance = mapped(state->average, guidance,
                          [=](float old, float now) { return momentum * old + now; });
      }
      state->average = guidance.clone();
    }
    Tensor changed(positive.shape());
    for (const Picture& picture : pictures_of(positive)) {
      const double length = norm(guidance, picture);
      if (longest > 0.0f && length > longest) {
        scale_picture(guidance, picture, static_cast<float>(longest / length));
      }
      const double size = std::max(norm(positive, picture), 1e-12);
      const auto along = static_cast<float>(dot(guidance, positive, picture) / (size * size));
      for (int64_t i = picture.begin; i < picture.begin + picture.size; ++i) {
        const float parallel = along * positive.data()[i];
        const float modified = guidance.data()[i] - parallel + eta * parallel;
        changed.data()[i] = (negative.data()[i] + modified) + plain.data()[i] / call.cfg;
      }
    }
    positive = changed;
  }};
}

GuidancePatch epsilon_scaling(float factor) {
  return {.after = [factor](const GuidanceCall& call, const Tensor& guided, const Tensor&,
                            const Tensor&) {
    return mapped(call.x, guided, [factor](float x, float g) { return x - (x - g) / factor; });
  }};
}

GuidancePatch temporal_score_rescaling(double k, double sigma) {
  return {
      .after = [=](const GuidanceCall& call, const Tensor& guided, const Tensor&, const Tensor&) {
        if (k == 1.0 || call.sigma == 0.0f || call.sigma >= 1.0f) return guided.clone();
        const double alpha = 1.0 - call.sigma;
        const double snr = std::pow(alpha / call.sigma, 2);
        const double variance = sigma * sigma;
        const auto ratio = static_cast<float>((snr * variance + 1.0) / (snr * variance / k + 1.0));
        return mapped(call.x, guided, [=](float x, float g) {
          const float start = x / static_cast<float>(alpha);
          return start + ratio * (g - start);
        });
      }};
}

GuidancePatch frequency_scaling(float low, float high, int cutoff) {
  return {.before = [=](const GuidanceCall&, Tensor& positive, Tensor& negative) {
    const Tensor guidance = difference(positive, negative);
    Tensor lows = guidance.clone();
    const int64_t height = lows.dim(2), width = lows.dim(3);
    for (int64_t plane = 0; plane < lows.dim(0) * lows.dim(1); ++plane) {
      keep_low_frequencies(lows.data() + plane * height * width, height, width, cutoff);
    }
    Tensor changed(positive.shape());
    for (int64_t i = 0; i < changed.size(); ++i) {
      changed.data()[i] =
          negative.data()[i] + high * guidance.data()[i] + (low - high) * lows.data()[i];
    }
    positive = changed;
  }};
}

GuidancePatch skip_layer_rescale(float amount, double from, double to) {
  return {.after = [=](const GuidanceCall& call, const Tensor& guided, const Tensor& positive,
                       const Tensor&) {
    if (call.sigma > from || call.sigma < to) return guided;
    const Picture all{0, guided.size()};
    const double ratio = deviation(positive, all) / deviation(guided, all);
    Tensor out = guided.clone();
    scale_picture(out, all, static_cast<float>(amount * ratio + (1.0 - amount)));
    return out;
  }};
}

GuidancePatch always_with_negative() { return {.always_negative = true}; }

}  // namespace zanime::sampling
