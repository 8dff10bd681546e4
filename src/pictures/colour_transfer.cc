#include "pictures/colour_transfer.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "base/parallel.h"
#include "pictures/colour.h"

namespace zanime::pictures {
namespace {

constexpr int64_t kTransferGrain = 1 << 14;
constexpr double kSmallestDeviation = 1e-6;

using Vector3 = std::array<double, 3>;
using Matrix3 = std::array<Vector3, 3>;

Matrix3 product(const Matrix3& a, const Matrix3& b) {
  Matrix3 out{};
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 3; ++j) {
      for (size_t k = 0; k < 3; ++k) out[i][j] += a[i][k] * b[k][j];
    }
  }
  return out;
}

Matrix3 transposed(const Matrix3& a) {
  Matrix3 out;
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 3; ++j) out[i][j] = a[j][i];
  }
  return out;
}

// With column i multiplied by factors[i].
Matrix3 scaled_columns(Matrix3 a, const Vector3& factors) {
  for (Vector3& row : a) {
    for (size_t i = 0; i < 3; ++i) row[i] *= factors[i];
  }
  return a;
}

// Of a symmetric matrix: its eigenvectors are the columns of `vectors`.
struct Eigen {
  Vector3 values;
  Matrix3 vectors;
};

// Jacobi's rotations.
Eigen eigen_of(Matrix3 a) {
  Matrix3 vectors = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  constexpr int kSweeps = 30;
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    for (size_t p = 0; p < 2; ++p) {
      for (size_t q = p + 1; q < 3; ++q) {
        if (a[p][q] == 0.0) continue;
        const double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const double sign = theta < 0 ? -1.0 : 1.0;
        const double t = sign / (std::abs(theta) + std::sqrt(theta * theta + 1));
        const double cosine = 1 / std::sqrt(t * t + 1), sine = t * cosine;
        Matrix3 rotation = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
        rotation[p][p] = rotation[q][q] = cosine;
        rotation[p][q] = sine;
        rotation[q][p] = -sine;
        a = product(transposed(rotation), product(a, rotation));
        vectors = product(vectors, rotation);
      }
    }
  }
  return {{a[0][0], a[1][1], a[2][2]}, vectors};
}

struct Statistics {
  Vector3 mean{};
  Matrix3 covariance{};
};

// Of pictures [batch, height, width, 3]; each picture counts the same.
Statistics statistics_of(const Tensor& lab) {
  Statistics found;
  const auto count = static_cast<double>(lab.size() / 3);
  for (int64_t i = 0; i < lab.size(); ++i) found.mean[static_cast<size_t>(i % 3)] += lab.data()[i];
  for (double& mean : found.mean) mean /= count;
  for (int64_t i = 0; i < lab.size(); i += 3) {
    Vector3 centred;
    for (size_t c = 0; c < 3; ++c)
      centred[c] = lab.data()[i + static_cast<int64_t>(c)] - found.mean[c];
    for (size_t j = 0; j < 3; ++j) {
      for (size_t k = 0; k < 3; ++k) found.covariance[j][k] += centred[j] * centred[k];
    }
  }
  for (Vector3& row : found.covariance) {
    for (double& value : row) value /= count;
  }
  return found;
}

Matrix3 reinhard_map(const Statistics& from, const Statistics& to) {
  Matrix3 map{};
  for (size_t c = 0; c < 3; ++c) {
    const auto deviation = [c](const Statistics& one) {
      return std::max(std::sqrt(one.covariance[c][c]), kSmallestDeviation);
    };
    map[c][c] = deviation(to) / deviation(from);
  }
  return map;
}

// With S^(1/2) the root of the source's covariance and R the reference's:
// S^(-1/2) (S^(1/2) R S^(1/2))^(1/2) S^(-1/2).
Matrix3 monge_kantorovich_map(const Statistics& from, const Statistics& to) {
  const Eigen source = eigen_of(from.covariance);
  Vector3 root, inverse;
  for (size_t i = 0; i < 3; ++i) {
    root[i] = std::max(std::sqrt(std::max(source.values[i], 0.0)), kSmallestDeviation);
    inverse[i] = 1 / root[i];
  }
  const Matrix3 half = scaled_columns(source.vectors, root);
  const Eigen middle = eigen_of(product(transposed(half), product(to.covariance, half)));
  Vector3 middle_root;
  for (size_t i = 0; i < 3; ++i) middle_root[i] = std::sqrt(std::max(middle.values[i], 0.0));
  const Matrix3 middle_half =
      product(scaled_columns(middle.vectors, middle_root), transposed(middle.vectors));
  const Matrix3 back = scaled_columns(source.vectors, inverse);
  return product(back, product(middle_half, transposed(back)));
}

// Each pixel p of [1, height, width, 3] becomes map (p - from) + to.
Tensor mapped(const Tensor& lab, const Matrix3& map, const Vector3& from, const Vector3& to) {
  Tensor out(lab.shape());
  parallel_for_ranges(lab.size() / 3, kTransferGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = 3 * begin; i < 3 * end; i += 3) {
      for (size_t c = 0; c < 3; ++c) {
        double sum = to[c];
        for (size_t k = 0; k < 3; ++k) {
          sum += map[c][k] * (lab.data()[i + static_cast<int64_t>(k)] - from[k]);
        }
        out.data()[i + static_cast<int64_t>(c)] = static_cast<float>(sum);
      }
    }
  });
  return out;
}

// `from` with `strength` of the way to `to`.
Tensor part_of_the_way(const Tensor& from, const Tensor& to, float strength) {
  if (strength == 1.0f) return to;
  Tensor out(from.shape());
  for (int64_t i = 0; i < out.size(); ++i) {
    out.data()[i] = from.data()[i] + strength * (to.data()[i] - from.data()[i]);
  }
  return out;
}

constexpr size_t kBins = 256;
using Table = std::array<std::array<float, kBins>, 3>;

size_t bin_of(float value) {
  const float scaled = value * static_cast<float>(kBins - 1);
  return static_cast<size_t>(std::clamp(scaled, 0.0f, static_cast<float>(kBins - 1)));
}

// How much of each channel lies in a bin or below, 0 to 1.
Table distribution_of(const Tensor& pixels) {
  Table table{};
  std::array<std::array<int64_t, kBins>, 3> counts{};
  for (int64_t i = 0; i < pixels.size(); ++i) {
    ++counts[static_cast<size_t>(i % 3)][bin_of(pixels.data()[i])];
  }
  const auto total = static_cast<float>(pixels.size() / 3);
  for (size_t c = 0; c < 3; ++c) {
    int64_t sum = 0;
    for (size_t bin = 0; bin < kBins; ++bin) {
      sum += counts[c][bin];
      table[c][bin] = static_cast<float>(sum) / total;
    }
  }
  return table;
}

// For each bin of the source the value of the first bin that holds as much of the reference.
Table look_up_table(const Table& source, const Table& reference) {
  Table table{};
  for (size_t c = 0; c < 3; ++c) {
    for (size_t bin = 0; bin < kBins; ++bin) {
      const auto found = std::lower_bound(reference[c].begin(), reference[c].end(), source[c][bin]);
      const auto place = static_cast<size_t>(found - reference[c].begin());
      table[c][bin] = static_cast<float>(std::min(place, kBins - 1)) / (kBins - 1);
    }
  }
  return table;
}

Tensor looked_up(const Tensor& pixels, const Table& table) {
  Tensor out(pixels.shape());
  for (int64_t i = 0; i < out.size(); ++i) {
    out.data()[i] = table[static_cast<size_t>(i % 3)][bin_of(pixels.data()[i])];
  }
  return out;
}

// The pictures whose colours stand for those of picture `index`.
Tensor source_of(const Tensor& pictures, const ColourTransfer& transfer, int64_t index) {
  switch (transfer.source) {
    case ColourSource::kAll:
      return pictures;
    case ColourSource::kOnePicture:
      return pictures.rows(std::min(transfer.picture, pictures.dim(0) - 1), 1);
    case ColourSource::kEachPicture:
      break;
  }
  return pictures.rows(index, 1);
}

Tensor reference_of(const Tensor& references, const ColourTransfer& transfer, int64_t index) {
  if (transfer.source != ColourSource::kEachPicture) return references;
  return references.rows(std::min(index, references.dim(0) - 1), 1);
}

}  // namespace

std::vector<std::string> colour_transfer_methods() {
  return {"reinhard_lab", "mkl_lab", "histogram"};
}

Tensor transfer_colours(const Tensor& pixels, const Tensor& reference,
                        const ColourTransfer& transfer) {
  if (transfer.strength == 0.0f) return pixels;
  const bool by_histogram = transfer.method == "histogram";
  const auto map_between = transfer.method == "reinhard_lab" ? reinhard_map : monge_kantorovich_map;
  const Tensor from = by_histogram ? pixels : rgb_to_lab(pixels);
  const Tensor to = by_histogram ? reference : rgb_to_lab(reference);
  Tensor out(pixels.shape());
  const int64_t picture_size = pixels.size() / pixels.dim(0);
  for (int64_t i = 0; i < pixels.dim(0); ++i) {
    const Tensor source = source_of(from, transfer, i), wanted = reference_of(to, transfer, i);
    const Tensor picture = from.rows(i, 1);
    Tensor changed;
    if (by_histogram) {
      const Table table = look_up_table(distribution_of(source), distribution_of(wanted));
      changed = part_of_the_way(picture, looked_up(picture, table), transfer.strength);
    } else {
      const Statistics have = statistics_of(source), want = statistics_of(wanted);
      changed = lab_to_rgb(
          part_of_the_way(picture, mapped(picture, map_between(have, want), have.mean, want.mean),
                          transfer.strength));
    }
    for (int64_t k = 0; k < picture_size; ++k) {
      out.data()[i * picture_size + k] = std::clamp(changed.data()[k], 0.0f, 1.0f);
    }
  }
  return out;
}

}  // namespace zanime::pictures
