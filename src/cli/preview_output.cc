#include "cli/preview_output.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "cli/picture_output.h"
#include "cli/terminal.h"
#include "pictures/picture_file.h"
#include "pictures/picture_grid.h"
#include "pictures/resample.h"

namespace zanime::cli {
namespace {

// Of the terminal; a progress bar stands below.
constexpr int kMostRows = 16, kFewestRows = 4, kRowsBelow = 2;
// Enough for the rows, and little enough for a slow connection.
constexpr int64_t kLargestSide = 512;
// Anything that other programs are unlikely to use in one terminal.
constexpr int kPictureId = 0x7a61;

// A batch as one picture.
Tensor side_by_side(const Tensor& batch) {
  if (batch.rank() == 3 || batch.dim(0) == 1) return batch;
  pictures::PictureGrid grid(batch.dim(0), batch.dim(2), batch.dim(1));
  for (int64_t i = 0; i < batch.dim(0); ++i) grid.add(batch.rows(i, 1));
  return grid.pixels();
}

Tensor small(const Tensor& pixels) {
  const int64_t height = pixels.dim(1), width = pixels.dim(2);
  const int64_t side = std::max(height, width);
  if (side <= kLargestSide) return pixels;
  return pictures::resize_pixels(pixels, std::max<int64_t>(1, height * kLargestSide / side),
                                 std::max<int64_t>(1, width * kLargestSide / side),
                                 pictures::ResizeMethod::kArea);
}

}  // namespace

PreviewOutput::PreviewOutput(const std::string& asked, const GlobalOptions& globals) {
  if (asked.empty()) return;
  if (!globals.quiet && !globals.json && !globals.verbose) protocol_ = picture_protocol();
  if (asked != "-") {
    file_ = checked_picture_file(asked, "the preview");
  } else if (protocol_ == PictureProtocol::kNone) {
    log_warning(
        "--preview -: no pictures can be shown here; that takes a terminal such as kitty, Ghostty, "
        "Konsole, iTerm2 or WezTerm, and no --quiet, --verbose or --json. Name a file instead");
  }
}

void PreviewOutput::show(const nodes::LatentPreview& preview) {
  const Tensor pixels = side_by_side(preview.pixels);
  if (!file_.empty()) {
    try {
      pictures::write_picture(file_, pixels, {}, encoding_for(file_, {}));
    } catch (const Error& error) {
      log_warning("no more previews: " + std::string(error.what()));
      file_.clear();
    }
  }
  draw(pixels);
}

void PreviewOutput::show_finished(const engine::EnginePicture& picture) {
  if (protocol_ != PictureProtocol::kNone) draw(small(picture.pixels));
}

void PreviewOutput::draw(const Tensor& pixels) {
  if (protocol_ == PictureProtocol::kNone) return;
  if (rows_ == 0) rows_ = std::clamp(terminal_height() - kRowsBelow, kFewestRows, kMostRows);
  const int columns = std::min(picture_columns(static_cast<double>(pixels.dim(-2)),
                                               static_cast<double>(pixels.dim(-3)), rows_),
                               terminal_width());
  const std::string rows = std::to_string(rows_);
  constexpr const char *kSaveCursor = "\x1b\x37", *kRestoreCursor = "\x1b\x38";
  // Over a progress bar that may stand there; the first time, scroll until there are enough rows.
  std::string text = "\r\x1b[K";
  if (!has_place_) text += std::string(static_cast<size_t>(rows_), '\n');
  text += "\x1b[" + rows + "A" + kSaveCursor;
  text += picture_sequence(protocol_, pictures::encode_png(pixels, {}), columns, rows_, kPictureId);
  text += kRestoreCursor + ("\x1b[" + rows + "B\r");
  has_place_ = true;
  std::cerr << text << std::flush;
}

}  // namespace zanime::cli
