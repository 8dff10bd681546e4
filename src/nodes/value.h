// What travels along the links of a graph.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/tensor.h"
#include "checkpoints/model_weights.h"
#include "models/autoencoder.h"
#include "models/control_branch.h"
#include "models/next_dit.h"
#include "models/qwen3.h"
#include "models/upscaler.h"
#include "sampling/flow.h"
#include "sampling/samplers.h"

namespace zanime::nodes {

// Holds every value of an INT input: ComfyUI's seeds go to 2^64 - 1 and other inputs below zero.
__extension__ typedef __int128 WideInt;
std::string to_string(WideInt value);

// See nodes/sampling/model_patch.h.
struct PatchContext;
struct ModelPatch;
// See nodes/sampling/control_hint.h.
class ControlHint;

// MODEL: a diffusion model, how its noise levels are spaced, and what changes its predictions.
struct Model {
  std::shared_ptr<const models::NextDit> network;
  // Of sigma(t) = shift t / (1 + (shift - 1) t); ModelSamplingAuraFlow replaces it.
  double shift = 3.0;
  // The network's time is sigma times this. ModelSamplingSD3 makes it 1000, which is not what
  // Z-Image was trained with; its results here are those it has in ComfyUI.
  double timestep_scale = 1.0;
  int schedule_entries = sampling::FlowSchedule::kEntries;  // of the table that schedules pick from
  double noise_scale = 1.0;                                 // of the noise that it was trained with
  models::PatchGrid grid = {};
  // In the order in which nodes added them; each makes the patch for one run.
  std::vector<std::function<ModelPatch(const PatchContext&)>> patches = {};
  // Control branches beside the network, with what they see, in the order in which nodes added
  // them.
  std::vector<std::shared_ptr<const ControlHint>> controls = {};
};

// MODEL_PATCH: a network that goes beside a diffusion model.
struct ControlNet {
  std::shared_ptr<const models::ControlBranch> branch;
};

// HOOK_KEYFRAMES: factors of a hook's strengths from places on the way from noise (0) to picture
// (1) on, in the order of those places.
struct HookKeyframe {
  double strength = 1.0;
  double start = 0.0;
  int least_steps = 1;  // it lasts for at least so many
};
struct HookKeyframes {
  std::vector<HookKeyframe> frames;
};

// What a hook does to networks: see nodes/sampling/hooks.h.
class WeightHook;

// HOOKS: changes of networks where a conditioning is read alone, in the order in which they are
// applied.
struct Hook {
  std::shared_ptr<const WeightHook> change;  // the same hook has the same one
  double model_strength = 1.0;
  double clip_strength = 1.0;
  // Hooks that were given their keyframes together share them, and their steps. Null: none.
  std::shared_ptr<const HookKeyframes> keyframes = {};
};
struct Hooks {
  std::vector<Hook> list;
};

// CLIP: a text encoder.
struct Clip {
  std::shared_ptr<const models::Qwen3TextEncoder> encoder;
  int64_t output_layer = models::Qwen3TextEncoder::kOutputLayer;  // from the end
  // Changes of the encoder. With `follows_keyframes` their keyframes count, and a text becomes an
  // entry for each part of sampling between them.
  Hooks hooks = {};
  bool follows_keyframes = false;
  Hooks conditioning_hooks = {};  // go along with the texts it encodes
};

// VAE
struct Vae {
  std::shared_ptr<const models::AutoencoderDecoder> decoder;
  // Null for a file that holds a decoder alone.
  std::shared_ptr<const models::AutoencoderEncoder> encoder = {};
  // What both were made of, for nodes that save it.
  std::shared_ptr<const checkpoints::ModelWeights> weights = {};
};

// UPSCALE_MODEL
struct UpscaleModel {
  std::shared_ptr<const models::Upscaler> upscaler;
};

// CONDITIONING: more than one entry are predicted side by side and averaged.
struct ConditioningEntry {
  Tensor tokens;  // [tokens, width of the text encoder]
  // The part of sampling in which the entry takes part, from noise (0) to picture (1). Without it,
  // always.
  struct Range {
    double start = 0.0;
    double end = 1.0;
  };
  std::optional<Range> range = {};
  // The part for which its text was encoded; it takes part in what both have in common.
  std::optional<Range> text_range = {};
  double strength = 1.0;  // weight in the average
  // The part of the picture in which it takes part, in cells of the latent or, as shares, of its
  // sides.
  struct Area {
    double height = 0.0, width = 0.0, y = 0.0, x = 0.0;
    bool is_share = false;
  };
  std::optional<Area> area = {};
  Tensor mask = {};  // [batch, height, width] of any size: how much it counts where
  double mask_strength = 1.0;
  bool area_of_mask = false;  // the mask's bounds are the area
  bool is_default = false;    // only where the others do not take part
  Hooks hooks = {};           // of the diffusion model, while it predicts this entry
  // Pictures that the network sees beside the one it makes: raw latents [1, channels, height,
  // width]; and texts around them, [tokens, width of the text encoder], the first before the first
  // picture. Where there are more texts, the others stand behind the prompt.
  std::vector<Tensor> reference_latents = {};
  std::vector<Tensor> reference_texts = {};
};
using Conditioning = std::vector<ConditioningEntry>;

// TIMESTEPS_RANGE: a part of sampling, from noise (0) to picture (1).
struct TimeRange {
  double start = 0.0;
  double end = 1.0;
};

// LATENT
struct Latent {
  Tensor samples;  // [batch, channels, height, width], in the autoencoder's (raw) scale
  // 1 where sampling may change the latent, 0 where it stays; [batch, height, width] of any size
  // (mostly the picture's), resized where it is used. Empty: everything may change.
  Tensor noise_mask = {};
  // Which pictures of a larger batch these are, so that they get the noise they had there. Empty:
  // 0, 1, 2, …
  std::vector<int64_t> batch_index = {};
};

// IMAGE
struct Image {
  // [batch, height, width, 3], values 0 to 1; with transparency 4 channels, of which the last is 1
  // where the picture is opaque
  Tensor pixels;
};

// MASK
struct Mask {
  Tensor values;  // [batch, height, width], 0 to 1
};

// BOUNDING_BOX: a part of a picture, in pixels.
struct BoundingBox {
  int64_t x = 0, y = 0;
  int64_t width = 512, height = 512;
};

// LATENT_OPERATION: what becomes of a latent [batch, channels, height, width]; the shape stays.
struct LatentOperation {
  std::function<Tensor(const Tensor& latent)> apply;
};

// SIGMAS: the noise levels a sampler visits, descending.
struct Sigmas {
  std::vector<float> values;
};

// SAMPLER
struct Sampler {
  std::string name;
  sampling::SamplerFunction walk = {};  // with parameters of its own; empty: the name's
};

// NOISE: what a run starts from.
struct Noise {
  uint64_t seed = 0;  // also of the noise that a sampler adds on its way
  bool zero = false;  // start from the latent alone
};

// GUIDER: a model, and how its predictions under several conditionings become one.
struct Guider {
  enum class Kind {
    kBasic,        // the positive conditioning alone
    kCfg,          // negative + cfg (positive - negative)
    kDualRegular,  // see DualCFGGuider
    kDualNested,
    kPerpNeg,
    kDualModel,  // positive and negative by networks of their own
  };
  Kind kind = Kind::kBasic;
  Model model;
  Conditioning positive;
  Conditioning middle = {};     // dual kinds: the second positive conditioning
  Conditioning negative = {};   // all but kBasic
  double cfg = 1.0;             // dual kinds: between `positive` and `middle`
  double cfg_middle = 1.0;      // dual kinds: between `middle` and `negative`
  Conditioning empty = {};      // kPerpNeg: where both directions start
  double negative_scale = 1.0;  // kPerpNeg
  std::shared_ptr<const models::NextDit> negative_network = {};  // kDualModel
};

// What a graph wrote into an input that takes anything, where it is neither a text nor a number.
struct Json {
  nlohmann::ordered_json value;
};

// Several values on one link. A node that does not ask for lists runs once for each of them.
struct ItemList;
using Items = std::shared_ptr<const ItemList>;

// A new type of link adds its struct here, its name to `value_type_name` and its tensors to
// `tensors_of`; nothing else needs to know it.
using Value =
    std::variant<std::monostate, bool, WideInt, double, std::string, Model, Clip, Vae, Conditioning,
                 Latent, Image, Mask, BoundingBox, LatentOperation, Sigmas, Sampler, Noise, Guider,
                 TimeRange, Hooks, HookKeyframes, ControlNet, UpscaleModel, Json, Items>;

struct ItemList {
  std::vector<Value> values;
};
Items items(std::vector<Value> values);

// ComfyUI's name of the type a value has: "INT", "MODEL", …; of a list that of its first item.
std::string_view value_type_name(const Value& value);
// Every tensor a value carries (not a network's weights).
std::vector<Tensor> tensors_of(const Value& value);

}  // namespace zanime::nodes
