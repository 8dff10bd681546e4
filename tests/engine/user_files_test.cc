#include "engine/user_files.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/latent_file.h"
#include "tests/support/environment.h"
#include "tests/support/expect_error.h"
#include "tests/support/random_tensor.h"
#include "tests/support/scratch_folder.h"
#include "weights/safetensors.h"

namespace zanime::engine {
namespace {

namespace fs = std::filesystem;
using namespace zanime::testing;

class UserFilesTest : public ::testing::Test {
 protected:
  UserFilesTest() {
    fs::create_directories(folder / "input/sub");
    folder.write("input/b.PNG", "");
    folder.write("input/a.jpg", "");
    folder.write("input/x.latent", "");
    folder.write("input/notes.txt", "");
    folder.write("input/sub/c.png", "");
    folder.write("secret.png", "");
  }

  ScratchFolder folder;
  ModelsRoot models{folder / "models"};
  UserFiles files{models, folder / "input"};
};

TEST_F(UserFilesTest, ListsPicturesAndLatentsApart) {
  EXPECT_EQ(files.list("input"), (std::vector<std::string>{"a.jpg", "b.PNG"}));
  EXPECT_EQ(files.list("input_latents"), (std::vector<std::string>{"x.latent"}));
}

TEST_F(UserFilesTest, FindsSubfoldersAndTheEditorsMark) {
  EXPECT_EQ(files.find("input", "sub/c.png"), folder / "input/sub/c.png");
  EXPECT_EQ(files.find("input", "a.jpg [input]"), folder / "input/a.jpg");
  expect_error(ErrorKind::kFile, "put a copy into the input folder",
               [&] { files.find("input", "a.jpg [output]"); });
}

TEST_F(UserFilesTest, NamesCannotLeaveTheFolder) {
  const std::vector<std::string> outside = {"../secret.png", (folder / "secret.png").string(), ""};
  for (const std::string& name : outside) {
    expect_error(ErrorKind::kFile, "is not in the input folder",
                 [&] { files.find("input", name); });
  }
}

TEST_F(UserFilesTest, AMissingFileIsToldWithNearNamesAndWhatToDo) {
  const Error error = expect_error([&] { files.find("input", "a.jpeg"); });
  expect_contains(error.what(), "did you mean `a.jpg`?");
  expect_contains(error.what(), "--input-dir");
}

TEST_F(UserFilesTest, APictureFromAnywhereGetsANameOfItsOwn) {
  const std::string first = files.add_picture("/one/p.png");
  const std::string second = files.add_picture("/two/p.png");
  EXPECT_EQ(first, "p.png");
  EXPECT_EQ(second, "p_2.png");
  EXPECT_EQ(files.add_picture("/one/p.png"), first);
  EXPECT_EQ(files.find("input", second), "/two/p.png");
  files.forget_pictures();
  EXPECT_EQ(files.add_picture("/two/p.png"), first);
}

TEST_F(UserFilesTest, TheFolderIsBesideTheModelsRoot) {
  EXPECT_EQ(UserFiles::default_input_folder(folder / "models"), folder / "input");
  EXPECT_EQ(UserFiles::default_input_folder(folder / "models/"), folder / "input");
  EXPECT_EQ(UserFiles::default_input_folder(folder / "elsewhere/models"), ".");
}

TEST(LatentFile, CarriesTheLatentItsFormatAndTheGraph) {
  const ScratchFolder folder;
  const Tensor samples = random_tensor({2, 16, 3, 4}, 1);
  const fs::path first = save_numbered_latent(folder.path(), "latents/x", samples, "{\"1\": 2}");
  EXPECT_EQ(first, folder / "latents/x_00001_.latent");
  EXPECT_EQ(save_numbered_latent(folder.path(), "latents/x", samples, ""),
            folder / "latents/x_00002_.latent");
  const auto file = weights::open_safetensors(first);
  EXPECT_EQ(max_difference(file->read_float32("latent_tensor"), samples), 0.0);
  EXPECT_EQ(file->get("latent_format_version_0").shape.size(), 0);
  EXPECT_EQ(file->metadata().at("prompt"), "{\"1\": 2}");
}

}  // namespace
}  // namespace zanime::engine
