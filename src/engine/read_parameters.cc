#include "engine/read_parameters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/cancel.h"
#include "base/log.h"
#include "base/text/letter_case.h"
#include "fetch/sha256.h"
#include "sampling/samplers.h"
#include "sampling/schedules.h"

namespace zanime::engine {
namespace {

constexpr std::string_view kSettings = "Steps:";
constexpr std::string_view kNegative = "Negative prompt:";
// As many digits of a model's SHA-256 as these programs write.
constexpr size_t kHashDigits = 10;

std::string without_blanks(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(kBlank) + 1 - first));
}

template <class Number>
std::optional<Number> number(const std::string& text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && rest == end ? std::optional(value) : std::nullopt;
}

// Where the last line that begins with the settings starts; npos without.
size_t settings_at(std::string_view text) {
  for (size_t at = text.rfind(kSettings); at != std::string_view::npos;
       at = at == 0 ? std::string_view::npos : text.rfind(kSettings, at - 1)) {
    if (at == 0 || text[at - 1] == '\n') return at;
  }
  return std::string_view::npos;
}

struct Setting {
  std::string name, value;
};

// `Name: value, Name: "value, quoted", …`
std::vector<Setting> read_settings(std::string_view text) {
  std::vector<Setting> settings;
  while (!text.empty()) {
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos) break;
    Setting setting{without_blanks(text.substr(0, colon)), ""};
    text.remove_prefix(colon + 1);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.starts_with('"')) {
      size_t i = 1;
      for (; i < text.size() && text[i] != '"'; ++i) {
        if (text[i] == '\\' && i + 1 < text.size()) ++i;
        setting.value += text[i];
      }
      text.remove_prefix(std::min(i + 1, text.size()));
    }
    const size_t end = std::min(text.find_first_of(",\n"), text.size());
    setting.value += without_blanks(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    settings.push_back(std::move(setting));
  }
  return settings;
}

// Their names for samplers; the others are written as here.
struct SamplerName {
  std::string_view theirs, ours;
};
constexpr std::array kSamplers{
    SamplerName{"euler a", "euler_ancestral"},
    SamplerName{"dpm2", "dpm_2"},
    SamplerName{"dpm2 a", "dpm_2_ancestral"},
    SamplerName{"dpm++ 2s a", "dpmpp_2s_ancestral"},
    SamplerName{"dpm++ 2m", "dpmpp_2m"},
    SamplerName{"dpm++ sde", "dpmpp_sde"},
    SamplerName{"dpm++ 2m sde", "dpmpp_2m_sde"},
    SamplerName{"dpm++ 2m sde heun", "dpmpp_2m_sde_heun"},
    SamplerName{"dpm++ 3m sde", "dpmpp_3m_sde"},
    SamplerName{"unipc", "uni_pc"},
    SamplerName{"res multistep", "res_multistep"},
    SamplerName{"er sde", "er_sde"},
    SamplerName{"sa solver", "sa_solver"},
    SamplerName{"euler a cfg++", "euler_ancestral_cfg_pp"},
    SamplerName{"euler cfg++", "euler_cfg_pp"},
};

// "dpm fast", "DPM_fast" and "dpm_fast" are one name.
std::optional<std::string> known_name(std::string name, const std::vector<std::string>& names) {
  std::replace(name.begin(), name.end(), ' ', '_');
  const bool is_known = std::find(names.begin(), names.end(), name) != names.end();
  return is_known ? std::optional(name) : std::nullopt;
}

std::optional<std::string> sampler_for(const std::string& theirs) {
  for (const SamplerName& sampler : kSamplers) {
    if (theirs == sampler.theirs) return std::string(sampler.ours);
  }
  return known_name(theirs, sampling::sampler_names());
}

std::optional<std::string> schedule_for(const std::string& theirs) {
  if (theirs == "ddim" || theirs == "uniform") return "ddim_uniform";
  return known_name(theirs, sampling::scheduler_names());
}

// The name that the folder lists for `asked`, which may lack folder and extension.
std::optional<std::string> listed_name(const nodes::ModelFiles& files, const std::string& folder,
                                       const std::string& asked) {
  const std::string wanted = text::lower_case(asked);
  for (const std::string& name : files.list(folder)) {
    const std::filesystem::path path(text::lower_case(name));
    if (path == wanted || path.filename() == wanted || path.stem() == wanted ||
        std::filesystem::path(path).replace_extension() == wanted) {
      return name;
    }
  }
  return std::nullopt;
}

std::optional<std::string> name_by_hash(const nodes::ModelFiles& files, const std::string& hash) {
  if (hash.size() != kHashDigits) return std::nullopt;
  for (const std::string& name : files.list("diffusion_models")) {
    const std::filesystem::path path = files.find("diffusion_models", name);
    log_info("looking whether " + path.string() + " is the model " + hash);
    if (fetch::sha256_of_file(path, {}, CancelToken()).starts_with(hash)) return name;
  }
  return std::nullopt;
}

class Reader {
 public:
  explicit Reader(const nodes::ModelFiles& files) : files_(files) {
    request_.params.expand = false;
  }

  ParametersRequest read(const std::string& text) {
    const size_t at = settings_at(text);
    const std::string_view prompts = std::string_view(text).substr(0, at);
    const size_t negative = find_negative(prompts);
    params().prompt = without_tags(without_blanks(prompts.substr(0, negative)));
    if (negative != std::string_view::npos) {
      params().negative_prompt =
          without_tags(without_blanks(prompts.substr(negative + kNegative.size())));
    }
    if (at != std::string::npos) settings_ = read_settings(std::string_view(text).substr(at));
    for (const Setting& setting : settings_) {
      if (!take(setting)) leave(setting.name + ": " + setting.value);
    }
    return std::move(request_);
  }

 private:
  GenerationParams& params() { return request_.params; }
  void leave(std::string what) { request_.not_honoured.push_back(std::move(what)); }

  static size_t find_negative(std::string_view prompts) {
    if (prompts.starts_with(kNegative)) return 0;
    const size_t line = prompts.find("\n" + std::string(kNegative));
    return line == std::string_view::npos ? line : line + 1;
  }

  const std::string* value_of(std::string_view name) const {
    for (const Setting& setting : settings_) {
      if (setting.name == name) return &setting.value;
    }
    return nullptr;
  }

  // Takes <lora:NAME:STRENGTH> out of a prompt, and other networks that are written so.
  std::string without_tags(const std::string& prompt) {
    std::string rest;
    for (size_t i = 0; i < prompt.size();) {
      const std::string_view from = std::string_view(prompt).substr(i);
      const size_t end = from.find('>');
      const bool is_adapter = from.starts_with("<lora:") || from.starts_with("<lyco:");
      if (end == std::string_view::npos || !(is_adapter || from.starts_with("<hypernet:"))) {
        rest += prompt[i++];
        continue;
      }
      const std::string tag(from.substr(0, end + 1));
      if (!is_adapter || !take_adapter(tag.substr(6, end - 6))) leave(tag);
      i += end + 1;
    }
    return without_blanks(rest);
  }

  // NAME:STRENGTH, or NAME:STRENGTH OF THE TEXT ENCODER:STRENGTH.
  bool take_adapter(const std::string& tag) {
    const size_t colon = tag.find(':');
    const size_t last = tag.rfind(':');
    const auto strength =
        colon == std::string::npos ? std::optional(1.0) : number<double>(tag.substr(last + 1));
    return strength && add_adapter(tag.substr(0, colon), *strength);
  }

  bool add_adapter(const std::string& name, double strength) {
    const auto listed = listed_name(files_, "loras", name);
    if (!listed || !(std::abs(strength) <= kMaxLoraStrength)) return false;
    params().loras.push_back({*listed, strength});
    return true;
  }

  template <class Number, class Target>
  static bool set(const std::string& text, Number min, Number max, Target& target) {
    const auto value = number<Number>(text);
    if (!value || !(*value >= min && *value <= max)) return false;
    target = *value;
    return true;
  }

  // Whether the setting is honoured, or there is nothing to honour about it.
  bool take(const Setting& setting) {
    const std::string& value = setting.value;
    const std::string name = text::lower_case(setting.name);
    if (name == "steps") return set<int64_t>(value, 1, kMaxSteps, params().steps);
    if (name == "cfg scale") return set<double>(value, 0.0, kMaxCfg, params().cfg);
    if (name == "shift") return set<double>(value, 0.01, kMaxShift, params().shift);
    if (name == "seed") return set<uint64_t>(value, 0, UINT64_MAX, params().seed);
    if (name == "size") return take_size(value);
    if (name == "sampler") return take_sampler(text::lower_case(value));
    if (name == "schedule type") return take_schedule(text::lower_case(value));
    if (name == "denoising strength") return take_strength(value);
    if (name == "hires denoising strength") {
      return set<double>(value, 0.0, 1.0, params().hires_strength);
    }
    if (name == "hires upscale") return set<double>(value, 1.0, kMaxHires, params().hires);
    if (name == "hires steps") {
      return value == "0" || set<int64_t>(value, 1, kMaxSteps, params().hires_steps);
    }
    if (name == "hires upscaler") return take_upscaler(text::lower_case(value));
    if (name == "lora") return take_adapters(value);
    if (name == "model") return take_model(value);
    if (name == "vae") return take_file("vae", value, params().vae);
    if (name.starts_with("module ")) {  // Forge: text encoders and autoencoders
      return take_file("vae", value, params().vae) ||
             take_file("text_encoders", value, params().text_encoder);
    }
    return changes_nothing(name);
  }

  static bool changes_nothing(const std::string& name) {
    constexpr std::array<std::string_view, 10> kNames = {
        "version",   "instructions", "model hash", "vae hash",  "lora hashes",
        "ti hashes", "hashes",       "compute",    "batch pos", "batch size"};
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
  }

  bool take_size(const std::string& value) {
    const size_t by = value.find('x');
    if (by == std::string::npos) return false;
    std::optional<int64_t> width, height;
    if (!set_side(value.substr(0, by), width) || !set_side(value.substr(by + 1), height)) {
      return false;
    }
    params().width = width;
    params().height = height;
    return true;
  }
  static bool set_side(const std::string& text, std::optional<int64_t>& side) {
    const auto value = number<int64_t>(text);
    if (!value || *value < kMinSide || *value > kMaxSide || *value % kSideStep != 0) return false;
    side = *value;
    return true;
  }

  // Older programs write the schedule behind the sampler: "DPM++ 2M Karras".
  bool take_sampler(const std::string& value) {
    if (const auto sampler = sampler_for(value)) {
      params().sampler = *sampler;
      return true;
    }
    const size_t blank = value.rfind(' ');
    if (blank == std::string::npos) return false;
    const auto sampler = sampler_for(value.substr(0, blank));
    const auto schedule = schedule_for(value.substr(blank + 1));
    if (!sampler || !schedule) return false;
    params().sampler = *sampler;
    params().scheduler = *schedule;
    return true;
  }

  bool take_schedule(const std::string& value) {
    if (value == "automatic") return true;
    const auto schedule = schedule_for(value);
    if (schedule) params().scheduler = *schedule;
    return schedule.has_value();
  }

  // Of the second pass where there is one; without, of a picture that is not at hand.
  bool take_strength(const std::string& value) {
    if (value_of("Hires upscale") == nullptr) return value == "1";
    if (value_of("Hires denoising strength") != nullptr) return value == "1";
    return set<double>(value, 0.0, 1.0, params().hires_strength);
  }

  bool take_upscaler(const std::string& value) {
    params().hires_from = value.starts_with("latent") ? "latent" : "picture";
    return value.starts_with("latent") || value == "lanczos";
  }

  // "a.safetensors 0.8; b.safetensors 1", as parameters_text writes it.
  bool take_adapters(const std::string& value) {
    for (size_t start = 0; start < value.size();) {
      const size_t end = std::min(value.find(';', start), value.size());
      const std::string one = without_blanks(std::string_view(value).substr(start, end - start));
      const size_t blank = one.rfind(' ');
      const auto strength =
          blank == std::string::npos ? std::nullopt : number<double>(one.substr(blank + 1));
      if (!strength || !add_adapter(one.substr(0, blank), *strength)) leave("LoRA: " + one);
      start = end + 1;
    }
    return true;
  }

  bool take_model(const std::string& value) {
    if (take_file("diffusion_models", value, params().model)) return true;
    const std::string* hash = value_of("Model hash");
    const auto name =
        hash == nullptr ? std::nullopt : name_by_hash(files_, text::lower_case(*hash));
    if (name) params().model = *name;
    return name.has_value();
  }

  bool take_file(const std::string& folder, const std::string& value, std::string& target) {
    const auto name = listed_name(files_, folder, value);
    if (name) target = *name;
    return name.has_value();
  }

  const nodes::ModelFiles& files_;
  std::vector<Setting> settings_;
  ParametersRequest request_;
};

}  // namespace

bool is_parameters_text(std::string_view text) {
  const size_t at = settings_at(text);
  return at != std::string_view::npos && read_settings(text.substr(at)).size() >= 3;
}

ParametersRequest read_parameters(const std::string& text, const nodes::ModelFiles& files) {
  return Reader(files).read(text);
}

}  // namespace zanime::engine
