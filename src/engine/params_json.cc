#include "engine/params_json.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text/near_matches.h"
#include "base/text/quoted.h"

namespace zanime::engine {
namespace {

using nlohmann::ordered_json;

// Calls visit(name, member) for every member of a request, which may be const.
template <typename Params, typename Visit>
void for_each_member(Params& params, Visit visit) {
  visit("prompt", params.prompt);
  visit("negative_prompt", params.negative_prompt);
  visit("expand", params.expand);
  visit("wildcard_seed", params.wildcard_seed);
  visit("width", params.width);
  visit("height", params.height);
  visit("steps", params.steps);
  visit("cfg", params.cfg);
  visit("sampler", params.sampler);
  visit("scheduler", params.scheduler);
  visit("shift", params.shift);
  visit("seed", params.seed);
  visit("batch", params.batch);
  visit("denoise", params.denoise);
  visit("init_image", params.init_image);
  visit("strength", params.strength);
  visit("mask", params.mask);
  visit("mask_channel", params.mask_channel);
  visit("hires", params.hires);
  visit("hires_strength", params.hires_strength);
  visit("hires_steps", params.hires_steps);
  visit("hires_from", params.hires_from);
  visit("loras", params.loras);
  visit("control", params.control);
  visit("control_image", params.control_image);
  visit("control_strength", params.control_strength);
  visit("control_canny", params.control_canny);
  visit("upscale", params.upscale);
  visit("model", params.model);
  visit("text_encoder", params.text_encoder);
  visit("vae", params.vae);
}

// One sentence, thrown by read() and collected by params_from_json().
struct WrongType {
  std::string expected;
};

// A number without a fraction, as 8 or 8.0. Beyond 2^53 a fraction could not be told any more.
template <typename Integer>
Integer read_integer(const ordered_json& value, const char* expected) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<uint64_t>();
    if (std::in_range<Integer>(number)) return static_cast<Integer>(number);
  } else if (value.is_number_integer()) {
    const auto number = value.get<int64_t>();
    if (std::in_range<Integer>(number)) return static_cast<Integer>(number);
  } else if (value.is_number_float()) {
    const auto number = value.get<double>();
    if (number == std::trunc(number) && std::fabs(number) < 9007199254740992.0 &&
        (number >= 0 || std::is_signed_v<Integer>)) {
      return static_cast<Integer>(number);
    }
  }
  throw WrongType{expected};
}

void read(const ordered_json& value, std::string& out) {
  if (!value.is_string()) throw WrongType{"text"};
  out = value.get<std::string>();
}
void read(const ordered_json& value, bool& out) {
  if (!value.is_boolean()) throw WrongType{"true or false"};
  out = value.get<bool>();
}
void read(const ordered_json& value, double& out) {
  if (!value.is_number()) throw WrongType{"a number"};
  out = value.get<double>();
}
void read(const ordered_json& value, int64_t& out) {
  out = read_integer<int64_t>(value, "a whole number");
}
void read(const ordered_json& value, uint64_t& out) {
  out = read_integer<uint64_t>(value, "a whole number from 0 to 18446744073709551615");
}
template <typename Value>
void read(const ordered_json& value, std::optional<Value>& out) {
  out.reset();
  if (!value.is_null()) read(value, out.emplace());
}
void read(const ordered_json& value, std::vector<LoraChoice>& out) {
  const WrongType wrong{R"(a list of {"name": NAME, "strength": NUMBER})"};
  if (!value.is_array()) throw wrong;
  out.clear();
  for (const ordered_json& item : value) {
    LoraChoice lora;
    const bool is_pair = item.is_array() && item.size() == 2;
    if (is_pair || (item.is_object() && item.contains("name"))) {
      const ordered_json& name = is_pair ? item[0] : item["name"];
      const ordered_json strength = is_pair ? item[1] : item.value("strength", ordered_json(1.0));
      if (!name.is_string() || !strength.is_number()) throw wrong;
      lora = {name.get<std::string>(), strength.get<double>()};
    } else if (item.is_string()) {
      lora.name = item.get<std::string>();
    } else {
      throw wrong;
    }
    out.push_back(std::move(lora));
  }
}

template <typename Value>
ordered_json write(const Value& value) {
  return value;
}
template <typename Value>
ordered_json write(const std::optional<Value>& value) {
  return value ? ordered_json(*value) : ordered_json();
}
ordered_json write(const std::vector<LoraChoice>& loras) {
  ordered_json list = ordered_json::array();
  for (const LoraChoice& lora : loras) {
    list.push_back({{"name", lora.name}, {"strength", lora.strength}});
  }
  return list;
}

// What was found, short enough for a sentence.
std::string shown(const ordered_json& value) {
  constexpr size_t kShown = 60;
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    return std::isnan(value.get<double>()) ? "not a number" : "infinite";
  }
  const std::string text = value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  return text.size() <= kShown ? text : text.substr(0, kShown) + "…";
}

}  // namespace

GenerationParams params_from_json(const ordered_json& object) {
  if (!object.is_object()) {
    throw Error(ErrorKind::kUsage,
                "a request is an object with members such as prompt, but this is " + shown(object));
  }
  GenerationParams params;
  std::vector<std::string> names, problems;
  for_each_member(params, [&](const char* name, auto& member) {
    names.emplace_back(name);
    const auto found = object.find(name);
    if (found == object.end()) return;
    try {
      read(*found, member);
    } catch (const WrongType& wrong) {
      problems.push_back(std::string(name) + " is " + shown(*found) + ", but must be " +
                         wrong.expected);
    }
  });
  for (const auto& [name, value] : object.items()) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::vector<std::string> near = text::near_matches(name, names);
    problems.push_back("a request has no member " + text::quoted(name) +
                       (near.empty() ? "; there are " + text::list_names(names, "and")
                                     : "; did you mean " + text::list_names(near, "or") + "?"));
  }
  if (problems.empty()) return params;
  std::string message = problems.front();
  if (problems.size() > 1) {
    message = "the request has " + std::to_string(problems.size()) + " problems:";
    for (const std::string& problem : problems) message += "\n- " + problem;
  }
  throw Error(ErrorKind::kUsage, message);
}

ordered_json to_json(const GenerationParams& params) {
  ordered_json object = ordered_json::object();
  for_each_member(params,
                  [&](const char* name, const auto& member) { object[name] = write(member); });
  return object;
}

}  // namespace zanime::engine
