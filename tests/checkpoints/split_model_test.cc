#include "checkpoints/split_model.h"

#include <fstream>

#include <gtest/gtest.h>

#include "checkpoints/inspect.h"
#include "checkpoints/open_model.h"
#include "checkpoints/synth.h"
#include "tests/support/edit_safetensors.h"
#include "tests/support/expect_error.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/tiny_weights.h"
#include "weights/weight_values.h"

namespace zanime::checkpoints {
namespace {

using testing::EditableFile;
using testing::expect_error;
using testing::ScratchFolder;
namespace fs = std::filesystem;

void expect_same(const ModelWeights& a, const ModelWeights& b) {
  ASSERT_EQ(a.all().size(), b.all().size());
  for (const auto& [name, weight] : a.all()) {
    const Tensor x = weights::to_float32(weight), y = weights::to_float32(b.get(name));
    ASSERT_EQ(x.shape(), y.shape()) << name;
    EXPECT_TRUE(std::equal(x.values().begin(), x.values().end(), y.values().begin())) << name;
  }
}

// The file's tensors dealt out to `count` pieces, and the index of them.
void write_pieces(const EditableFile& file, const fs::path& folder, const std::string& stem,
                  int count) {
  std::vector<EditableFile> pieces(static_cast<size_t>(count));
  std::string map;
  size_t at = 0;
  const auto piece_name = [&](size_t piece) {
    return stem + "-0000" + std::to_string(piece + 1) + "-of-0000" + std::to_string(count) +
           ".safetensors";
  };
  for (const auto& [name, tensor] : file.tensors) {
    const size_t piece = at++ % pieces.size();
    pieces[piece].tensors[name] = tensor;
    map += (map.empty() ? "\"" : ",\"") + name + "\":\"" + piece_name(piece) + "\"";
  }
  for (size_t i = 0; i < pieces.size(); ++i) pieces[i].write(folder / piece_name(i));
  std::ofstream(folder / (stem + ".safetensors.index.json"))
      << R"({"metadata":{"total_size":1},"weight_map":{)" << map << "}}";
}

class SplitModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder / "pieces");
    synth_dit(folder / "dit", testing::tiny_dit(), DType::kBF16, NameLayout::kDiffusers);
    write_pieces(EditableFile::read(folder / "dit"), folder / "pieces", "model", 3);
  }
  ModelWeights open(const fs::path& path, ModelFamily family = ModelFamily::kZImage) {
    return open_model_weights(path, family);
  }

  ScratchFolder folder;
};

TEST_F(SplitModelTest, OpensLikeOneFile) {
  const ModelWeights whole = open(folder / "dit");
  for (const char* name :
       {"pieces", "pieces/model.safetensors.index.json", "pieces/model-00001-of-00003.safetensors",
        "pieces/model-00003-of-00003.safetensors"}) {
    SCOPED_TRACE(name);
    expect_same(whole, open(folder / name));
  }
  fs::remove(folder / "pieces/model.safetensors.index.json");
  expect_same(whole, open(folder / "pieces"));
  EXPECT_EQ(inspect_model(folder / "pieces").description, "Z-Image diffusion model");
}

TEST_F(SplitModelTest, AMissingPieceIsNamed) {
  fs::remove(folder / "pieces/model-00002-of-00003.safetensors");
  for (const char* name :
       {"pieces/model.safetensors.index.json", "pieces/model-00001-of-00003.safetensors"}) {
    expect_error(ErrorKind::kFile, "not beside it: 'model-00002-of-00003.safetensors'",
                 [&] { open(folder / name); });
  }
}

TEST_F(SplitModelTest, AnIndexReachesNoOtherFolder) {
  for (const std::string name : {"../dit", "/etc/passwd", "..", "", "a/b"}) {
    std::ofstream(folder / "pieces/model.safetensors.index.json")
        << R"({"weight_map":{"a":")" << name << R"("}})";
    expect_error(ErrorKind::kFile, "which is no name of a file beside it",
                 [&] { open(folder / "pieces/model.safetensors.index.json"); });
  }
  std::ofstream(folder / "pieces/model.safetensors.index.json") << "{\"weight_map\":";
  expect_error(ErrorKind::kFile, "has no weight_map",
               [&] { open(folder / "pieces/model.safetensors.index.json"); });
}

TEST_F(SplitModelTest, ADiffusersFolderHoldsAllThree) {
  const fs::path model = folder / "Z-Image";
  for (const char* part : {"transformer", "text_encoder", "vae"}) {
    fs::create_directories(model / part);
  }
  std::ofstream(model / "model_index.json") << "{}";
  write_pieces(EditableFile::read(folder / "dit"), model / "transformer", "diffusion_pytorch_model",
               2);
  synth_qwen3(model / "text_encoder/model.safetensors", testing::tiny_qwen3(), DType::kBF16);
  synth_autoencoder(model / "vae/diffusion_pytorch_model.safetensors", testing::tiny_autoencoder(),
                    DType::kF32);
  expect_same(open(folder / "dit"), open(model));
  expect_same(open(model / "text_encoder/model.safetensors", ModelFamily::kQwen3),
              open(model, ModelFamily::kQwen3));
  expect_same(open(model / "vae", ModelFamily::kFluxAutoencoder),
              open(model, ModelFamily::kFluxAutoencoder));
  EXPECT_EQ(inspect_model(model).description, "Z-Image all-in-one checkpoint");
}

TEST_F(SplitModelTest, FoldersWithoutOneModelAreRefused) {
  fs::create_directories(folder / "empty");
  expect_error(ErrorKind::kFile, "is a folder without a model file",
               [&] { open(folder / "empty"); });
  for (const char* name : {"a.safetensors", "b.safetensors"}) {
    fs::copy_file(folder / "dit", folder / "empty" / name);
  }
  expect_error(ErrorKind::kFile, "holds several models: 'a.safetensors', 'b.safetensors'",
               [&] { open(folder / "empty"); });
}

}  // namespace
}  // namespace zanime::checkpoints
