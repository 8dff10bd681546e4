// A valid file, damaged at random: every result is either a file or an Error. The long version is
// tests/fuzz/safetensors_fuzz.cc.
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "checkpoints/synth.h"
#include "tests/fuzz/exercise_safetensors.h"
#include "tests/support/edit_safetensors.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/tiny_weights.h"

namespace zanime::checkpoints {
namespace {

using testing::exercise_safetensors;

// A file with the names of all three networks, scales and metadata, and next to no data.
std::string small_file() {
  const testing::ScratchFolder folder;
  testing::EditableFile file;
  DitSpec dit = testing::tiny_dit();
  dit.layers = 1;
  for (const NamedShape& tensor : network_tensors(dit)) {
    const bool split = tensor.name.ends_with("layers.0.attention.qkv.weight");
    const Shape shape = tensor.shape.rank() == 2 ? Shape{2, 1} : Shape{2};
    if (!split) file.add_zeros("model." + tensor.name, shape, DType::kF8E4M3);
  }
  for (const char* part : {"to_q", "to_k", "to_v"}) {
    file.add_zeros("model.layers.0.attention." + std::string(part) + ".weight", {2, 1},
                   DType::kF8E5M2);
  }
  file.add("model.layers.0.attention.to_q.weight_scale", {2, 1}, {1, 2});
  file.add_text("model.layers.0.feed_forward.w1.comfy_quant", R"({"format":"float8_e4m3fn"})");
  for (const NamedShape& tensor : network_tensors(flux_autoencoder(32, false))) {
    file.add_zeros("vae." + tensor.name, Shape{1});
  }
  file.metadata = {{"a", "b"}};
  file.write(folder / "a");
  std::ifstream stream(folder / "a", std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string mutated(std::string file, std::mt19937& random) {
  static constexpr std::string_view kPieces[] = {"-1",
                                                 "1e9",
                                                 "9223372036854775808",
                                                 "[",
                                                 "]",
                                                 "{",
                                                 "}",
                                                 "\"",
                                                 ",",
                                                 "null",
                                                 "F8_E5M2",
                                                 "I64",
                                                 "\"shape\":",
                                                 "0",
                                                 "18446744073709551615",
                                                 "\\u0000",
                                                 "__metadata__",
                                                 "layers.999."};
  const auto below = [&](size_t limit) { return random() % limit; };
  const int changes = 1 + static_cast<int>(below(4));
  for (int i = 0; i < changes; ++i) {
    const size_t at = below(file.size());
    switch (below(6)) {
      case 0:
        file[at] = static_cast<char>(random());
        break;
      case 1:
        file[below(8)] = static_cast<char>(random());
        break;
      case 2:
        file.erase(at, 1 + below(20));
        break;
      case 3: {
        const std::string_view piece = kPieces[below(std::size(kPieces))];
        file.replace(at, std::min(piece.size(), file.size() - at), piece);
        break;
      }
      case 4:
        file.resize(at + 9);
        break;
      default: {  // one digit of the header: offsets and shapes that contradict
        const size_t digit = file.find_first_of("0123456789", at);
        if (digit != std::string::npos) file[digit] = static_cast<char>('0' + below(10));
      }
    }
    if (file.size() < 9) file.resize(9);
  }
  return file;
}

TEST(SafetensorsMutation, EveryDamageIsAFileOrAnError) {
  const std::string whole = small_file();
  ASSERT_TRUE(exercise_safetensors(std::as_bytes(std::span(whole))));
  std::mt19937 random(20251);
  int accepted = 0;
  constexpr int kRounds = 4000;
  for (int round = 0; round < kRounds; ++round) {
    const std::string file = mutated(whole, random);
    if (exercise_safetensors(std::as_bytes(std::span(file)))) ++accepted;
  }
  // Neither everything nor nothing: the damage reaches the code behind the first checks.
  EXPECT_GT(accepted, kRounds / 100);
  EXPECT_LT(accepted, kRounds * 9 / 10);
}

}  // namespace
}  // namespace zanime::checkpoints
