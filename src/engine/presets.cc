#include "engine/presets.h"

#include "base/error.h"
#include "base/text/near_matches.h"
#include "base/text/quoted.h"

namespace zanime::engine {
namespace {

template <typename Preset>
const Preset& find(const std::string& kind, const std::vector<Preset>& presets,
                   const std::string& name) {
  std::vector<std::string> names;
  for (const Preset& preset : presets) {
    if (name == preset.name) return preset;
    names.emplace_back(preset.name);
  }
  throw Error(ErrorKind::kUsage, kind + " " + text::quoted(name) + " does not exist; there are " +
                                     text::list_names(names));
}

}  // namespace

const std::vector<SizePreset>& size_presets() {
  static const std::vector<SizePreset> kPresets{{"portrait", 832, 1216},
                                                {"landscape", 1216, 832},
                                                {"square", 1024, 1024},
                                                {"tall", 768, 1344},
                                                {"wide", 1344, 768}};
  return kPresets;
}

const std::vector<ModelPreset>& model_presets() {
  static const std::vector<ModelPreset> kPresets{{"distill", 8, 1.0}, {"base", 28, 4.0}};
  return kPresets;
}

const SizePreset& size_preset(const std::string& name) {
  return find("the size preset", size_presets(), name);
}

const ModelPreset& model_preset(const std::string& name) {
  return find("the model preset", model_presets(), name);
}

}  // namespace zanime::engine
