#include "cli/tensor_argument.h"

#include "base/error.h"
#include "weights/safetensors.h"
#include "weights/safetensors_writer.h"

namespace zanime::cli {

Tensor read_tensor_argument(const std::string& option, const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
    throw Error(ErrorKind::kUsage, option + " is '" + text +
                                       "'; a file and a tensor were expected, as in "
                                       "results.safetensors:dit/in/0");
  }
  return weights::open_safetensors(text.substr(0, colon))->read_float32(text.substr(colon + 1));
}

Tensor read_latent_argument(const std::string& option, const std::string& text) {
  Tensor latent = read_tensor_argument(option, text);
  if (latent.rank() != 4 || latent.size() == 0) {
    throw Error(ErrorKind::kUsage, option + " '" + text + "' has shape " +
                                       latent.shape().to_string() +
                                       "; a latent [batch, channels, height, width] was expected");
  }
  return latent;
}

void write_tensor(const std::string& path, const std::string& name, const Tensor& tensor) {
  weights::write_safetensors(path, {{name, tensor}});
}

}  // namespace zanime::cli
