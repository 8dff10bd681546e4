// Which nodes of other packs, and of the editor, only hand a value on.
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "graph/pass_through.h"

namespace zanime::graph {
namespace {

using Kind = PassThroughKind;
using Names = std::initializer_list<const char*>;

// PREFIX1, PREFIX2, … from `first` on.
std::vector<std::string> numbered(const std::string& prefix, int first, int count = 50) {
  std::vector<std::string> names;
  for (int i = first; i < first + count; ++i) names.push_back(prefix + std::to_string(i));
  return names;
}

class Table {
 public:
  std::map<std::string, PassThrough> known;

  void first(Names classes) {
    for (const char* name : classes) known[name] = {.kind = Kind::kFirst};
  }
  void ignored(Names classes) {
    for (const char* name : classes) known[name] = {};
  }
  // One value, or a widget for each output.
  void value(const std::string& input, Names classes) {
    for (const char* name : classes) values(name, {input});
  }
  void values(const char* name, std::vector<std::string> outputs) {
    known[name] = {.kind = Kind::kValues, .outputs = outputs, .widgets = outputs};
  }
  // Links alone, whatever other widgets the node has.
  void handed(const std::string& input, Names classes) {
    for (const char* name : classes) known[name] = {.kind = Kind::kValues, .outputs = {input}};
  }
  void choice(const char* name, const char* chooser, std::vector<std::string> choices,
              int64_t first_number = 0, bool takes_others = false) {
    known[name] = {.kind = Kind::kChoice,
                   .chooser = chooser,
                   .choices = std::move(choices),
                   .first = first_number,
                   .takes_others = takes_others,
                   .widgets = {chooser}};
  }
  void context(const char* name, std::vector<std::string> outputs, std::vector<std::string> bundles,
               bool merges = false) {
    known[name] = {.kind = Kind::kContext,
                   .outputs = std::move(outputs),
                   .bundles = std::move(bundles),
                   .merges = merges};
  }
};

void add_viewers_and_reroutes(Table& table) {
  table.first({"Any Switch (rgthree)", "Reroute", "Reroute (rgthree)", "ReroutePrimitive|pysssss",
               "ShowText|pysssss", "easy showAnything", "easy cleanGpuUsed", "easy clearCacheAll",
               "LayerUtility: PurgeVRAM V2", "RAMCleanup", "VRAMCleanup", "PlaySound|pysssss",
               "SystemNotification|pysssss", "mxStop", "QlipTimerStart", "QlipTimerStop"});
  table.ignored({"Note",
                 "MarkdownNote",
                 "LG_Note",
                 "Note Plus (mtb)",
                 "easy note",
                 "Display Any (rgthree)",
                 "Label (rgthree)",
                 "Bookmark (rgthree)",
                 "Fast Bypasser (rgthree)",
                 "Fast Muter (rgthree)",
                 "Fast Groups Bypasser (rgthree)",
                 "Fast Groups Muter (rgthree)",
                 "Fast Actions Button (rgthree)",
                 "Mute / Bypass Relay (rgthree)",
                 "Mute / Bypass Repeater (rgthree)",
                 "Node Collector (rgthree)",
                 "Random Unmuter (rgthree)",
                 "Image Comparer (rgthree)",
                 "LayerUtility: PurgeVRAM",
                 "Show any [Crystools]",
                 "ConsoleDebug+",
                 "QlipTimerReport"});
  // What only makes a model faster, or lighter, where it was made for: the results are meant to be
  // the same.
  table.handed("model",
               {"PathchSageAttentionKJ", "ModelPatchTorchSettings", "TorchCompileModel",
                "TorchCompileModelAdvanced", "TorchCompileModelFluxAdvanced",
                "TorchCompileModelFluxAdvancedV2", "TorchCompileModelQwenImage", "ModelPassThrough",
                "FreeMemoryModel", "ZImageTritonApply", "QlipEnginesLoader"});
  table.handed("clip", {"FreeMemoryCLIP"});
  table.handed("image", {"FreeMemoryImage", "ImagePass"});
  table.handed("latent", {"FreeMemoryLatent"});
  table.handed("value", {"UnloadModel", "UnloadAllModels"});
  table.handed("conditioning", {"CondPassThrough"});
  table.known["VRAM_Debug"] = {.kind = Kind::kValues,
                               .outputs = {"any_input", "image_pass", "model_pass"}};
}

void add_constants(Table& table) {
  table.value("seed", {"Seed (rgthree)", "easy seed", "CR Seed"});
  table.value("value", {"PrimitiveInt",
                        "PrimitiveFloat",
                        "PrimitiveBoolean",
                        "PrimitiveString",
                        "PrimitiveStringMultiline",
                        "INTConstant",
                        "FloatConstant",
                        "BOOLConstant",
                        "easy int",
                        "easy float",
                        "easy string",
                        "easy boolean",
                        "JWInteger",
                        "JWFloat",
                        "JWString",
                        "Int",
                        "Float",
                        "ImpactInt",
                        "ImpactFloat",
                        "ImpactBoolean",
                        "SimpleMathInt+",
                        "SimpleMathFloat+",
                        "SimpleMathPercent+",
                        "ttN int",
                        "ttN float",
                        "Power Primitive (rgthree)"});
  table.value("Value", {"DF_Float", "DF_Integer"});
  table.value("Text", {"DF_Text", "DF_Text_Box", "DF_DynamicPrompts_Text_Box"});
  table.value("string", {"StringConstant", "Primitive string [Crystools]",
                         "Primitive string multiline [Crystools]", "String Literal (Image Saver)"});
  table.value("int", {"Primitive integer [Crystools]", "Int Literal (Image Saver)"});
  table.value("float", {"Primitive float [Crystools]", "Float Literal (Image Saver)"});
  table.value("boolean", {"Primitive boolean [Crystools]"});
  table.value("size", {"Width/Height Literal (Image Saver)"});
  table.value("cfg", {"Cfg Literal (Image Saver)"});
  table.value("sampler_name", {"Sampler Selector (Image Saver)"});
  table.value("scheduler", {"Scheduler Selector (Image Saver)"});
  table.value("text", {"CR Text", "ttN text"});
  table.value("prompt", {"CR Prompt Text"});
  table.value("positive", {"easy positive"});
  table.value("negative", {"easy negative"});
  table.value("X", {"mxSeed"});
  table.values("Text String", {"text", "text_b", "text_c", "text_d"});
  table.values("KSampler Config (rgthree)",
               {"steps_total", "refiner_step", "cfg", "sampler_name", "scheduler"});
  table.values("Input Parameters (Image Saver)",
               {"seed", "steps", "cfg", "sampler", "scheduler", "denoise"});
}

// Language models that write a longer prompt.
void add_prompt_writers(Table& table) {
  const auto add = [&](const char* name, std::vector<std::string> widgets) {
    table.known[name] = {.kind = Kind::kValues,
                         .outputs = {"prompt_text"},
                         .remark =
                             "would have a language model rewrite the prompt, which this "
                             "program does not do; the prompt is taken as it stands",
                         .widgets = std::move(widgets)};
  };
  add("AILab_QwenVL_PromptEnhancer", {"model_name", "quantization", "attention_mode",
                                      "use_torch_compile", "device", "prompt_text"});
  add("AILab_QwenVL_GGUF_PromptEnhancer", {"model_name", "prompt_text"});
}

void add_switches(Table& table) {
  const std::vector<std::string> truth = {"on_false", "on_true"};
  for (const char* name :
       {"Switch any [Crystools]", "Switch string [Crystools]", "Switch latent [Crystools]",
        "Switch image [Crystools]", "Switch mask [Crystools]", "Switch conditioning [Crystools]"}) {
    table.choice(name, "boolean", truth);
  }
  // The texts of this one are widgets before it.
  table.known["Switch string [Crystools]"].widgets = {"on_true", "on_false", "boolean"};
  table.choice("easy ifElse", "boolean", truth);
  table.choice("BooleanSwitchNode", "state", truth);
  table.choice("LazySwitchKJ", "switch", truth);
  table.choice("ImpactConditionalBranch", "cond", {"ff_value", "tt_value"});
  table.choice("ImpactConditionalBranchSelMode", "cond", {"ff_value", "tt_value"});
  table.choice("SimpleCondition+", "evaluate", truth);
  table.choice("easy anythingIndexSwitch", "index", numbered("value", 0));
  table.choice("easy textIndexSwitch", "index", numbered("text", 0));
  table.choice("easy imageIndexSwitch", "index", numbered("image", 0));
  table.choice("easy conditioningIndexSwitch", "index", numbered("cond", 0));
  table.choice("easy textSwitch", "input", {"text1", "text2"}, 1);
  table.choice("easy imageSwitch", "boolean", {"image_b", "image_a"});
  for (const char* name : {"ImpactSwitch", "LatentSwitch", "SEGSSwitch"}) {
    table.choice(name, "select", numbered("input", 1), 1);
  }
  table.choice("TwoWaySwitch", "selection_setting", numbered("input_", 1, 2), 1,
               /*takes_others=*/true);
  table.choice("ThreeWaySwitch", "selection_setting", numbered("input_", 1, 3), 1,
               /*takes_others=*/true);
  const std::pair<const char*, const char*> kComfyroll[] = {
      {"CR Text Input Switch", "text"},
      {"CR Model Input Switch", "model"},
      {"CR Latent Input Switch", "latent"},
      {"CR Image Input Switch", "image"},
      {"CR Conditioning Input Switch", "conditioning"},
      {"CR Clip Input Switch", "clip"},
      {"CR VAE Input Switch", "VAE"},
      {"CR ControlNet Input Switch", "control_net"},
      {"CR Text Input Switch (4 way)", "text"},
      {"CR Image Input Switch (4 way)", "image"}};
  for (const auto& [name, what] : kComfyroll) {
    table.choice(name, "Input", numbered(what, 1), 1);
  }
  // WAS: true is the first.
  const auto two = [](const std::string& what) {
    return std::vector<std::string>{what + "_b", what + "_a"};
  };
  table.choice("Text Input Switch", "boolean", two("text"));
  table.choice("Image Input Switch", "boolean", two("image"));
  table.choice("Latent Input Switch", "boolean", two("latent"));
  table.choice("Conditioning Input Switch", "boolean", two("conditioning"));
  table.choice("Model Input Switch", "boolean", two("model"));
  table.choice("VAE Input Switch", "boolean", two("vae"));
  table.choice("CLIP Input Switch", "boolean", two("clip"));
  // A slider of two numbers, one of which counts.
  table.choice("mxSlider", "isfloatX", {"Xi", "Xf"});
  table.known["mxSlider"].widgets = {"Xi", "Xf", "isfloatX"};
}

void add_contexts(Table& table) {
  const std::vector<std::string> plain = {"",         "model",  "clip",   "vae", "positive",
                                          "negative", "latent", "images", "seed"};
  std::vector<std::string> big = plain;
  for (const char* name : {"steps", "step_refiner", "cfg", "ckpt_name", "sampler", "scheduler",
                           "clip_width", "clip_height", "text_pos_g", "text_pos_l", "text_neg_g",
                           "text_neg_l", "mask", "control_net"}) {
    big.emplace_back(name);
  }
  const std::vector<std::string> several = numbered("ctx_0", 1, 9);
  table.context("Context (rgthree)", plain, {"base_ctx"});
  table.context("Context Big (rgthree)", big, {"base_ctx"});
  table.context("Context Switch (rgthree)", plain, several);
  table.context("Context Switch Big (rgthree)", big, several);
  table.context("Context Merge (rgthree)", plain, several, /*merges=*/true);
  table.context("Context Merge Big (rgthree)", big, several, /*merges=*/true);

  const std::vector<std::string> pipe = {"", "model", "clip", "vae", "positive", "negative"};
  table.context("ToBasicPipe", pipe, {});
  table.context("EditBasicPipe", pipe, {"basic_pipe"});
  table.context("FromBasicPipe_v2", pipe, {"basic_pipe"});
  table.context("FromBasicPipe", {pipe.begin() + 1, pipe.end()}, {"basic_pipe"});
}

std::map<std::string, PassThrough> all_pass_through() {
  Table table;
  add_viewers_and_reroutes(table);
  add_constants(table);
  add_prompt_writers(table);
  add_switches(table);
  add_contexts(table);
  return std::move(table.known);
}

}  // namespace

const PassThrough* find_pass_through(const std::string& class_name) {
  static const std::map<std::string, PassThrough> kKnown = all_pass_through();
  const auto found = kKnown.find(class_name);
  return found == kKnown.end() ? nullptr : &found->second;
}

}  // namespace zanime::graph
