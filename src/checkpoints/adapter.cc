#include "checkpoints/adapter.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/text/near_matches.h"
#include "base/text/quote.h"
#include "checkpoints/adapter_magnitude.h"
#include "checkpoints/adapter_targets.h"
#include "checkpoints/family.h"
#include "weights/safetensors.h"
#include "weights/value_conversion.h"
#include "weights/weight_delta.h"
#include "weights/weight_values.h"

namespace zanime::checkpoints {
namespace {

constexpr const char* kNotFinite = "holds NaN or infinity; the file is damaged, get it again";

bool is_float(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16 ||
         dtype == DType::kF8E4M3 || dtype == DType::kF8E5M2 || dtype == DType::kF64;
}

Tensor product(const Tensor& a, const Tensor& b) {
  Tensor result({a.dim(0), b.dim(1)});
  weights::PlainBlockMath().multiply(a.dim(0), b.dim(1), a.dim(1), 1.0f, a.data(), b.data(),
                                     b.dim(1), 0.0f, result.data());
  return result;
}

}  // namespace

// Makes the change of one module for rows of one weight, checking all it reads.
class Adapter::Reader {
 public:
  Reader(const Adapter& adapter, const Module& module, const weights::Weight& weight,
         const AdapterTarget& target)
      : adapter_(adapter),
        module_(module),
        weight_(weight),
        target_(target),
        columns_(weight.columns()) {}

  // nullopt when the module has nothing for the weight itself.
  std::optional<weights::WeightChange> change(double strength) const {
    const bool lora = has(AdapterRole::kDown) || has(AdapterRole::kUp);
    const bool loha = has(AdapterRole::kHadaW1A) || has(AdapterRole::kHadaW1B) ||
                      has(AdapterRole::kHadaW2A) || has(AdapterRole::kHadaW2B);
    const bool lokr = has(AdapterRole::kLokrW1) || has(AdapterRole::kLokrW1A) ||
                      has(AdapterRole::kLokrW1B) || has(AdapterRole::kLokrW2) ||
                      has(AdapterRole::kLokrW2A) || has(AdapterRole::kLokrW2B);
    const bool diff = has(AdapterRole::kDiff);
    if (lora + loha + lokr + diff == 0) {
      check_bias_alone();
      return std::nullopt;
    }
    if (lora + loha + lokr + diff > 1) {
      fail(module_.tensors.begin()->second,
           "is one of several kinds of change that the file has "
           "for " +
               text::quote(module_.name));
    }
    for (const AdapterRole role :
         {AdapterRole::kMid, AdapterRole::kHadaT1, AdapterRole::kHadaT2, AdapterRole::kLokrT2}) {
      if (has(role)) {
        fail(stored(role),
             "is a factor for convolutions, and " + text::quote(weight_.name()) + " is none");
      }
    }
    auto delta = std::make_shared<weights::WeightDelta>();
    double scale = 1.0;
    if (lora) {
      weights::LowRankDelta factors = low_rank(AdapterRole::kUp, AdapterRole::kDown);
      scale = alpha_over(factors.down.dim(0));
      delta->value = std::move(factors);
    } else if (loha) {
      weights::HadamardDelta factors{low_rank(AdapterRole::kHadaW1A, AdapterRole::kHadaW1B),
                                     low_rank(AdapterRole::kHadaW2A, AdapterRole::kHadaW2B)};
      scale = alpha_over(factors.first.down.dim(0));
      delta->value = std::move(factors);
    } else if (lokr) {
      int64_t rank = 0;  // of the last factor that is itself a product
      weights::KroneckerDelta factors;
      factors.left =
          small_factor(AdapterRole::kLokrW1, AdapterRole::kLokrW1A, AdapterRole::kLokrW1B, rank);
      factors.right =
          small_factor(AdapterRole::kLokrW2, AdapterRole::kLokrW2A, AdapterRole::kLokrW2B, rank);
      check_shape(first_of({AdapterRole::kLokrW2, AdapterRole::kLokrW2A}),
                  factors.left.dim(0) * factors.right.dim(0),
                  factors.left.dim(1) * factors.right.dim(1));
      if (rank > 0) scale = alpha_over(rank);
      delta->value = std::move(factors);
    } else {
      delta->value = weights::FullDelta{full(stored(AdapterRole::kDiff))};
    }

    weights::WeightChange result{std::move(delta), target_.first_row, target_.rows,
                                 static_cast<float>(scale), nullptr};
    const std::optional<DoraScale> dora = dora_scale();
    if (dora) result.magnitude = dora_magnitude(weight_, result, *dora, strength);
    result.strength = static_cast<float>(strength * scale);
    return result;
  }

  // The module's change of a bias, for a reader whose weight is the bias.
  weights::WeightChange bias_change(double strength) const {
    auto delta = std::make_shared<weights::WeightDelta>();
    delta->value = weights::FullDelta{full(stored(AdapterRole::kDiffBias))};
    return {std::move(delta), target_.first_row, target_.rows, static_cast<float>(strength),
            nullptr};
  }

 private:
  [[noreturn]] void fail(const Stored& tensor, const std::string& message) const {
    throw Error(ErrorKind::kFile, adapter_.file_->path().string() + ": adapter key " +
                                      text::quote(tensor.key) + " " + message);
  }
  [[noreturn]] void wrong_shape(const Stored& tensor, int64_t rows, int64_t columns) const {
    fail(tensor, "belongs to a change of shape " + Shape{rows, columns}.to_string() + ", but " +
                     text::quote(weight_.name()) + " of this model takes " +
                     Shape{target_.rows, columns_}.to_string() +
                     "; the adapter is damaged or was made for another model");
  }
  void check_shape(const Stored& tensor, int64_t rows, int64_t columns) const {
    if (rows != target_.rows || columns != columns_) wrong_shape(tensor, rows, columns);
  }

  // What scales a change, or is one factor of three, says nothing without the rest of it.
  void check_bias_alone() const {
    for (const auto& [role, tensor] : module_.tensors) {
      if (role == AdapterRole::kDiffBias) continue;
      fail(tensor, "stands alone: the factors of its change are missing; the file is damaged");
    }
  }

  bool has(AdapterRole role) const { return module_.tensors.contains(role); }
  const Stored& stored(AdapterRole role) const { return module_.tensors.at(role); }
  const Stored& first_of(std::initializer_list<AdapterRole> roles) const {
    for (const AdapterRole role : roles) {
      if (has(role)) return stored(role);
    }
    return module_.tensors.begin()->second;
  }

  // The tensor as a matrix: axes behind the second (of a 1x1 convolution) are flattened.
  Tensor matrix(AdapterRole role) const {
    const Stored& tensor = stored(role);
    const Shape& shape = tensor.entry->shape;
    if (shape.rank() < 2 || shape.size() == 0) {
      fail(tensor, "has the shape " + shape.to_string() + "; a matrix is needed here");
    }
    const Tensor values = read(tensor);
    return values.reshaped({shape[0], shape.size() / shape[0]});
  }
  Tensor read(const Stored& tensor) const {
    check_type(tensor);
    Tensor values(tensor.entry->shape);
    weights::convert_to_float32(tensor.entry->data, tensor.entry->dtype, values.size(),
                                values.data());
    if (!all_finite(values)) {
      fail(tensor, kNotFinite);
    }
    return values;
  }
  void check_type(const Stored& tensor) const {
    if (is_float(tensor.entry->dtype)) return;
    fail(tensor, "has the type " + std::string(dtype_name(tensor.entry->dtype)) +
                     "; an adapter's values are F32, F16, BF16 or F8");
  }

  // A product of two factors that both must be there.
  std::pair<Tensor, Tensor> factors(AdapterRole left, AdapterRole right) const {
    if (!has(left) || !has(right)) {
      fail(first_of({left, right}),
           "is one half of a pair whose other half is missing; the file is damaged");
    }
    Tensor a = matrix(left), b = matrix(right);
    if (a.dim(1) != b.dim(0)) {
      fail(stored(left), "has the shape " + stored(left).entry->shape.to_string() +
                             ", and its other half " + text::quote(stored(right).key) +
                             " the shape " + stored(right).entry->shape.to_string() +
                             ": their ranks are not the same");
    }
    return {std::move(a), std::move(b)};
  }
  weights::LowRankDelta low_rank(AdapterRole up, AdapterRole down) const {
    auto [a, b] = factors(up, down);
    check_shape(stored(up), a.dim(0), b.dim(1));
    return {std::move(a), std::move(b)};
  }
  // One side of a Kronecker product: stored whole, or as a product.
  Tensor small_factor(AdapterRole whole, AdapterRole left, AdapterRole right, int64_t& rank) const {
    if (has(whole)) {
      if (has(left) || has(right)) {
        fail(stored(whole), "is there as a whole and as a product, " +
                                text::quote(first_of({left, right}).key) +
                                "; it is unclear which one is meant");
      }
      return matrix(whole);
    }
    if (!has(left) && !has(right)) {
      fail(module_.tensors.begin()->second,
           "is one factor of a Kronecker product whose other is missing; the file is damaged");
    }
    const auto [a, b] = factors(left, right);
    rank = b.dim(0);
    return product(a, b);
  }

  // A difference stored whole, as it lies in the file.
  weights::Weight full(const Stored& tensor) const {
    if (tensor.entry->shape.size() != target_.rows * columns_) {
      const Shape& theirs = tensor.entry->shape;
      fail(tensor, "has the shape " + theirs.to_string() + ", but " + text::quote(weight_.name()) +
                       " of this model takes " + Shape{target_.rows, columns_}.to_string() +
                       "; the adapter is damaged or was made for another model");
    }
    check_type(tensor);
    weights::Weight whole(tensor.key, Shape{target_.rows, columns_},
                          {{tensor.entry->data, tensor.entry->dtype, target_.rows, 1.0f, nullptr}},
                          adapter_.file_);
    if (!weights::all_rows_finite(whole)) fail(tensor, kNotFinite);
    return whole;
  }

  double alpha_over(int64_t rank) const {
    if (!has(AdapterRole::kAlpha)) return 1.0;
    const Stored& tensor = stored(AdapterRole::kAlpha);
    if (tensor.entry->shape.size() != 1) {
      fail(tensor,
           "has the shape " + tensor.entry->shape.to_string() + "; alpha is a single number");
    }
    float alpha = 0;
    weights::convert_to_float32(tensor.entry->data, tensor.entry->dtype, 1, &alpha);
    if (!std::isfinite(alpha)) fail(tensor, "is not a finite number; the file is damaged");
    return double{alpha} / static_cast<double>(rank);
  }

  std::optional<DoraScale> dora_scale() const {
    const bool peft = has(AdapterRole::kMagnitudeVector);
    if (!peft && !has(AdapterRole::kDoraScale)) return std::nullopt;
    if (peft && has(AdapterRole::kDoraScale)) {
      fail(stored(AdapterRole::kDoraScale),
           "says the same as " + text::quote(stored(AdapterRole::kMagnitudeVector).key) +
               ", and in another way; it is unclear which one is meant");
    }
    const Stored& tensor = stored(peft ? AdapterRole::kMagnitudeVector : AdapterRole::kDoraScale);
    const Shape& shape = tensor.entry->shape;
    DoraScale result;
    result.per_row = shape.rank() > 0 && shape[0] == target_.rows;
    result.of_changed_weight = peft || !result.per_row;
    if (shape.size() != (result.per_row ? target_.rows : columns_)) {
      fail(tensor, "has the shape " + shape.to_string() + "; a number per row (" +
                       std::to_string(target_.rows) + ") or per column (" +
                       std::to_string(columns_) + ") is needed");
    }
    const Tensor values = read(tensor);
    result.values.assign(values.values().begin(), values.values().end());
    return result;
  }

  const Adapter& adapter_;
  const Module& module_;
  const weights::Weight& weight_;
  const AdapterTarget& target_;
  const int64_t columns_;
};

Adapter Adapter::open(const std::filesystem::path& path) {
  return read(weights::open_safetensors(path));
}

Adapter Adapter::read(std::shared_ptr<const weights::WeightFile> file) {
  Adapter adapter(std::move(file));
  const std::filesystem::path& path = adapter.file_->path();
  for (const auto& [name, entry] : adapter.file_->tensors()) {
    const std::optional<AdapterKey> key = parse_adapter_key(name);
    if (!key) continue;
    Module& module = adapter.modules_[key->module];
    module.name = key->module;
    const auto [place, is_new] = module.tensors.emplace(key->role, Stored{name, &entry});
    if (!is_new) {
      throw Error(ErrorKind::kFile, path.string() + ": adapter keys " +
                                        text::quote(place->second.key) + " and " +
                                        text::quote(name) + " are the same part of one module");
    }
  }
  if (adapter.modules_.empty()) {
    throw Error(ErrorKind::kFile, path.string() +
                                      ": holds: " + identify(*adapter.file_).description +
                                      ". Needed here: an adapter (LoRA, LoHa, LoKr)");
  }
  return adapter;
}

ModelWeights Adapter::applied_to(const ModelWeights& weights, ModelFamily family, double strength,
                                 Keys& used) const {
  const AdapterTargets targets(weights, family);
  std::map<std::string, weights::Weight> changed = weights.all();
  Keys found;
  std::map<std::tuple<std::string, int64_t, int64_t>, std::string> taken;
  for (const auto& [name, module] : modules_) {
    const AdapterTarget* target = targets.find(name);
    if (target == nullptr) continue;
    const auto change_rows = [&](const std::string& weight_name, const AdapterTarget& rows,
                                 const weights::WeightChange& change) {
      const auto [other, is_new] =
          taken.emplace(std::tuple(weight_name, rows.first_row, rows.rows), name);
      if (!is_new) {
        throw Error(ErrorKind::kFile, file_->path().string() + ": adapter modules " +
                                          text::quote(other->second) + " and " + text::quote(name) +
                                          " change the same rows of " + text::quote(weight_name) +
                                          "; the file is damaged");
      }
      weights::Weight& weight = changed.at(weight_name);
      if (strength != 0.0) weight = weight.with_change(change);
    };

    const std::string weight_name = target->module + ".weight";
    const Reader reader(*this, module, changed.at(weight_name), *target);
    if (const std::optional<weights::WeightChange> change = reader.change(strength)) {
      change_rows(weight_name, *target, *change);
      for (const auto& [role, stored] : module.tensors) {
        if (role != AdapterRole::kDiffBias) found.insert(stored.key);
      }
    }
    const auto bias = changed.find(target->module + ".bias");
    const auto stored_bias = module.tensors.find(AdapterRole::kDiffBias);
    if (stored_bias == module.tensors.end() || bias == changed.end()) continue;
    const AdapterTarget rows{target->module, target->first_row, target->rows};
    change_rows(bias->first, rows, Reader(*this, module, bias->second, rows).bias_change(strength));
    found.insert(stored_bias->second.key);
  }
  used.merge(found);
  return {weights.path(), std::move(changed)};
}

void Adapter::check_used(const Keys& used, bool with_text_encoder) const {
  std::vector<std::string> unused;
  size_t for_text_encoder = 0;
  for (const auto& [name, entry] : file_->tensors()) {
    if (used.contains(name)) continue;
    if (!with_text_encoder && names_text_encoder(name)) {
      ++for_text_encoder;
    } else {
      unused.push_back(name);
    }
  }
  const std::string place = file_->path().string() + ": ";
  if (used.empty()) {
    if (unused.empty()) {
      throw Error(ErrorKind::kFile, place +
                                        "this adapter changes the text encoder only; use "
                                        "LoraLoader, with the text encoder linked to `clip`");
    }
    throw Error(
        ErrorKind::kFile,
        place + "none of the adapter's " + std::to_string(file_->tensors().size()) +
            " keys fits this model (Z-Image, with Qwen3 as text encoder). The file holds: " +
            identify(*file_).description + ". Its keys: " + text::list_some(unused));
  }
  if (!unused.empty()) {
    log_warning(place + std::to_string(unused.size()) + " of the adapter's " +
                std::to_string(file_->tensors().size()) +
                " keys find no weight and are left out: " + text::list_some(unused));
  }
  if (for_text_encoder > 0) {
    log_info(place + std::to_string(for_text_encoder) +
             " keys are for the text encoder, which is not changed here");
  }
}

}  // namespace zanime::checkpoints
