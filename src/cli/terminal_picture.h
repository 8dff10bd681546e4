// Pictures in terminals.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace zanime::cli {

enum class PictureProtocol {
  kNone,
  kKitty,  // https://sw.kovidgoyal.net/kitty/graphics-protocol: kitty, Ghostty, Konsole
  kITerm,  // https://iterm2.com/documentation-images.html: iTerm2, WezTerm, mintty
};

// What the terminal on stderr understands, going by what it says of itself in the environment; none
// where stderr is no terminal, and within tmux and screen, which do not pass pictures on.
PictureProtocol picture_protocol();

// RFC 4648.
std::string base64(std::span<const std::byte> bytes);

// What shows a PNG in `rows` rows of the terminal from the cursor on. `columns` are what a picture
// of its shape takes (picture_columns). The cursor may be anywhere afterwards. With kitty's
// protocol it replaces what was shown under the same `id` before.
std::string picture_sequence(PictureProtocol protocol, std::span<const std::byte> png, int columns,
                             int rows, int id);

// Columns for a picture of this shape in `rows` rows: a cell is about twice as high as it is wide.
int picture_columns(double width, double height, int rows);

}  // namespace zanime::cli
