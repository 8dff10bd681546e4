// Libraries that are opened while the program runs, so that it starts without them.
#pragma once

#include <string>
#include <vector>

namespace zanime::ops::cuda {

class SharedLibrary {
 public:
  // Opens `file`, like "libcublasLt.so.13", for good: from ZANIME_CUDA_LIBRARIES (folders with `:`
  // between), where the linker looks, the wheels in the build folder, a CUDA toolkit. Throws
  // Error(kResource) with the places and what the linker said.
  explicit SharedLibrary(const std::string& file);

  void* handle() const { return handle_; }
  // Throws Error(kResource) where the library lacks the function.
  template <typename Function>
  void find(const char* name, Function*& function) const {
    function = reinterpret_cast<Function*>(symbol(name));
  }

 private:
  void* symbol(const char* name) const;

  std::string file_;
  void* handle_ = nullptr;
};

// The folders that may hold CUDA's libraries, in the order in which they are tried.
std::vector<std::string> library_folders();

}  // namespace zanime::ops::cuda
