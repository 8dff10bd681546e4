// How saved pictures are numbered.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace zanime::pictures {

// The name that ComfyUI's SaveImage would use next: folder/prefix_00001_.png, or one more than the
// highest number there, and at least `minimum`. `prefix` may lead to a subfolder ("anime/night"),
// which is not made here, and may hold %width%, %height%, %year%, %month%, %day%, %hour%, %minute%,
// %second% (local time) and %batch_num% (`batch_index`). Throws Error(kUsage) for a prefix that
// leads out of `folder`, Error(kResource) for a folder that cannot be listed.
std::filesystem::path next_picture_name(const std::filesystem::path& folder,
                                        const std::string& prefix, int64_t width, int64_t height,
                                        int batch_index = 0, int64_t minimum = 1);

}  // namespace zanime::pictures
