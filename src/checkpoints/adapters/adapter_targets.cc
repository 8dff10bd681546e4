#include "checkpoints/adapters/adapter_targets.h"

#include <algorithm>
#include <array>

#include "base/text/near_matches.h"
#include "checkpoints/canonical.h"

namespace zanime::checkpoints {
namespace {

constexpr std::string_view kWeight = ".weight";

// Wrappers that name another network whose modules are called the same.
constexpr std::array<std::string_view, 5> kOtherNetworks = {"control", "text_model", "vision",
                                                            "visual", "clip_"};

bool names_other_network(std::string_view wrapper) {
  return std::any_of(kOtherNetworks.begin(), kOtherNetworks.end(), [&](std::string_view part) {
    return wrapper.find(part) != std::string_view::npos;
  });
}

std::string with_underscores(std::string_view name) {
  std::string result(name);
  std::replace(result.begin(), result.end(), '.', '_');
  return result;
}

}  // namespace

AdapterTargets::AdapterTargets(const ModelWeights& weights, ModelFamily family) {
  // Canonical names first: a name that both layouts have is canonical.
  for (const auto& [name, weight] : weights.all()) {
    const bool is_weight = name.ends_with(kWeight);
    const std::string module = is_weight ? name.substr(0, name.size() - kWeight.size()) : name;
    add(module, {name, is_weight ? module + ".bias" : "", 0, weight.rows()}, false);
  }
  if (family != ModelFamily::kZImage) return;
  for (const auto& [name, weight] : weights.all()) {
    if (!name.ends_with(kWeight)) continue;
    const std::string module = name.substr(0, name.size() - kWeight.size());
    const AdapterTarget whole{name, module + ".bias", 0, weight.rows()};
    const auto add_diffusers = [&](int part, const AdapterTarget& target) {
      const std::string theirs = diffusers_dit_name(name, part);
      add(std::string_view(theirs).substr(0, theirs.size() - kWeight.size()), target, true);
    };
    add_diffusers(CanonicalTarget::kWhole, whole);
    if (module.ends_with(".attention.qkv") && weight.rows() % 3 == 0) {
      const int64_t rows = weight.rows() / 3;
      for (int part = 0; part < 3; ++part) {
        add_diffusers(part, {name, module + ".bias", part * rows, rows});
      }
    }
    if (module.ends_with(".attention.out")) {
      add(module.substr(0, module.size() - 3) + "to_out", whole, true);
    }
  }
}

void AdapterTargets::add(std::string_view name, const AdapterTarget& target, bool diffusers) {
  targets_.try_emplace(with_underscores(name), Entry{target, std::string(name), diffusers});
}

AdapterTargets::Found AdapterTargets::find(std::string_view module) const {
  const std::string plain = with_underscores(module);
  // A name of one word ("norm") is a part of too many others to be found behind an underscore.
  const auto may_start = [&](size_t at) {
    return at == 0 || module[at - 1] == '.' ||
           (plain[at - 1] == '_' && plain.find('_', at) != std::string::npos);
  };
  for (size_t at = 0; at < plain.size(); ++at) {
    if (!may_start(at)) continue;
    const auto found = targets_.find(std::string_view(plain).substr(at));
    if (found == targets_.end()) continue;
    if (names_other_network(std::string_view(plain).substr(0, at))) return {};
    return {&found->second.target, found->second.diffusers};
  }
  return {};
}

std::vector<std::string> AdapterTargets::nearest(std::string_view module) const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : targets_) names.push_back(name);
  // With fewer and fewer words of what may be a wrapper.
  const std::string plain = with_underscores(module);
  std::string_view rest = plain;
  for (int words = 0; words < 4; ++words) {
    std::vector<std::string> found = text::near_matches(rest, names, 1);
    for (std::string& name : found) name = targets_.at(name).spelling;
    if (!found.empty()) return found;
    const size_t next = rest.find('_');
    if (next == std::string_view::npos) break;
    rest.remove_prefix(next + 1);
  }
  return {};
}

bool names_text_encoder(std::string_view module) {
  return module.starts_with("lora_te") || module.starts_with("text_encoder");
}

}  // namespace zanime::checkpoints
