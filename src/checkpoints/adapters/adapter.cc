#include "checkpoints/adapters/adapter.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/parallel.h"
#include "base/text/near_matches.h"
#include "base/text/quote.h"
#include "checkpoints/adapters/adapter_magnitude.h"
#include "checkpoints/adapters/adapter_rotation.h"
#include "checkpoints/adapters/adapter_targets.h"
#include "checkpoints/family.h"
#include "checkpoints/foreign_family.h"
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

bool changes_bias(AdapterRole role) {
  return role == AdapterRole::kDiffBias || role == AdapterRole::kSetBias;
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
    const bool glora = has(AdapterRole::kGloraA1) || has(AdapterRole::kGloraA2) ||
                       has(AdapterRole::kGloraB1) || has(AdapterRole::kGloraB2);
    const bool rotation = has(AdapterRole::kOftBlocks);
    const bool diff = has(AdapterRole::kDiff);
    const bool set = has(AdapterRole::kSet);
    const int kinds = lora + loha + lokr + glora + rotation + diff + set;
    if (kinds == 0) {
      check_bias_alone();
      return std::nullopt;
    }
    if (kinds > 1) {
      fail(module_.tensors.begin()->second,
           "is one of several kinds of change that the file has for " + text::quote(module_.name));
    }
    for (const AdapterRole role :
         {AdapterRole::kMid, AdapterRole::kHadaT1, AdapterRole::kHadaT2, AdapterRole::kLokrT2}) {
      if (has(role)) {
        fail(stored(role),
             "is a factor for convolutions, and " + text::quote(weight_.name()) + " is none");
      }
    }
    if (set) return replacement(AdapterRole::kSet);
    if (rotation) return row_mix(strength);

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
    } else if (glora) {
      int64_t rank = 0;
      delta->value = generalized_low_rank(rank);
      scale = alpha_over(rank);
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
    if (has(AdapterRole::kSetBias)) return replacement(AdapterRole::kSetBias);
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
      if (changes_bias(role)) continue;
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

  // Values that take the place of the weight's, whatever the strength: the reference does so too.
  weights::WeightChange replacement(AdapterRole role) const {
    auto delta = std::make_shared<weights::WeightDelta>();
    delta->value = weights::FullDelta{full(stored(role))};
    auto nothing_else = std::make_shared<weights::Magnitude>();
    const auto rows = static_cast<size_t>(target_.rows);
    nothing_else->weight.assign(rows, 0.0f);
    nothing_else->delta.assign(rows, 1.0f);
    return {std::move(delta), target_.first_row, target_.rows, 1.0f, std::move(nothing_else)};
  }

  // The weight's rows times `right`: [rows, right's columns].
  Tensor weight_times(const Tensor& right) const {
    constexpr int64_t kRowsAtOnce = 64;
    Tensor result({target_.rows, right.dim(1)});
    parallel_for_ranges(target_.rows, kRowsAtOnce, [&](int64_t begin, int64_t end) {
      std::vector<float> rows(static_cast<size_t>((end - begin) * columns_));
      weights::rows_to_float32(weight_, target_.first_row + begin, end - begin, rows.data());
      weights::PlainBlockMath().multiply(end - begin, right.dim(1), columns_, 1.0f, rows.data(),
                                         right.data(), right.dim(1), 0.0f,
                                         result.data() + begin * right.dim(1));
    });
    return result;
  }

  // GLoRA: W A + B with A and B of low rank, in LyCORIS' newer order (A = a1 a2, B = b1 b2) or its
  // older one (a2 a1, b2 b1). As W A has that rank too, it is one change of twice the rank.
  weights::LowRankDelta generalized_low_rank(int64_t& rank) const {
    for (const AdapterRole role : {AdapterRole::kGloraA1, AdapterRole::kGloraA2,
                                   AdapterRole::kGloraB1, AdapterRole::kGloraB2}) {
      if (!has(role)) {
        fail(module_.tensors.begin()->second,
             "is one of four factors (a1, a2, b1, b2) of which not all are there; the file is "
             "damaged");
      }
    }
    const Shape& b2 = stored(AdapterRole::kGloraB2).entry->shape;
    const Shape& b1 = stored(AdapterRole::kGloraB1).entry->shape;
    const bool older = b1.rank() >= 2 && b2.rank() >= 2 && b2[0] == target_.rows && b1[0] == b2[1];
    auto [a_left, a_right] = older ? factors(AdapterRole::kGloraA2, AdapterRole::kGloraA1)
                                   : factors(AdapterRole::kGloraA1, AdapterRole::kGloraA2);
    auto [b_left, b_right] = older ? factors(AdapterRole::kGloraB2, AdapterRole::kGloraB1)
                                   : factors(AdapterRole::kGloraB1, AdapterRole::kGloraB2);
    check_shape(stored(AdapterRole::kGloraB1), b_left.dim(0), b_right.dim(1));
    if (a_left.dim(0) != columns_ || a_right.dim(1) != columns_ ||
        a_right.dim(0) != b_right.dim(0)) {
      fail(stored(AdapterRole::kGloraA1), "and its other half make a matrix " +
                                              Shape{a_left.dim(0), a_right.dim(1)}.to_string() +
                                              " of rank " + std::to_string(a_right.dim(0)) + "; " +
                                              Shape{columns_, columns_}.to_string() + " of rank " +
                                              std::to_string(b_right.dim(0)) + " is needed");
    }
    rank = b_right.dim(0);
    const Tensor from_weight = weight_times(a_left);
    weights::LowRankDelta result{Tensor({target_.rows, 2 * rank}), Tensor({2 * rank, columns_})};
    for (int64_t row = 0; row < target_.rows; ++row) {
      float* out = result.up.data() + row * 2 * rank;
      std::copy_n(b_left.data() + row * rank, rank, out);
      std::copy_n(from_weight.data() + row * rank, rank, out + rank);
    }
    std::copy_n(b_right.data(), rank * columns_, result.down.data());
    std::copy_n(a_right.data(), rank * columns_, result.down.data() + rank * columns_);
    return result;
  }

  // OFT and BOFT.
  weights::WeightChange row_mix(double strength) const {
    const Stored& tensor = stored(AdapterRole::kOftBlocks);
    const Shape& shape = tensor.entry->shape;
    const bool butterfly = shape.rank() == 4;
    const bool is_square = (shape.rank() == 3 || butterfly) && shape.size() > 0 &&
                           shape[-1] == shape[-2] && shape[-1] <= kLargestRotationBlock;
    // The last stage of a butterfly brings rows together that are this far apart, and again as far.
    int64_t reach = is_square ? shape[-1] : 1;
    for (int64_t stage = 1; is_square && butterfly && stage < shape[0] && reach <= target_.rows;
         ++stage) {
      reach *= 2;
    }
    if (!is_square || shape[-3] * shape[-1] != target_.rows || target_.rows % reach != 0 ||
        (butterfly && shape[-1] % 2 != 0)) {
      fail(tensor, "has the shape " + shape.to_string() + "; square blocks that divide the " +
                       std::to_string(target_.rows) + " rows of " + text::quote(weight_.name()) +
                       " are needed");
    }
    for (const AdapterRole role : {AdapterRole::kDoraScale, AdapterRole::kMagnitudeVector}) {
      if (has(role))
        fail(stored(role),
             "stands beside " + text::quote(tensor.key) + ", which it does not go with");
    }
    weights::RowMixDelta mix;
    mix.before = weight_;
    mix.first_row = target_.first_row;
    mix.stages = rotation_stages(read(tensor), has(AdapterRole::kAlpha) ? alpha() : 0.0, strength);
    if (has(AdapterRole::kRescale)) {
      const Tensor factors = read(stored(AdapterRole::kRescale));
      if (factors.size() != target_.rows) {
        fail(stored(AdapterRole::kRescale), "has the shape " + factors.shape().to_string() +
                                                "; a number per row (" +
                                                std::to_string(target_.rows) + ") is needed");
      }
      mix.row_factors.assign(factors.values().begin(), factors.values().end());
    }
    auto delta = std::make_shared<weights::WeightDelta>();
    delta->value = std::move(mix);
    return {std::move(delta), target_.first_row, target_.rows, 1.0f, nullptr};
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
    return has(AdapterRole::kAlpha) ? alpha() / static_cast<double>(rank) : 1.0;
  }
  double alpha() const {
    const Stored& tensor = stored(AdapterRole::kAlpha);
    if (tensor.entry->shape.size() != 1) {
      fail(tensor,
           "has the shape " + tensor.entry->shape.to_string() + "; alpha is a single number");
    }
    float value = 0;
    weights::convert_to_float32(tensor.entry->data, tensor.entry->dtype, 1, &value);
    if (!std::isfinite(value)) fail(tensor, "is not a finite number; the file is damaged");
    return value;
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
    const FileContents contents = identify(*adapter.file_);
    std::string message = "holds: " + contents.description;
    if (!describe_adapter(adapter.file_->tensors()).empty()) {
      std::vector<std::string> keys;
      for (const auto& [name, entry] : adapter.file_->tensors()) keys.push_back(name);
      message += ", in a spelling that is not known: " + text::list_some(keys);
    } else {
      message += ". Needed here: an adapter (LoRA, LoHa, LoKr)";
    }
    throw Error(ErrorKind::kFile, path.string() + ": " + message);
  }
  return adapter;
}

std::vector<Adapter::Change> Adapter::find_changes(const AdapterTargets& targets,
                                                   const ModelWeights& weights, Use& use) const {
  // By tensor and rows: of two spellings of one change the later one counts.
  std::map<std::tuple<std::string, int64_t, int64_t>, Change> changes;
  std::vector<std::string> doubled;
  const auto add = [&](Change change, const std::string& tensor) {
    change.tensor = tensor;
    const auto [place, is_new] =
        changes.emplace(std::tuple(tensor, change.target.first_row, change.target.rows), change);
    if (is_new) return;
    if (change.rank() >= place->second.rank()) std::swap(place->second, change);
    doubled.push_back(change.module->name);
    for (const auto& [role, stored] : change.module->tensors) {
      if (changes_bias(role) == change.is_bias) use.keys.insert(stored.key);
    }
  };
  for (const auto& [name, module] : modules_) {
    const AdapterTargets::Found found = targets.find(name);
    if (found.target == nullptr) {
      if (use.nearest.size() < 3 && !use.nearest.contains(name)) {
        use.nearest[name] = targets.nearest(name);
      }
      continue;
    }
    const auto changes_of_bias =
        std::count_if(module.tensors.begin(), module.tensors.end(),
                      [](const auto& tensor) { return changes_bias(tensor.first); });
    const bool has_bias = !found.target->bias.empty() && weights.has(found.target->bias);
    if (static_cast<size_t>(changes_of_bias) < module.tensors.size()) {
      add({&module, *found.target, found.diffusers, false, {}}, found.target->tensor);
    }
    if (changes_of_bias > 0 && has_bias) {
      add({&module, *found.target, found.diffusers, true, {}}, found.target->bias);
    }
  }
  if (!doubled.empty()) {
    log_warning(file_->path().string() + ": " + std::to_string(doubled.size()) +
                " of the adapter's modules are there in two spellings; of each the later one is "
                "used (Diffusers' before others), these are left out: " +
                text::list_some(doubled));
  }
  std::vector<Change> result;
  for (auto& [rows, change] : changes) result.push_back(std::move(change));
  return result;
}

ModelWeights Adapter::applied_to(const ModelWeights& weights, ModelFamily family, double strength,
                                 Use& use, AdapterMode mode) const {
  const AdapterTargets targets(weights, family);
  const std::vector<Change> found_changes = find_changes(targets, weights, use);
  const auto is_bypass = [&](const Change& found) {
    return mode == AdapterMode::kBypass && !found.is_bias && runs_beside(*found.module);
  };
  const auto is_part = [&](const Change& found) {
    return found.target.rows != weights.all().at(found.tensor).rows();
  };
  std::map<std::string, weights::Weight> changed = weights.all();
  if (std::any_of(found_changes.begin(), found_changes.end(),
                  [&](const Change& found) { return is_bypass(found) && !is_part(found); })) {
    for (auto& [name, weight] : changed) weight = weight.without_bypass();
  }
  size_t left_out = 0;
  for (const Change& found : found_changes) {
    weights::Weight& weight = changed.at(found.tensor);
    const Reader reader(*this, *found.module, weight, found.target);
    std::optional<weights::WeightChange> change =
        found.is_bias ? reader.bias_change(strength) : reader.change(strength);
    if (is_bypass(found) && is_part(found)) {
      ++left_out;
    } else if (change && strength != 0.0) {
      change->is_bypass = is_bypass(found);
      weight = weight.with_change(*change);
    }
    for (const auto& [role, stored] : found.module->tensors) {
      if (changes_bias(role) == found.is_bias) use.keys.insert(stored.key);
    }
  }
  if (left_out > 0) {
    log_warning(file_->path().string() + ": " + std::to_string(left_out) +
                " of the adapter's changes are of parts of layers, which loaders that bypass the "
                "weights leave out, as in ComfyUI; use LoraLoader for all of it");
  }
  return {weights.path(), std::move(changed)};
}

bool Adapter::runs_beside(const Module& module) {
  return !module.tensors.contains(AdapterRole::kDiff) &&
         !module.tensors.contains(AdapterRole::kSet);
}

std::string Adapter::nothing_fits(const Use& use, const std::vector<std::string>& unused) const {
  std::string message = "none of the adapter's " + std::to_string(file_->tensors().size()) +
                        " keys fits this model (Z-Image, with Qwen3 as text encoder). ";
  const std::string description = identify(*file_).description;
  // Keys that look like this model's and still name no part of it.
  if (description.ends_with("for Z-Image")) {
    message +=
        "They look like those of an adapter for Z-Image of another size or for another "
        "program.";
  } else {
    message += "The file holds: " + description + ".";
  }
  message += " Its keys: " + text::list_some(unused);
  for (const auto& [module, names] : use.nearest) {
    if (names.empty()) continue;
    message += "; nearest to " + text::quote(module) + " is " + text::quote(names.front());
    break;
  }
  return message;
}

void Adapter::check_used(const Use& use, bool with_text_encoder) const {
  std::vector<std::string> unused;
  size_t for_text_encoder = 0;
  for (const auto& [name, entry] : file_->tensors()) {
    if (use.keys.contains(name)) continue;
    if (!with_text_encoder && names_text_encoder(name)) {
      ++for_text_encoder;
    } else {
      unused.push_back(name);
    }
  }
  const std::string place = file_->path().string() + ": ";
  if (use.keys.empty()) {
    if (unused.empty()) {
      throw Error(ErrorKind::kFile, place +
                                        "this adapter changes the text encoder only; use "
                                        "LoraLoader, with the text encoder linked to `clip`");
    }
    throw Error(ErrorKind::kFile, place + nothing_fits(use, unused));
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
