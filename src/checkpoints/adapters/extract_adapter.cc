#include "checkpoints/adapters/extract_adapter.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/files/atomic_file.h"
#include "base/parallel.h"
#include "checkpoints/synth_values.h"
#include "weights/float_encoding.h"
#include "weights/safetensors_writer.h"
#include "weights/weight_values.h"

namespace zanime::checkpoints {
namespace {

// Beyond the vectors that are wanted, so that those settle soon.
constexpr int64_t kMoreVectors = 8;
constexpr int kIterations = 6;
constexpr double kCutAt = 0.99;

// In eight sums side by side, which a CPU adds at once.
double dot(const float* a, const float* b, int64_t count) {
  constexpr int64_t kSums = 8;
  double sums[kSums] = {};
  int64_t k = 0;
  for (; k + kSums <= count; k += kSums) {
    for (int64_t lane = 0; lane < kSums; ++lane) {
      sums[lane] += double{a[k + lane]} * double{b[k + lane]};
    }
  }
  for (; k < count; ++k) sums[0] += double{a[k]} * double{b[k]};
  double total = 0.0;
  for (const double sum : sums) total += sum;
  return total;
}

// Rows of `a` [m, k] times those of `b` [n, k]: [m, n].
Tensor times_transposed(const Tensor& a, const Tensor& b) {
  const int64_t depth = a.dim(1);
  Tensor out({a.dim(0), b.dim(0)});
  parallel_for(a.dim(0), [&](int64_t row) {
    const float* left = a.data() + row * depth;
    for (int64_t i = 0; i < b.dim(0); ++i) {
      out.data()[row * b.dim(0) + i] = static_cast<float>(dot(left, b.data() + i * depth, depth));
    }
  });
  return out;
}

Tensor transposed(const Tensor& a) {
  Tensor out({a.dim(1), a.dim(0)});
  for (int64_t i = 0; i < a.dim(0); ++i) {
    for (int64_t j = 0; j < a.dim(1); ++j)
      out.data()[j * a.dim(0) + i] = a.data()[i * a.dim(1) + j];
  }
  return out;
}

double row_dot(const Tensor& a, int64_t i, int64_t j) {
  return dot(a.data() + i * a.dim(1), a.data() + j * a.dim(1), a.dim(1));
}

void scale_row(Tensor& a, int64_t i, double factor) {
  for (float& value : std::span(a.data() + i * a.dim(1), static_cast<size_t>(a.dim(1)))) {
    value = static_cast<float>(value * factor);
  }
}

// Makes rows orthogonal and of length 1, twice for what rounding leaves; rows that depend on those
// before them become 0.
void make_orthonormal(Tensor& rows) {
  for (int64_t i = 0; i < rows.dim(0); ++i) {
    const double before = std::sqrt(row_dot(rows, i, i));
    for (int pass = 0; pass < 2; ++pass) {
      for (int64_t j = 0; j < i; ++j) {
        const auto along = static_cast<float>(row_dot(rows, i, j));
        float* to = rows.data() + i * rows.dim(1);
        const float* from = rows.data() + j * rows.dim(1);
        for (int64_t k = 0; k < rows.dim(1); ++k) to[k] -= along * from[k];
      }
    }
    const double length = std::sqrt(row_dot(rows, i, i));
    scale_row(rows, i, length > 1e-6 * before ? 1.0 / length : 0.0);
  }
}

void rotate_rows(Tensor& a, int64_t i, int64_t j, double c, double s) {
  float* p = a.data() + i * a.dim(1);
  float* q = a.data() + j * a.dim(1);
  for (int64_t k = 0; k < a.dim(1); ++k) {
    const double x = p[k], y = q[k];
    p[k] = static_cast<float>(c * x - s * y);
    q[k] = static_cast<float>(s * x + c * y);
  }
}

// One-sided Jacobi: turns the rows of `a` until they are orthogonal, and `turned` with them.
void make_rows_orthogonal(Tensor& a, Tensor& turned) {
  constexpr int kSweeps = 30;
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    bool is_done = true;
    for (int64_t i = 0; i < a.dim(0); ++i) {
      for (int64_t j = i + 1; j < a.dim(0); ++j) {
        const double p = row_dot(a, i, i), q = row_dot(a, j, j), r = row_dot(a, i, j);
        if (std::abs(r) <= 1e-6 * std::sqrt(p * q)) continue;
        is_done = false;
        const double zeta = (q - p) / (2.0 * r);
        const double t = std::copysign(1.0, zeta) / (std::abs(zeta) + std::hypot(1.0, zeta));
        const double c = 1.0 / std::hypot(1.0, t);
        rotate_rows(a, i, j, c, c * t);
        rotate_rows(turned, i, j, c, c * t);
      }
    }
    if (is_done) return;
  }
}

// The value below which a share of all lies, between two of them by distance.
float quantile(std::vector<float> values, double share) {
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(below),
                   values.end());
  const float low = values[below];
  if (below + 1 == values.size()) return low;
  const float high =
      *std::min_element(values.begin() + static_cast<std::ptrdiff_t>(below) + 1, values.end());
  return low + static_cast<float>(place - static_cast<double>(below)) * (high - low);
}

void cut_off(LowRankFactors& factors) {
  std::vector<float> all(factors.left.values().begin(), factors.left.values().end());
  all.insert(all.end(), factors.right.values().begin(), factors.right.values().end());
  const float limit = quantile(std::move(all), kCutAt);
  for (Tensor* tensor : {&factors.left, &factors.right}) {
    for (float& value : tensor->values()) value = std::min(std::max(value, -limit), limit);
  }
}

// Tensors in half precision, gathered for one file.
class HalfTensors {
 public:
  void add(const std::string& name, const Tensor& values) {
    std::vector<std::byte>& bytes = bytes_[name];
    bytes.resize(static_cast<size_t>(dtype_bytes(DType::kF16, values.size())));
    weights::encode_floats(values.data(), values.size(), DType::kF16, bytes.data());
    specs_.push_back({name, DType::kF16, values.shape()});
  }

  bool write(const std::filesystem::path& path) const {
    const weights::SafetensorsLayout layout = weights::plan_safetensors(specs_);
    files::AtomicFile file(path, layout.file_size);
    file.write_at(0, std::as_bytes(std::span(layout.header)));
    for (size_t i = 0; i < specs_.size(); ++i) {
      file.write_at(layout.offsets[i], bytes_.at(specs_[i].name));
    }
    return file.commit_new();
  }

 private:
  std::vector<weights::TensorSpec> specs_;
  std::map<std::string, std::vector<std::byte>> bytes_;
};

void add_network(const ModelWeights& network, const std::string& prefix,
                 const ExtractOptions& options, HalfTensors& tensors) {
  const std::string weight_end = ".weight", bias_end = ".bias";
  for (const auto& [name, weight] : network.all()) {
    const bool is_weight = name.ends_with(weight_end);
    const bool is_bias = name.ends_with(bias_end);
    if (!is_weight && !(is_bias && options.with_vectors)) continue;
    const std::string module =
        prefix + name.substr(0, name.size() - (is_weight ? weight_end : bias_end).size());
    const bool is_vector = weight.shape().rank() < 2;
    if (is_bias || !options.low_rank || is_vector) {
      if (options.low_rank && is_vector && !options.with_vectors) continue;
      tensors.add(module + (is_bias ? ".diff_b" : ".diff"), weights::to_float32(weight));
      continue;
    }
    LowRankFactors factors = low_rank_factors(
        weights::to_float32(weight).reshaped({weight.rows(), weight.columns()}), options.rank);
    cut_off(factors);
    tensors.add(module + ".lora_up.weight", factors.left);
    tensors.add(module + ".lora_down.weight", factors.right);
  }
}

}  // namespace

LowRankFactors low_rank_factors(const Tensor& matrix, int64_t rank) {
  const int64_t smaller = std::min(matrix.dim(0), matrix.dim(1));
  rank = std::min(rank, smaller);
  const int64_t vectors = std::min(rank + kMoreVectors, smaller);
  const Tensor across = transposed(matrix);
  // Rows of `basis` span what the columns of the matrix do, as far as they count.
  Tensor start = synth_tensor("low rank start", {vectors, matrix.dim(1)});
  Tensor basis = times_transposed(start, matrix);  // [vectors, m]
  for (int i = 0; i < kIterations; ++i) {
    make_orthonormal(basis);
    Tensor other = times_transposed(basis, across);  // [vectors, n]
    make_orthonormal(other);
    basis = times_transposed(other, matrix);
  }
  make_orthonormal(basis);
  Tensor projected = times_transposed(basis, across);  // [vectors, n]
  make_rows_orthogonal(projected, basis);

  std::vector<std::pair<double, int64_t>> order;
  for (int64_t i = 0; i < vectors; ++i) {
    order.emplace_back(std::sqrt(row_dot(projected, i, i)), i);
  }
  std::sort(order.begin(), order.end(), std::greater<>());
  LowRankFactors factors{Tensor({matrix.dim(0), rank}), Tensor({rank, matrix.dim(1)})};
  for (int64_t i = 0; i < rank; ++i) {
    const auto [value, row] = order[static_cast<size_t>(i)];
    for (int64_t k = 0; k < matrix.dim(0); ++k) {
      factors.left.data()[k * rank + i] =
          static_cast<float>(value * basis.data()[row * matrix.dim(0) + k]);
    }
    for (int64_t k = 0; k < matrix.dim(1); ++k) {
      factors.right.data()[i * matrix.dim(1) + k] =
          value == 0.0 ? 0.0f
                       : static_cast<float>(projected.data()[row * matrix.dim(1) + k] / value);
    }
  }
  return factors;
}

bool save_extracted_adapter(const std::filesystem::path& path, const ModelWeights* model,
                            const ModelWeights* text_encoder, const ExtractOptions& options) {
  HalfTensors tensors;
  if (model != nullptr) add_network(*model, "diffusion_model.", options, tensors);
  if (text_encoder != nullptr) {
    add_network(*text_encoder, "text_encoders.qwen3_4b.transformer.model.", options, tensors);
  }
  return tensors.write(path);
}

}  // namespace zanime::checkpoints
