#include "ops/cuda/nvidia/shared_library.h"

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>

#include <dlfcn.h>
#include <link.h>

#include "base/error.h"

namespace zanime::ops::cuda {
namespace {

// Where wheels of PyPI put their libraries, below site-packages: those of CUDA 13, then of 12.
constexpr const char* kWheelFolders[] = {
    "nvidia/cu13/lib",         "nvidia/cudnn/lib",      "nvidia/cublas/lib",
    "nvidia/cuda_runtime/lib", "nvidia/cuda_nvrtc/lib",
};

// The folder of the program, or of the shared library, that this code is part of.
std::filesystem::path own_folder() {
  Dl_info info{};
  void* map = nullptr;
  if (dladdr1(reinterpret_cast<void*>(&own_folder), &info, &map, RTLD_DL_LINKMAP) == 0) return {};
  const std::string name = static_cast<const link_map*>(map)->l_name;  // none of a program
  std::error_code error;
  const auto file = std::filesystem::canonical(name.empty() ? "/proc/self/exe" : name, error);
  return error ? std::filesystem::path() : file.parent_path();
}

}  // namespace

std::vector<std::string> library_folders() {
  std::vector<std::string> folders;
  if (const char* chosen = std::getenv("ZANIME_CUDA_LIBRARIES")) {
    std::istringstream list(chosen);
    for (std::string folder; std::getline(list, folder, ':');) {
      if (!folder.empty()) folders.push_back(folder + "/");
    }
  }
  // The program's build folder holds wheels in `cuda`; the Python extension lies in site-packages.
  if (const std::filesystem::path here = own_folder(); !here.empty()) {
    for (const std::filesystem::path& packages : {here / "cuda", here.parent_path()}) {
      for (const char* folder : kWheelFolders) {
        std::error_code error;
        if (std::filesystem::is_directory(packages / folder, error)) {
          folders.push_back((packages / folder).string() + "/");
        }
      }
    }
  }
  folders.emplace_back();  // where the linker looks
  folders.emplace_back(ZANIME_CUDA_TOOLKIT "/");
  folders.emplace_back("/usr/local/cuda/lib64/");
  return folders;
}

SharedLibrary::SharedLibrary(const std::string& file) : file_(file) {
  std::string tried;
  for (const std::string& folder : library_folders()) {
    // To all: cuDNN opens its parts, and those find cuBLASLt, by name.
    path_ = folder + file;
    handle_ = dlopen(path_.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (handle_ != nullptr) return;
    const char* reason = dlerror();
    tried += "\n  " + (reason != nullptr ? std::string(reason) : path_);
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
