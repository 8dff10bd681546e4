// The picture as it forms: in a file, and in terminals that show pictures.
#pragma once

#include <filesystem>
#include <string>

#include "cli/globals.h"
#include "cli/terminal_picture.h"
#include "engine/engine.h"

namespace zanime::cli {

class PreviewOutput {
 public:
  // `asked`: what stands after --preview: a PNG file, or - for the terminal alone. Empty: nothing
  // is shown. Draws only where a progress bar would stand too. Throws as checked_picture_file;
  // warns when there is nothing to show the picture in.
  PreviewOutput(const std::string& asked, const GlobalOptions& globals);

  const std::filesystem::path& file() const { return file_; }  // empty: none
  bool is_wanted() const { return !file_.empty() || protocol_ != PictureProtocol::kNone; }

  // Replaces what was shown before. A file that cannot be written is warned of once and then left
  // alone: no preview is worth the picture.
  void show(const nodes::LatentPreview& preview);
  // In the terminal, in place of the previews.
  void show_finished(const engine::EnginePicture& picture);

 private:
  void draw(const Tensor& pixels);

  std::filesystem::path file_;
  PictureProtocol protocol_ = PictureProtocol::kNone;
  int rows_ = 0;            // that the picture takes in the terminal; 0: not looked up yet
  bool has_place_ = false;  // there
};

}  // namespace zanime::cli
