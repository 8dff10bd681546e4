#include "nodes/sampling/denoise.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "models/next_dit.h"
#include "nodes/sampling/conditioning_area.h"
#include "nodes/sampling/control_hint.h"
#include "nodes/sampling/hooks.h"
#include "sampling/ksampler.h"

namespace zanime::nodes {
namespace {

void check_conditioning(const models::NextDit& network, const Conditioning& conditioning) {
  if (conditioning.empty()) {
    throw Error(ErrorKind::kGraph, "the conditioning is empty: connect a CLIPTextEncode");
  }
  const int64_t expected = network.config().caption_dim;
  for (const ConditioningEntry& entry : conditioning) {
    if (entry.tokens.rank() == 2 && entry.tokens.dim(1) == expected) continue;
    const int64_t width = entry.tokens.rank() == 0 ? 0 : entry.tokens.dim(-1);
    throw Error(ErrorKind::kGraph,
                "the text encoder gives rows of " + std::to_string(width) +
                    " numbers and this diffusion model takes rows of " + std::to_string(expected) +
                    ": load the text encoder that belongs to it (for Z-Anime and Z-Image that is "
                    "Qwen3-4B, the file qwen_3_4b-fp8.safetensors or qwen_3_4b.safetensors)");
  }
}

// A conditioning's entry as the network takes it.
struct PreparedEntry {
  ConditioningEntry entry;
  float sigma_start, sigma_end;  // takes part from sigma_start down to sigma_end
  HookedNetwork network;
  // Of the network as it is now, once the entry took part.
  std::optional<models::NextDit::Caption> caption = {};
  std::optional<models::NextDit::Canvas> canvas = {};
  std::optional<models::NextDit::Scene> scene = {};  // in place of both, where there are references
};

// A model under one conditioning.
class ConditionedModel {
 public:
  ConditionedModel(const Model& model, const Conditioning& conditioning, ops::Backend& backend,
                   const CancelToken& cancel, const ModelPatches& patches)
      : hints_(model.controls),
        timestep_scale_(static_cast<float>(model.timestep_scale)),
        grid_(model.grid),
        patches_(patches),
        backend_(backend),
        cancel_(cancel) {
    check_conditioning(*model.network, conditioning);
    const sampling::FlowSchedule flow = flow_of(model);
    const auto clocks = std::make_shared<KeyframeClocks>(flow);
    for (const ConditioningEntry& entry : conditioning) {
      // Without a range always, also at sigmas beyond 1.
      PreparedEntry prepared{entry, std::numeric_limits<float>::infinity(), 0.0f,
                             HookedNetwork(model.network, entry.hooks, clocks)};
      for (const auto& range : {entry.range, entry.text_range}) {
        if (!range) continue;
        prepared.sigma_start =
            std::min(prepared.sigma_start, static_cast<float>(flow.percent_to_sigma(range->start)));
        prepared.sigma_end =
            std::max(prepared.sigma_end, static_cast<float>(flow.percent_to_sigma(range->end)));
      }
      entries_.push_back(std::move(prepared));
    }
  }

  Tensor denoise(const Tensor& x, float sigma) {
    Tensor velocities = Tensor::zeros(x.shape());
    Tensor total = Tensor::zeros({x.dim(0), x.dim(2), x.dim(3)});
    if (!first_sigma_) first_sigma_ = sigma;
    for (PreparedEntry& prepared : entries_) {
      if (prepared.entry.is_default || !is_active(prepared, sigma)) continue;
      const AreaBox box = box_of(prepared.entry, x.shape());
      add(prepared, x, sigma, box, weights_of(prepared.entry, box, x.shape()), velocities, total);
    }
    add_defaults(x, sigma, velocities, total);

    const int64_t channels = x.dim(1), area = x.dim(2) * x.dim(3);
    Tensor denoised(x.shape());
    for (int64_t i = 0; i < x.size(); ++i) {
      const float weight = total.data()[i / (channels * area) * area + i % area];
      denoised.data()[i] =
          weight == 0.0f ? 0.0f : x.data()[i] - sigma * ((1.0f / weight) * velocities.data()[i]);
    }
    return denoised;
  }

 private:
  static bool is_active(const PreparedEntry& prepared, float sigma) {
    return sigma <= prepared.sigma_start && sigma >= prepared.sigma_end;
  }

  Tensor velocity(PreparedEntry& prepared, const Tensor& x, float sigma) {
    if (prepared.network.move_to(sigma, *first_sigma_)) {
      prepared.caption.reset();
      prepared.scene.reset();
    }
    std::function<Tensor()> make = [&] { return network_velocity(prepared, x, sigma); };
    for (const ModelPatch& patch : patches_) {
      if (!patch.network) continue;
      make = [&patch, &prepared, &x, sigma, inner = std::move(make)] {
        return patch.network(&prepared, x, sigma, inner);
      };
    }
    return make();
  }

  Tensor network_velocity(PreparedEntry& prepared, const Tensor& x, float sigma) {
    const models::NextDit& network = prepared.network.get();
    if (!prepared.entry.reference_latents.empty()) {
      if (!prepared.scene) prepared.scene = scene_of(network, prepared.entry);
      return network.velocity_in_scene(x, sigma * timestep_scale_, *prepared.scene, grid_, backend_,
                                       cancel_);
    }
    if (!prepared.caption) {
      prepared.caption = network.embed_caption(prepared.entry.tokens, backend_, cancel_);
    }
    if (!prepared.canvas || !prepared.canvas->fits(x)) {
      prepared.canvas = network.canvas(x, *prepared.caption, backend_, grid_);
    }
    std::vector<models::AppliedControl>& controls = controls_for(*prepared.canvas, x.dim(0));
    Tensor result = network.velocity(x, sigma * timestep_scale_, *prepared.caption,
                                     *prepared.canvas, backend_, cancel_, controls);
    for (models::AppliedControl& control : controls) control.starts_anew = false;
    return result;
  }

  models::NextDit::Scene scene_of(const models::NextDit& network, const ConditioningEntry& entry) {
    if (!hints_.empty()) {
      throw Error(ErrorKind::kGraph,
                  "a control net and reference latents do not go together; take one of them out");
    }
    const sampling::LatentFormat format{.channels = network.config().latent_channels};
    models::NextDit::References references;
    references.texts = entry.reference_texts;
    for (const Tensor& latent : entry.reference_latents) {
      for (int64_t i = 0; i < latent.dim(0); ++i) {
        references.latents.push_back(format.to_model(latent.rows(i, 1)));
      }
    }
    return network.embed_scene(entry.tokens, references, grid_, backend_, cancel_);
  }

  // The control branches with what they see at a canvas's size.
  std::vector<models::AppliedControl>& controls_for(const models::NextDit::Canvas& canvas,
                                                    int64_t batch) {
    std::vector<models::AppliedControl>& controls = controls_[{canvas.rows, canvas.columns}];
    if (controls.size() == hints_.size()) return controls;
    for (const std::shared_ptr<const ControlHint>& hint : hints_) {
      const Tensor latent = hint->latent(2 * canvas.rows, 2 * canvas.columns, backend_, cancel_);
      if (latent.dim(0) != 1 && latent.dim(0) != batch) {
        throw Error(ErrorKind::kGraph, "there are " + std::to_string(latent.dim(0)) +
                                           " control pictures and " + std::to_string(batch) +
                                           " latents; give one picture, or one for each");
      }
      if (!hint->has_size_of(2 * canvas.rows, 2 * canvas.columns)) {
        for (models::AppliedControl& earlier : controls) earlier.starts_anew = true;
      }
      controls.push_back(
          {&hint->branch(), hint->branch().embed(latent, backend_), hint->strength()});
    }
    return controls;
  }

  // Adds an entry's velocity in its box, each place by its weight.
  void add(PreparedEntry& prepared, const Tensor& x, float sigma, const AreaBox& box,
           const Tensor& weights, Tensor& velocities, Tensor& total) {
    const Tensor next = velocity(prepared, cut_to_box(x, box), sigma);
    const int64_t channels = x.dim(1);
    for (int64_t b = 0; b < x.dim(0); ++b) {
      for (int64_t y = 0; y < box.height; ++y) {
        const float* weight = weights.data() + (b * box.height + y) * box.width;
        const int64_t row = (box.top + y) * x.dim(3) + box.left;
        float* counts = total.data() + b * x.dim(2) * x.dim(3) + row;
        for (int64_t i = 0; i < box.width; ++i) counts[i] += weight[i];
        for (int64_t c = 0; c < channels; ++c) {
          const float* from = next.data() + ((b * channels + c) * box.height + y) * box.width;
          float* to = velocities.data() + (b * channels + c) * x.dim(2) * x.dim(3) + row;
          for (int64_t i = 0; i < box.width; ++i) to[i] += weight[i] * from[i];
        }
      }
    }
  }

  // Default entries take part where the weights of the others leave something of 1.
  void add_defaults(const Tensor& x, float sigma, Tensor& velocities, Tensor& total) {
    Tensor rest(total.shape());
    for (int64_t i = 0; i < rest.size(); ++i) {
      rest.data()[i] = std::max(0.0f, 1.0f - total.data()[i]);
    }
    if (std::all_of(rest.values().begin(), rest.values().end(),
                    [](float value) { return value == 0.0f; })) {
      return;
    }
    for (PreparedEntry& prepared : entries_) {
      if (!prepared.entry.is_default || !is_active(prepared, sigma)) continue;
      add(prepared, x, sigma, {0, 0, x.dim(2), x.dim(3)}, rest, velocities, total);
    }
  }

  std::vector<std::shared_ptr<const ControlHint>> hints_;
  // By rows and columns of patches: an area has its own.
  std::map<std::pair<int64_t, int64_t>, std::vector<models::AppliedControl>> controls_;
  float timestep_scale_;
  models::PatchGrid grid_;
  std::vector<PreparedEntry> entries_;
  std::optional<float> first_sigma_;  // of the run
  ModelPatches patches_;
  ops::Backend& backend_;
  const CancelToken& cancel_;
};

}  // namespace

sampling::FlowSchedule flow_of(const Model& model) {
  return sampling::FlowSchedule(model.shift, model.schedule_entries);
}

ModelPatches patches_of(const Model& model, ops::Backend& backend, const CancelToken& cancel) {
  ModelPatches patches;
  for (const auto& make : model.patches) patches.push_back(make({model, backend, cancel}));
  return patches;
}

sampling::Denoise flow_denoise(const Model& model, const Conditioning& conditioning,
                               ops::Backend& backend, const CancelToken& cancel,
                               const ModelPatches& patches) {
  const auto conditioned =
      std::make_shared<ConditionedModel>(model, conditioning, backend, cancel, patches);
  return [conditioned](const Tensor& x, float sigma) { return conditioned->denoise(x, sigma); };
}

GuidedRun guided_run(const Guider& guider, const Shape& shape, ops::Backend& backend,
                     const CancelToken& cancel) {
  Conditioning positive = guider.positive, middle = guider.middle, negative = guider.negative,
               empty = guider.empty;
  std::vector<Conditioning*> all;
  for (Conditioning* each : {&positive, &middle, &empty, &negative}) {
    if (each->empty()) continue;
    resolve_areas(*each, shape);
    all.push_back(each);
  }
  match_areas(all);

  const ModelPatches patches = patches_of(guider.model, backend, cancel);
  GuidedRun run;
  sampling::GuidancePatches guidance;
  for (const ModelPatch& patch : patches) {
    guidance.push_back(patch.guidance);
    if (patch.mask) run.mask = patch.mask;
    if (patch.summary) run.summaries.push_back(patch.summary);
  }
  const auto under = [&](const Conditioning& conditioning) {
    return flow_denoise(guider.model, conditioning, backend, cancel, patches);
  };
  const auto cfg = static_cast<float>(guider.cfg);
  const auto cfg_middle = static_cast<float>(guider.cfg_middle);
  switch (guider.kind) {
    case Guider::Kind::kBasic:
      run.guide = sampling::basic_guide(under(positive), guidance);
      return run;
    case Guider::Kind::kCfg:
      run.guide = sampling::cfg_guide(under(positive), under(negative), cfg, guidance);
      return run;
    case Guider::Kind::kDualRegular:
      run.guide = sampling::dual_cfg_guide(under(positive), under(middle), under(negative), cfg,
                                           cfg_middle, guidance);
      return run;
    case Guider::Kind::kDualNested:
      run.guide = sampling::nested_cfg_guide(under(positive), under(middle), under(negative), cfg,
                                             cfg_middle, guidance);
      return run;
    case Guider::Kind::kPerpNeg:
      run.guide = sampling::perp_neg_guide(under(positive), under(negative), under(empty), cfg,
                                           static_cast<float>(guider.negative_scale), guidance);
      return run;
    case Guider::Kind::kDualModel: {
      Model model = guider.model;
      model.network = guider.negative_network;
      run.guide = sampling::dual_model_guide(
          under(positive), flow_denoise(model, negative, backend, cancel, patches), cfg, guidance);
      return run;
    }
  }
  throw Error(ErrorKind::kInternal, "a guider of no kind (please report this)");
}

}  // namespace zanime::nodes
