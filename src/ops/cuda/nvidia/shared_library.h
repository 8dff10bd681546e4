// Libraries that are opened while the program runs, so that it starts without them.
#pragma once

#include <string>
#include <vector>

namespace zanime::ops::cuda {

class SharedLibrary {
 public:
  // Opens `file`, like "libcublasLt.so.13", for good: from the first of library_folders() that has
  // it. Throws Error(kResource) with the places and what the linker said.
  explicit SharedLibrary(const std::string& file);

  void* handle() const { return handle_; }
  // Where it was found, as it can be opened again.
  const std::string& path() const { return path_; }
  // Throws Error(kResource) where the library lacks the function.
  template <typename Function>
  void find(const char* name, Function*& function) const {
    function = reinterpret_cast<Function*>(symbol(name));
  }

 private:
  void* symbol(const char* name) const;

  std::string file_, path_;
  void* handle_ = nullptr;
};

// The folders that may hold CUDA's libraries, in the order in which they are tried, each with `/`
// behind: those in ZANIME_CUDA_LIBRARIES (with `:` between), NVIDIA's wheels beside this program or
// extension, where the linker looks (an empty name), the toolkit of the build, an installed one.
std::vector<std::string> library_folders();

}  // namespace zanime::ops::cuda
