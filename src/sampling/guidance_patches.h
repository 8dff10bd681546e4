// Changes of guidance, each for one run: see GuidancePatch.
#pragma once

#include "sampling/guidance.h"

namespace zanime::sampling {

// Tensors are [batch, channels, height, width]; norms and deviations are over one picture unless
// said otherwise.

// A fixed scale from sigma `from` down to but without sigma `to`.
GuidancePatch override_cfg(float cfg, double from, double to);

// arXiv 2305.08891, section 3.4: the guided prediction with the standard deviation of the positive
// one, mixed in by `multiplier`.
GuidancePatch rescale_cfg(float multiplier);

// Lumina-Image 2.0's: where the guided prediction is longer than `renorm` times the positive one,
// it is made so long (0: never). No guidance at sigmas from `truncate` on. Throws Error(kUsage) for
// more than one picture with a renorm, as the reference has no meaning for it.
GuidancePatch renorm_cfg(float truncate, float renorm);

// The guided prediction held to the length of the positive one at each place, over the channels:
// shortened only; then times `strength`.
GuidancePatch cfg_norm(float strength);
// The same of the noise instead of the picture, before it is combined, lengthened too; mixed in by
// `strength`.
GuidancePatch cfg_norm_of_noise(float strength);

// CFG-Zero* (arXiv 2503.18886): the negative noise scaled to what of it the positive one has.
GuidancePatch cfg_zero_star();

// Tangential damping (arXiv 2503.18137): of the negative noise what lies along the principal
// direction of both.
GuidancePatch tangential_damping();

// Mahiro: leads along the positive prediction instead of away from the negative one, the more the
// less the two differ.
GuidancePatch mahiro();

// Adaptive projected guidance (arXiv 2410.02416): of the guidance, `eta` times what lies along the
// positive prediction, and no longer than `longest` (0: any); with a momentum over the steps.
GuidancePatch projected_guidance(float eta, float longest, float momentum);

// Epsilon scaling (arXiv 2308.15321): the predicted noise divided by a factor.
GuidancePatch epsilon_scaling(float factor);

// Temporal score rescaling (arXiv 2510.01184), eq. 6: the noise times
// (snr sigma^2 + 1) / (snr sigma^2 / k + 1).
GuidancePatch temporal_score_rescaling(double k, double sigma);

// FreSca (arXiv 2504.02154): low frequencies of the guidance times `low`, the others times `high`;
// low is what is less than `cutoff` waves across the picture in both directions.
GuidancePatch frequency_scaling(float low, float high, int cutoff);

// What is left of skip-layer guidance where skipping a layer changes nothing: from sigma `from`
// down to `to` the guided prediction, all pictures of a batch together, with the standard deviation
// of the positive one, mixed in by `amount`.
GuidancePatch skip_layer_rescale(float amount, double from, double to);

// The negative prediction at every scale.
GuidancePatch always_with_negative();

}  // namespace zanime::sampling
