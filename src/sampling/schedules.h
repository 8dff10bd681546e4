// Which sigmas a sampler visits: the nine schedules by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sampling/flow.h"

namespace zanime::sampling {

// In the order of ComfyUI's KSampler widget.
const std::vector<std::string>& scheduler_names();

// Descending sigmas from the start of sampling to (usually) 0: steps + 1 values, or fewer where a
// schedule drops repeated ones. With denoise < 1 they are the last steps + 1 sigmas of a schedule
// of steps / denoise steps; denoise of 0 gives no sigmas. `sampler` matters because some
// leave out the last sigma before 0 (Sampler::drops_penultimate_sigma). Throws Error(kUsage) for an
// unknown scheduler, naming those there are, and for steps below 1.
std::vector<float> make_sigmas(std::string_view scheduler, const FlowSchedule& flow, int steps,
                               double denoise = 1.0, std::string_view sampler = "euler");

}  // namespace zanime::sampling
