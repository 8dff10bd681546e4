#include "base/files/folders.h"

#include <algorithm>
#include <system_error>

#include "base/environment.h"
#include "base/error.h"

namespace zanime::files {
namespace fs = std::filesystem;

fs::path plain_folder(const fs::path& folder) {
  std::error_code error;
  fs::path plain = fs::absolute(folder, error).lexically_normal();
  return plain.has_filename() ? plain : plain.parent_path();
}

bool stays_inside(const fs::path& name) {
  return !name.empty() && name.is_relative() &&
         name.native().find('\0') == fs::path::string_type::npos &&
         std::none_of(name.begin(), name.end(), [](const fs::path& part) { return part == ".."; });
}

fs::path xdg_folder(const char* variable, const fs::path& below_home) {
  const fs::path named = environment_variable(variable);
  return named.is_absolute() ? named : fs::path(environment_variable("HOME")) / below_home;
}

int64_t free_bytes(const fs::path& folder) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  return error ? 0 : static_cast<int64_t>(space.available);
}

void require_folder(const fs::path& folder, const std::string& what) {
  std::error_code error;
  if (fs::is_directory(folder, error)) return;
  throw Error(ErrorKind::kUsage, what + " " + folder.string() + " is not a folder");
}

}  // namespace zanime::files
