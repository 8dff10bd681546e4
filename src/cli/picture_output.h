// Where the pictures of a command go.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/files/file_descriptor.h"
#include "engine/engine.h"
#include "pictures/picture_file.h"

namespace zanime::cli {

// How pictures that are no PNG are packed.
struct PackingOptions {
  std::optional<int> quality;
  bool lossless = false;
};
// --quality and --lossless.
void add_packing_options(CLI::App& command, PackingOptions& options, const std::string& group = "");

// How to write a picture to this file, by its ending. Throws Error(kUsage) where an option does not
// fit it.
pictures::PictureEncoding encoding_for(const std::filesystem::path& file,
                                       const PackingOptions& options);

// `asked` as the picture to write: `.png` is added where it has no extension, one of another format
// than PNG, JPEG and WebP is Error(kUsage). A folder that does not exist is Error(kFile), a place
// that cannot be written Error(kResource). `what` calls the file in errors: "the output".
std::filesystem::path checked_picture_file(const std::filesystem::path& asked,
                                           const std::string& what);

// Throws Error(kUsage) where the grid and the preview are one file.
void refuse_same_file(const std::filesystem::path& grid, const std::filesystem::path& preview);

class PictureOutput {
 public:
  // `asked`: what stands after -o. "-" or /dev/stdout: standard output, which takes a single
  // picture and then nothing else: what is said goes to standard error. Empty: numbered names in
  // the current folder, `prefix_00001_.png`. A folder: numbered names in it. Else a file name, as
  // checked_picture_file takes it. Everything that can go wrong with the place goes wrong here,
  // before minutes of work.
  explicit PictureOutput(const std::filesystem::path& asked, const PackingOptions& packing = {});

  // For the file name out.png: a single picture gets it, of several each gets out_1.png, … The
  // word %batch_num% in the name is replaced by the place in the batch, counted from 0.
  void expect(int64_t pictures) { expected_ = pictures; }

  // Throws Error(kUsage) where `file`, which is written beside (`what` calls it), has a name that a
  // picture is going to have.
  void refuse_collision(const std::filesystem::path& file, const std::string& what) const;

  // Writes the file, whole or not at all.
  void write(const engine::EnginePicture& picture);

  // Numbered names in the folder that was asked for, or that of the file.
  void write(const engine::EngineLatent& latent);
  void write(const nodes::FileToSave& file);

  const std::vector<std::filesystem::path>& written() const { return written_; }
  const std::vector<std::filesystem::path>& written_latents() const { return written_latents_; }
  const std::vector<std::filesystem::path>& written_others() const { return written_others_; }

 private:
  std::filesystem::path numbered_folder() const;
  std::filesystem::path numbered_name(const engine::EnginePicture& picture) const;
  // file_ with the place in the batch for %batch_num%.
  std::filesystem::path batch_name(int64_t index) const;

  std::filesystem::path file_;             // empty: numbered names
  pictures::PictureEncoding encoding_;     // of file_
  std::filesystem::path folder_;           // of numbered names
  files::FileDescriptor standard_output_;  // open: the picture goes there
  int64_t expected_ = 1;
  std::vector<std::filesystem::path> written_;
  std::vector<std::filesystem::path> written_latents_, written_others_;
};

}  // namespace zanime::cli
