#include "engine/input_pictures.h"

#include <algorithm>
#include <cmath>
#include <system_error>

#include "pictures/picture_reader.h"

namespace zanime::engine {
namespace {

int64_t to_side(double pixels) {
  const auto steps = static_cast<int64_t>(std::floor(pixels / kSideStep + 1e-6));
  return std::clamp(steps * kSideStep, kMinSide, kMaxSide);
}

}  // namespace

void take_size(GenerationParams& params, int64_t picture_width, int64_t picture_height,
               int64_t max_pixels) {
  const auto width = static_cast<double>(picture_width);
  const auto height = static_cast<double>(picture_height);
  if (!params.width && !params.height) {
    const double factor =
        std::min(1.0, std::sqrt(static_cast<double>(max_pixels) / (width * height)));
    params.width = to_side(width * factor);
    params.height = to_side(height * factor);
  } else if (!params.width) {
    params.width = to_side(static_cast<double>(*params.height) * width / height);
  } else if (!params.height) {
    params.height = to_side(static_cast<double>(*params.width) * height / width);
  }
}

const InputPictures::Facts& InputPictures::facts(const std::filesystem::path& path) {
  std::error_code error;
  const std::string key =
      path.string() + '\n' + std::to_string(std::filesystem::file_size(path, error)) + '\n' +
      std::to_string(std::filesystem::last_write_time(path, error).time_since_epoch().count());
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  const pictures::ReadPicture picture = pictures::read_picture(path);
  return known_[key] = {picture.pixels.dim(2), picture.pixels.dim(1), picture.alpha.has_value()};
}

}  // namespace zanime::engine
