#include "cli/terminal_picture.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/environment.h"
#include "cli/terminal.h"

namespace zanime::cli {
namespace {

// Of the payload of one escape sequence, as kitty's protocol asks for.
constexpr size_t kChunk = 4096;

std::string kitty_sequence(const std::string& payload, int columns, int rows, int id) {
  std::string sequence;
  for (size_t at = 0; at < payload.size(); at += kChunk) {
    const bool more = at + kChunk < payload.size();
    sequence += "\x1b_G";
    if (at == 0) {
      // Transmit and display a PNG, stay where the cursor is, send no answers.
      sequence += "a=T,f=100,q=2,C=1,i=" + std::to_string(id) +
                  ",p=1,c=" + std::to_string(columns) + ",r=" + std::to_string(rows) + ",";
    }
    sequence +=
        std::string("m=") + (more ? "1" : "0") + ";" + payload.substr(at, kChunk) + "\x1b\\";
  }
  return sequence;
}

}  // namespace

PictureProtocol picture_protocol() {
  if (!stderr_is_terminal()) return PictureProtocol::kNone;
  const std::string term = environment_variable("TERM");
  if (!environment_variable("TMUX").empty() || term.starts_with("screen") ||
      term.starts_with("tmux")) {
    return PictureProtocol::kNone;
  }
  const std::string program = environment_variable("TERM_PROGRAM");
  if (!environment_variable("KITTY_WINDOW_ID").empty() ||
      !environment_variable("KONSOLE_VERSION").empty() || term == "xterm-kitty" ||
      term == "xterm-ghostty" || program == "ghostty") {
    return PictureProtocol::kKitty;
  }
  if (program == "iTerm.app" || program == "WezTerm" || program == "mintty" ||
      environment_variable("LC_TERMINAL") == "iTerm2") {
    return PictureProtocol::kITerm;
  }
  return PictureProtocol::kNone;
}

std::string base64(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? std::to_integer<uint32_t>(bytes[i + k]) : 0u);
    }
    for (size_t k = 0; k < 4; ++k) {
      text += k <= count ? kDigits[group >> (18 - 6 * k) & 63u] : '=';
    }
  }
  return text;
}

std::string picture_sequence(PictureProtocol protocol, std::span<const std::byte> png, int columns,
                             int rows, int id) {
  switch (protocol) {
    case PictureProtocol::kNone:
      return "";
    case PictureProtocol::kKitty:
      return kitty_sequence(base64(png), columns, rows, id);
    case PictureProtocol::kITerm:
      return "\x1b]1337;File=inline=1;size=" + std::to_string(png.size()) +
             ";width=" + std::to_string(columns) + ";height=" + std::to_string(rows) +
             ";preserveAspectRatio=1:" + base64(png) + "\a";
  }
  return "";
}

int picture_columns(double width, double height, int rows) {
  return std::max(1, static_cast<int>(std::lround(2.0 * rows * width / height)));
}

}  // namespace zanime::cli
