#include "engine/models_root.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/environment.h"
#include "tests/support/expect_error.h"
#include "tests/support/scratch_folder.h"

namespace zanime::engine {
namespace {

namespace fs = std::filesystem;
using namespace zanime::testing;
using Names = std::vector<std::string>;

void touch(const ScratchFolder& folder, const std::string& name) {
  fs::create_directories((folder / name).parent_path());
  folder.write(name, "x");
}

TEST(ModelsRoot, ComesFromTheEnvironmentFirst) {
  const ScratchFolder here;
  const ScopedCurrentFolder current(here.path());
  const ScopedVariable data("XDG_DATA_HOME", "/data");
  {
    const ScopedVariable root("ZANIME_MODELS_ROOT", "/elsewhere");
    EXPECT_EQ(ModelsRoot::default_path(), "/elsewhere");
  }
  const ScopedVariable root("ZANIME_MODELS_ROOT", std::nullopt);
  EXPECT_EQ(ModelsRoot::default_path(), "/data/zanime/models");
  const ScopedVariable relative("XDG_DATA_HOME", "data");
  const ScopedVariable home("HOME", "/home/me");
  EXPECT_EQ(ModelsRoot::default_path(), "/home/me/.local/share/zanime/models");
  fs::create_directories(here / "ComfyUI/models");
  EXPECT_EQ(ModelsRoot::default_path(), "ComfyUI/models");
}

TEST(ModelsRoot, ListsSubfoldersAndBothNamesOfAFolder) {
  const ScratchFolder folder;
  for (const char* name : {"diffusion_models/a.safetensors", "unet/sub/b.safetensors",
                           "unet/notes.txt", "unet/.part.safetensors", "clip/te.safetensors"}) {
    touch(folder, name);
  }
  const ModelsRoot root(folder.path());
  EXPECT_EQ(root.list("diffusion_models"), (Names{"a.safetensors", "sub/b.safetensors"}));
  EXPECT_EQ(root.list("unet"), root.list("diffusion_models"));
  EXPECT_EQ(root.list("text_encoders"), Names{"te.safetensors"});
  EXPECT_TRUE(root.list("vae").empty());
  EXPECT_EQ(root.find("diffusion_models", "sub/b.safetensors"), folder / "unet/sub/b.safetensors");
}

TEST(ModelsRoot, ListsAModelOfSeveralFilesOnce) {
  const ScratchFolder folder;
  for (const char* name :
       {"unet/m-00001-of-00002.safetensors", "unet/m-00002-of-00002.safetensors",
        "unet/m.safetensors.index.json", "unet/Z/model_index.json", "unet/Z/vae/a.safetensors",
        "unet/Z/transformer/a.safetensors", "unet/OLD.SAFETENSORS"}) {
    touch(folder, name);
  }
  const ModelsRoot root(folder.path());
  EXPECT_EQ(root.list("unet"), (Names{"OLD.SAFETENSORS", "Z", "m-00001-of-00002.safetensors"}));
  for (const char* name : {"Z", "Z/transformer/a.safetensors", "m.safetensors.index.json",
                           "OLD.SAFETENSORS", "m-00002-of-00002.safetensors"}) {
    EXPECT_EQ(root.find("unet", name), folder / "unet" / name);
  }
}

TEST(ModelsRoot, FindsANameInAnySpellingOfIt) {
  const ScratchFolder folder;
  touch(folder, "loras/sub/caf\u00e9.safetensors");
  const ModelsRoot root(folder.path());
  for (const char* name :
       {"sub/caf\u00e9.safetensors", "sub/cafe\u0301.safetensors", "sub\\cafe\u0301.safetensors"}) {
    EXPECT_EQ(root.find("loras", name), folder / "loras/sub/caf\u00e9.safetensors") << name;
  }
}

TEST(ModelsRoot, FollowsLinksButNotInCircles) {
  const ScratchFolder folder, elsewhere;
  touch(elsewhere, "real.safetensors");
  touch(folder, "vae/ae.safetensors");
  fs::create_directory_symlink(folder / "vae", folder / "vae/loop");
  fs::create_directory_symlink(elsewhere.path(), folder / "vae/linked");
  EXPECT_EQ(ModelsRoot(folder.path()).list("vae"),
            (Names{"ae.safetensors", "linked/real.safetensors"}));
}

TEST(ModelsRoot, AMissingFileIsToldWithWhatIsThereAndHowToGetIt) {
  const ScratchFolder folder;
  touch(folder, "diffusion_models/z-anime-base.safetensors");
  const ModelsRoot root(folder.path());
  const Error error =
      expect_error([&] { root.find("diffusion_models", "z-anime-distill-8step-fp8.safetensors"); });
  EXPECT_EQ(error.exit_code(), 4);
  for (const char* part : {"is not in", "there are: z-anime-base.safetensors",
                           "Get it with: zanime fetch --models-root '"}) {
    expect_contains(error.what(), part);
  }
  expect_error(ErrorKind::kFile, "Get it with: zanime fetch --quant bf16",
               [&] { root.find("diffusion_models", "z-anime-distill-8step-bf16.safetensors"); });
  expect_error(ErrorKind::kFile, "zanime fetch --with aio",
               [&] { root.find("checkpoints", "z-anime-distill-8step-aio-fp8.safetensors"); });
  // What another repository offers under another name is as good, but not what is fetched.
  expect_error(ErrorKind::kFile, "The official file is qwen_3_4b-fp8.safetensors",
               [&] { root.find("text_encoders", "qwen_3_4b.safetensors"); });
  expect_error(ErrorKind::kFile, "Did you mean `z-anime-base.safetensors`",
               [&] { root.find("diffusion_models", "z-anime-bse.safetensors"); });
  expect_error(ErrorKind::kFile, "there are no model files in it",
               [&] { root.find("vae", "x.safetensors"); });
}

TEST(ModelsRoot, NamesCannotLeaveTheFolder) {
  const ScratchFolder folder;
  touch(folder, "secret.safetensors");
  touch(folder, "vae/ae.safetensors");
  const ModelsRoot root(folder.path());
  for (const std::string& name :
       {std::string("../secret.safetensors"), (folder / "secret.safetensors").string(),
        std::string(), std::string("a\0b", 3), std::string(".")}) {
    expect_error(ErrorKind::kFile, "is not in", [&] { root.find("vae", name); });
  }
}

TEST(ModelsRoot, ChoosesTheOfficialFileElseTheOnlyOne) {
  const ScratchFolder folder;
  const ModelsRoot root(folder.path());
  expect_error(ErrorKind::kFile, "get it with: zanime fetch", [&] { root.choose("vae"); });
  touch(folder, "vae/mine.safetensors");
  EXPECT_EQ(root.choose("vae"), "mine.safetensors");
  touch(folder, "vae/yours.safetensors");
  expect_error(ErrorKind::kFile, "choose one with --vae NAME: there are: mine.safetensors, yours",
               [&] { root.choose("vae"); });
  touch(folder, "vae/ae.safetensors");
  EXPECT_EQ(root.choose("vae"), "ae.safetensors");
}

TEST(ModelsRoot, MirrorsTextEncodersByHardLink) {
  const ScratchFolder folder;
  touch(folder, "text_encoders/a.safetensors");
  touch(folder, "clip/sub/b.safetensors");
  const ModelsRoot root(folder.path());
  EXPECT_EQ(root.mirror_text_encoders().size(), 2u);
  EXPECT_TRUE(
      fs::equivalent(folder / "text_encoders/a.safetensors", folder / "clip/a.safetensors"));
  EXPECT_EQ(fs::hard_link_count(folder / "text_encoders/sub/b.safetensors"), 2u);
  EXPECT_TRUE(root.mirror_text_encoders().empty());
}

TEST(ModelsRoot, MirrorsALinkAsALink) {
  const ScratchFolder folder, elsewhere;
  touch(elsewhere, "real.safetensors");
  fs::create_directories(folder / "clip");
  fs::create_symlink(elsewhere / "real.safetensors", folder / "clip/te.safetensors");
  ModelsRoot(folder.path()).mirror_text_encoders();
  EXPECT_TRUE(fs::is_symlink(folder / "text_encoders/te.safetensors"));
  EXPECT_TRUE(fs::exists(folder / "text_encoders/te.safetensors"));
}

TEST(ModelsRoot, NothingIsMirroredWhereThereIsNothing) {
  const ScratchFolder folder;
  EXPECT_TRUE(ModelsRoot(folder.path()).mirror_text_encoders().empty());
  EXPECT_EQ(folder.file_count(), 0u);
  EXPECT_TRUE(ModelsRoot(folder / "nowhere").mirror_text_encoders().empty());
}

}  // namespace
}  // namespace zanime::engine
