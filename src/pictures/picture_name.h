// How saved files are numbered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace zanime::pictures {

// What words in % signs in the name may stand for.
struct NameFacts {
  int64_t width = 0, height = 0;
  int batch_index = 0;
};

// The name that ComfyUI's SaveImage would use next: folder/prefix_00001_.png, or one more than the
// highest number there. `prefix` may lead to a subfolder ("anime/night", with a slash or a
// backslash), which is not made here, and may hold %width%, %height%, %batch_num% and the words of
// time_word(). Throws Error(kUsage) for a prefix that leads out of `folder`, Error(kResource) for a
// folder that cannot be listed.
std::filesystem::path next_picture_name(const std::filesystem::path& folder,
                                        const std::string& prefix, const NameFacts& facts);

// Writes `bytes` under such a name with the ending `extension` (".png"), making folders as needed,
// and returns it. Never replaces a file, also when several processes number files in one folder.
std::filesystem::path save_numbered(const std::filesystem::path& folder, const std::string& prefix,
                                    const NameFacts& facts, std::string_view extension,
                                    std::span<const std::byte> bytes);
// The same for a file that `write` makes. It returns false, and has written nothing, where a file
// of the name that it is given has appeared meanwhile.
std::filesystem::path save_numbered(const std::filesystem::path& folder, const std::string& prefix,
                                    const NameFacts& facts, std::string_view extension,
                                    const std::function<bool(const std::filesystem::path&)>& write);

}  // namespace zanime::pictures
