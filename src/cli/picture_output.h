// Where the pictures of a command go.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace zanime::cli {

// `asked` as the PNG file to write: `.png` is added where it has no extension, another one is
// Error(kUsage). A folder that does not exist is Error(kFile), a place that cannot be written
// Error(kResource). `what` calls the file in errors: "the output".
std::filesystem::path checked_picture_file(const std::filesystem::path& asked,
                                           const std::string& what);

class PictureOutput {
 public:
  // `asked`: what stands after -o. Empty: numbered names in the current folder,
  // `prefix_00001_.png`. A folder: numbered names in it. Else a file name, as checked_picture_file
  // takes it. Everything that can go wrong with the place goes wrong here, before minutes of work.
  explicit PictureOutput(const std::filesystem::path& asked);

  // For the file name out.png: a single picture gets it, of several each gets out_1.png, … The
  // word %batch_num% in the name is replaced by the place in the batch, counted from 0.
  void expect(int64_t pictures) { expected_ = pictures; }

  // Whether one of the expected pictures gets the name of that file.
  bool writes(const std::filesystem::path& file) const;

  // Writes the file, whole or not at all.
  void write(const engine::EnginePicture& picture);

  // Numbered names in the folder that was asked for, or that of the file.
  void write(const engine::EngineLatent& latent);

  const std::vector<std::filesystem::path>& written() const { return written_; }
  const std::vector<std::filesystem::path>& written_latents() const { return written_latents_; }

 private:
  // Of the picture `number`, counted from 1 over all batches, at the place `index` of its own.
  std::filesystem::path name_for(size_t number, int index) const;

  std::filesystem::path file_;    // empty: numbered names
  std::filesystem::path folder_;  // of numbered names
  int64_t expected_ = 1;
  std::vector<std::filesystem::path> written_;
  std::vector<std::filesystem::path> written_latents_;
};

}  // namespace zanime::cli
