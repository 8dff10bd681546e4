// libFuzzer target: the bytes of an adapter file, applied to a small model.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "checkpoints/adapters/adapter.h"
#include "weights/safetensors.h"
#include "weights/weight_values.h"

namespace {

using namespace zanime;

// One fused projection of 12 rows, one matrix and its bias, and a tensor that is no weight of a
// module.
zanime::checkpoints::ModelWeights small_model() {
  static const std::vector<float> values(96, 0.5f);
  std::map<std::string, zanime::weights::Weight> weights;
  const auto add = [&](const std::string& name, zanime::Shape shape) {
    zanime::weights::WeightPart part;
    part.data = reinterpret_cast<const std::byte*>(values.data());
    part.rows = shape[0];
    weights.emplace(name, zanime::weights::Weight(name, std::move(shape), {part}, nullptr));
  };
  add("layers.0.attention.qkv.weight", {12, 4});
  add("layers.0.feed_forward.w1.weight", {6, 4});
  add("layers.0.feed_forward.w1.bias", {6});
  add("x_pad_token", {1, 4});
  return {"model", std::move(weights)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  zanime::set_log_sink([](zanime::LogLevel, const std::string&) {});
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  const std::vector<std::byte> bytes(begin, begin + size);
  try {
    const zanime::checkpoints::Adapter adapter =
        zanime::checkpoints::Adapter::read(zanime::weights::parse_safetensors("fuzz", bytes));
    zanime::checkpoints::Adapter::Use use;
    const zanime::checkpoints::ModelWeights changed =
        adapter.applied_to(small_model(), zanime::checkpoints::ModelFamily::kZImage, 0.5, use);
    for (const auto& [name, weight] : changed.all()) zanime::weights::to_float32(weight);
    adapter.check_used(use, true);
  } catch (const zanime::Error&) {
  }
  return 0;
}
