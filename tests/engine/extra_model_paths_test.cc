#include "engine/extra_model_paths.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/models_root.h"
#include "tests/support/environment.h"
#include "tests/support/expect_error.h"
#include "tests/support/scratch_folder.h"

namespace zanime::engine {
namespace {

namespace fs = std::filesystem;
using namespace zanime::testing;
using Names = std::vector<std::string>;

class ExtraModelPaths : public ::testing::Test {
 protected:
  std::vector<ExtraFolder> read(const std::string& yaml) {
    here.write("extra.yaml", yaml);
    return read_extra_model_paths(here / "extra.yaml");
  }
  void touch(const std::string& name) {
    fs::create_directories((here / name).parent_path());
    here.write(name, "x");
  }
  const ScratchFolder here;
};

// What PyYAML and ComfyUI make of the same file.
TEST_F(ExtraModelPaths, AreReadAsComfyUIDoes) {
  const ScopedVariable home("HOME", "/home/me");
  const std::vector<ExtraFolder> folders = read(R"(# a comment
comfyui:
    base_path: ~/big/
    is_default: yes
    checkpoints: models/checkpoints/
    text_encoders: |
         models/text_encoders/
         models/clip/  # not a comment within a block
    loras:
      - models/loras
      - /elsewhere/loras
a111:
    base_path: relative/folder
    vae: ../vae
nothing:
last:
    loras: own
)");
  ASSERT_EQ(folders.size(), 7u);
  EXPECT_EQ(folders[0].category, "checkpoints");
  EXPECT_EQ(folders[0].folder, "/home/me/big/models/checkpoints/");
  EXPECT_TRUE(folders[0].is_default);
  EXPECT_EQ(folders[1].folder, "/home/me/big/models/text_encoders/");
  EXPECT_EQ(folders[2].folder, "/home/me/big/models/clip/  # not a comment within a block");
  EXPECT_EQ(folders[3].folder, "/home/me/big/models/loras");
  EXPECT_EQ(folders[4].folder, "/elsewhere/loras");
  EXPECT_EQ(folders[5].folder, here / "relative/vae");
  EXPECT_FALSE(folders[5].is_default);
  EXPECT_EQ(folders[6].folder, here / "own");
  EXPECT_TRUE(read("").empty());
}

TEST_F(ExtraModelPaths, AreRefusedWithTheLine) {
  expect_error(ErrorKind::kFile, "extra.yaml, line 1: there must be sections",
               [&] { read("- a\n- b\n"); });
  expect_error(ErrorKind::kFile, "this is not YAML", [&] { read("a: [1\nb: }\n"); });
  expect_error(ErrorKind::kFile, "line 3: \"loras\" must be a folder",
               [&] { read("a:\n  loras:\n    x: y\n"); });
  expect_error(ErrorKind::kFile, "`is_default` must be true or false",
               [&] { read("a:\n  is_default: perhaps\n"); });
  expect_error(ErrorKind::kFile, "is not a file", [&] { read_extra_model_paths(here.path()); });
}

TEST_F(ExtraModelPaths, StayWithinLimits) {
  expect_error(ErrorKind::kFile, "larger than any list of folders",
               [&] { read(std::string(2 << 20, '#')); });
  expect_error(ErrorKind::kFile, "brackets", [&] { read(std::string(100000, '[')); });
  expect_error(ErrorKind::kFile, "", [&] { read("a: " + std::string(100000, '-') + "\n"); });
  std::string nested;
  for (int i = 0; i < 900; ++i) nested += std::string(static_cast<size_t>(i), ' ') + "a:\n";
  expect_error(ErrorKind::kFile, "", [&] { read(nested); });
  // Each name stands for ten of the one before: a billion, were they written out.
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 1; k < 10; ++k) bomb += ", " + before;
    bomb += "]\n";
  }
  expect_error(ErrorKind::kFile, "the section \"a0\" must list folders", [&] { read(bomb); });
  std::string many = "a:\n  loras:\n";
  for (int i = 0; i < 2000; ++i) many += "    - f\n";
  expect_error(ErrorKind::kFile, "more than 1000 folders", [&] { read(many); });
}

TEST_F(ExtraModelPaths, ModelsInThemAreFound) {
  touch("models/unet/both.safetensors");
  touch("more/unet/both.safetensors");
  touch("more/unet/sub/other.gguf");
  touch("first/both.safetensors");
  const std::vector<ExtraFolder> later{{"unet", here / "more/unet"}, {"vae", here / "more"}};
  const ModelsRoot root(here / "models", {}, later);
  EXPECT_EQ(root.list("diffusion_models"), (Names{"both.safetensors", "sub/other.gguf"}));
  EXPECT_EQ(root.find("diffusion_models", "both.safetensors"),
            here / "models/unet/both.safetensors");
  EXPECT_EQ(root.find("diffusion_models", "sub/other.gguf"), here / "more/unet/sub/other.gguf");
  EXPECT_TRUE(ModelsRoot(here / "none", {}, later).has_any("diffusion_models"));

  const ModelsRoot before(here / "models", {}, {{"diffusion_models", here / "first", true}});
  EXPECT_EQ(before.find("diffusion_models", "both.safetensors"), here / "first/both.safetensors");
}

TEST_F(ExtraModelPaths, LieBesideTheModelsRoot) {
  fs::create_directories(here / "ComfyUI/models");
  EXPECT_EQ(default_extra_model_paths(here / "ComfyUI/models"), "");
  here.write("ComfyUI/extra_model_paths.yaml", "");
  EXPECT_EQ(default_extra_model_paths(here / "ComfyUI/models/"),
            here / "ComfyUI/extra_model_paths.yaml");
}

}  // namespace
}  // namespace zanime::engine
