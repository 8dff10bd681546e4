// LoraLoader, LoraLoaderModelOnly and the loaders of GGUF files.
#include <gtest/gtest.h>

#include "checkpoints/synth.h"
#include "tests/support/backends.h"
#include "tests/support/edit_safetensors.h"
#include "tests/support/expect_error.h"
#include "tests/support/gguf_bytes.h"
#include "tests/support/random_tensor.h"
#include "tests/support/run_node.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/tiny_weights.h"

namespace zanime::nodes {
namespace {

using namespace zanime::testing;

// Every folder of models is one folder.
class OneFolder : public ModelFiles {
 public:
  explicit OneFolder(const ScratchFolder& folder) : folder_(folder) {}
  std::vector<std::string> list(const std::string&) const override { return {}; }
  std::filesystem::path find(const std::string&, const std::string& name) const override {
    return folder_ / name;
  }

 private:
  const ScratchFolder& folder_;
};

class NoPictures : public PictureSink {
 public:
  void save(const std::string&, const Image&, const std::string&,
            const nlohmann::ordered_json&) override {}
};

class AdapterNodes : public ::testing::Test {
 protected:
  AdapterNodes() {
    checkpoints::synth_dit(folder_ / "dit", zanime::testing::tiny_dit(), DType::kBF16);
    checkpoints::synth_qwen3(folder_ / "qwen3", tiny_qwen3(), DType::kBF16);
    EditableFile adapter;
    const auto add = [&](const std::string& key, const Tensor& tensor) {
      adapter.add(key, tensor.shape(), {tensor.values().begin(), tensor.values().end()});
    };
    add("lora_unet_layers_0_attention_to_k.lora_down.weight", random_tensor({2, 256}, 1));
    add("lora_unet_layers_0_attention_to_k.lora_up.weight", random_tensor({256, 2}, 2));
    add("lora_te_layers_0_self_attn_k_proj.lora_down.weight", random_tensor({2, 64}, 3));
    add("lora_te_layers_0_self_attn_k_proj.lora_up.weight", random_tensor({64, 2}, 4));
    adapter.write(folder_ / "lora");
  }

  std::vector<Value> run(const char* type, std::map<std::string, Value> arguments) {
    NodeContext context{*backend_, files_, pictures_, cancel_, graph_, "1", [](int, int) {}};
    return node_type(type).run(Arguments(std::move(arguments)), context);
  }
  std::vector<Value> run_lora(double strength_model, double strength_clip,
                              const std::string& name = "lora") {
    return run("LoraLoader", {{"model", model()},
                              {"clip", clip()},
                              {"lora_name", name},
                              {"strength_model", strength_model},
                              {"strength_clip", strength_clip}});
  }
  const Model& model() {
    if (model_.network == nullptr) {
      model_ = std::get<Model>(run("UNETLoader", {{"unet_name", std::string("dit")},
                                                  {"weight_dtype", std::string("default")}})[0]);
    }
    return model_;
  }
  const Clip& clip() {
    if (clip_.encoder == nullptr) {
      clip_ = std::get<Clip>(run("CLIPLoader", {{"clip_name", std::string("qwen3")},
                                                {"type", std::string("lumina2")}})[0]);
    }
    return clip_;
  }
  Tensor encode(const Clip& clip) {
    return clip.encoder->encode(std::vector<int32_t>{1, 2, 3}, *backend_, cancel_);
  }
  Tensor caption(const Model& model) {
    return backend_->download(
        model.network->embed_caption(random_tensor({5, 64}, 5), *backend_, cancel_).tokens);
  }
  static size_t changes(const Model& model, const char* name) {
    return model.network->weights().get(name).changes().size();
  }

  ScratchFolder folder_;

 private:
  std::shared_ptr<ops::Backend> backend_ = testing::float32_backend();
  OneFolder files_{folder_};
  NoPictures pictures_;
  CancelToken cancel_;
  nlohmann::ordered_json graph_;
  Model model_;
  Clip clip_;
};

TEST_F(AdapterNodes, ChangeBothNetworksEachByItsStrength) {
  const char* const qkv = "layers.0.attention.qkv.weight";
  std::vector<Value> both = run_lora(0.5, 2.0);
  EXPECT_EQ(changes(std::get<Model>(both[0]), qkv), 1u);
  EXPECT_EQ(std::get<Model>(both[0]).network->weights().get(qkv).changes()[0].strength, 0.5f);
  EXPECT_EQ(changes(model(), qkv), 0u);
  // The change reaches the rows of the key in the fused projection that the encoder makes.
  const Tensor plain = encode(clip()), changed = encode(std::get<Clip>(both[1]));
  EXPECT_GT(max_difference(plain, changed), 1e-4);

  both = run_lora(0.0, 1.0);
  EXPECT_EQ(std::get<Model>(both[0]).network, model().network);
  EXPECT_NE(std::get<Clip>(both[1]).encoder, clip().encoder);
  both = run_lora(1.0, 0.0);
  EXPECT_NE(std::get<Model>(both[0]).network, model().network);
  EXPECT_EQ(std::get<Clip>(both[1]).encoder, clip().encoder);
}

TEST_F(AdapterNodes, WithoutStrengthTheFileIsNotOpened) {
  const std::vector<Value> both = run_lora(0.0, 0.0, "nothing");
  EXPECT_EQ(std::get<Model>(both[0]).network, model().network);
  EXPECT_EQ(std::get<Clip>(both[1]).encoder, clip().encoder);
  expect_error(ErrorKind::kFile, "nothing", [&] { run_lora(0.0, 0.1, "nothing"); });
}

TEST_F(AdapterNodes, AModelAloneIsChangedAndKeepsItsShift) {
  Model shifted = model();
  shifted.shift = 7;
  const Value result =
      run("LoraLoaderModelOnly",
          {{"model", shifted}, {"lora_name", std::string("lora")}, {"strength_model", -1.0}})[0];
  EXPECT_EQ(std::get<Model>(result).shift, 7);
  EXPECT_EQ(changes(std::get<Model>(result), "layers.0.attention.qkv.weight"), 1u);
}

TEST_F(AdapterNodes, GgufFilesGoToEitherLoader) {
  const auto same = [](const std::string& name) { return name; };
  folder_.write("dit.gguf", as_gguf(EditableFile::read(folder_ / "dit"), same).bytes());
  folder_.write("qwen3.gguf",
                as_gguf(EditableFile::read(folder_ / "qwen3"), llama_cpp_name).bytes());
  const Tensor expected_caption = caption(model()), expected_text = encode(clip());
  const std::map<std::string, Value> unet = {{"unet_name", std::string("dit.gguf")},
                                             {"weight_dtype", std::string("default")}};
  const std::map<std::string, Value> text = {{"clip_name", std::string("qwen3.gguf")},
                                             {"type", std::string("lumina2")}};
  for (const char* type : {"UNETLoader", "UnetLoaderGGUF"}) {
    EXPECT_EQ(max_difference(caption(std::get<Model>(run(type, unet)[0])), expected_caption), 0);
  }
  for (const char* type : {"CLIPLoader", "CLIPLoaderGGUF"}) {
    EXPECT_EQ(max_difference(encode(std::get<Clip>(run(type, text)[0])), expected_text), 0);
  }
  // As a checkpoint it is one that lacks the other parts.
  const auto parts = run("CheckpointLoaderSimple", {{"ckpt_name", std::string("dit.gguf")}});
  EXPECT_EQ(max_difference(caption(std::get<Model>(parts[0])), expected_caption), 0);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(parts[1]));
}

TEST(AdapterNodeTypes, HaveComfyUisInputs) {
  const auto names = [&](const char* type) {
    std::string text;
    for (const InputSpec& input : node_type(type).inputs) text += input.name + " ";
    return text;
  };
  EXPECT_EQ(names("LoraLoader"), "model clip lora_name strength_model strength_clip ");
  EXPECT_EQ(names("LoraLoaderModelOnly"), "model lora_name strength_model ");
  EXPECT_EQ(names("UnetLoaderGGUF"), "unet_name ");
  EXPECT_EQ(names("CLIPLoaderGGUF"), "clip_name type ");
  const InputSpec& strength = *node_type("LoraLoader").find_input("strength_clip");
  EXPECT_EQ(strength.min_real, -100);
  EXPECT_EQ(strength.max_real, 100);
  EXPECT_EQ(strength.step, 0.01);
  EXPECT_FALSE(node_type("LoraLoader").is_core);
}

}  // namespace
}  // namespace zanime::nodes
