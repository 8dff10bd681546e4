#include "ops/cuda/nvidia/shared_library.h"

#include <cstdlib>
#include <sstream>

#include <dlfcn.h>

#include "base/error.h"

#ifndef ZANIME_CUDA_WHEELS
#define ZANIME_CUDA_WHEELS ""
#endif

namespace zanime::ops::cuda {
namespace {

// Where wheels of PyPI put their libraries, below site-packages.
constexpr const char* kWheelFolders[] = {
    "nvidia/cu13/lib",         "nvidia/cudnn/lib",      "nvidia/cublas/lib",
    "nvidia/cuda_runtime/lib", "nvidia/cuda_nvrtc/lib",
};

}  // namespace

std::vector<std::string> library_folders() {
  std::vector<std::string> folders;
  if (const char* chosen = std::getenv("ZANIME_CUDA_LIBRARIES")) {
    std::istringstream list(chosen);
    for (std::string folder; std::getline(list, folder, ':');) {
      if (!folder.empty()) folders.push_back(folder + "/");
    }
  }
  folders.emplace_back();  // where the linker looks
  if (const std::string wheels = ZANIME_CUDA_WHEELS; !wheels.empty()) {
    for (const char* folder : kWheelFolders) folders.push_back(wheels + "/" + folder + "/");
  }
  folders.emplace_back("/usr/local/cuda/lib64/");
  return folders;
}

SharedLibrary::SharedLibrary(const std::string& file) : file_(file) {
  std::string tried;
  for (const std::string& folder : library_folders()) {
    // To all: cuDNN opens its parts, and those find cuBLASLt, by name.
    handle_ = dlopen((folder + file).c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (handle_ != nullptr) return;
    const char* reason = dlerror();
    tried += std::string("\n  ") + (reason != nullptr ? reason : (folder + file).c_str());
  }
  throw Error(ErrorKind::kResource,
              file +
                  " was not found. Install a CUDA toolkit or NVIDIA's wheels from PyPI, or name "
                  "their folders in ZANIME_CUDA_LIBRARIES. Tried:" +
                  tried);
}

void* SharedLibrary::symbol(const char* name) const {
  void* found = dlsym(handle_, name);
  if (found == nullptr) {
    throw Error(ErrorKind::kResource, file_ + " has no " + name + ": it is another version");
  }
  return found;
}

}  // namespace zanime::ops::cuda
