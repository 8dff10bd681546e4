// libFuzzer target: ComfyUI's list of model folders.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "engine/extra_model_paths.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    zanime::engine::parse_extra_model_paths({reinterpret_cast<const char*>(data), size},
                                            "/folder/extra_model_paths.yaml");
  } catch (const zanime::Error& error) {
    if (error.kind() != zanime::ErrorKind::kFile) std::abort();
  }
  return 0;
}
