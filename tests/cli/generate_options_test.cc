// The everyday options of `zanime generate`, from outside.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pictures/picture_info.h"
#include "pictures/picture_reader.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden.h"
#include "tests/support/program_test.h"

namespace zanime::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using namespace zanime::testing;

class GenerateProgram : public ProgramTest {
 protected:
  // A request that is done in a moment.
  ProgramResult generate(Arguments more, const std::string& prompt = "1girl") const {
    more.insert(more.end(), {"-s", "1"});
    return run(generation(more, prompt));
  }
  ProgramResult small(Arguments more, const std::string& prompt = "1girl") const {
    more.insert(more.end(), {"-W", "64", "-H", "64"});
    return generate(more, prompt);
  }
  std::string prompt_of(const std::string& name) const {
    return graph_of(name)["5"]["inputs"]["text"];
  }
};

TEST_F(GenerateProgram, CountMakesWhatSeparateCallsMake) {
  const ProgramResult made =
      small({"--count", "3", "--seed", "18446744073709551614", "-o", "a.png", "--grid", "g.png"},
            "{red|blue|green|white|black} hair");
  ASSERT_EQ(made.exit_code, 0) << made.err;
  expect_contains(made.out, "seeds 18446744073709551614 to 0\n");
  EXPECT_EQ(files(), (Arguments{"a_1.png", "a_2.png", "a_3.png", "g.png"}));
  const std::vector<std::string> seeds{"18446744073709551614", "18446744073709551615", "0"};
  for (size_t i = 0; i < seeds.size(); ++i) {
    ASSERT_EQ(small({"--seed", seeds[i], "-o", "single.png"}, "{red|blue|green|white|black} hair")
                  .exit_code,
              0);
    EXPECT_EQ(bytes("single.png"), bytes("a_" + std::to_string(i + 1) + ".png")) << seeds[i];
  }

  // The grid: in this order, row after row.
  const Tensor grid = pixels("g.png");
  const int64_t columns = grid.dim(2) / 64;
  ASSERT_EQ(grid.dim(2) % 64 + grid.dim(1) % 64, 0);
  ASSERT_GE(columns * (grid.dim(1) / 64), 3);
  for (int64_t i = 0; i < 3; ++i) {
    const Tensor picture = pixels("a_" + std::to_string(i + 1) + ".png");
    for (int64_t y = 0; y < 64; ++y) {
      for (int64_t x = 0; x < 64 * 3; ++x) {
        const int64_t place = ((i / columns * 64 + y) * columns * 64 + i % columns * 64) * 3 + x;
        ASSERT_EQ(grid.data()[place], picture.data()[y * 64 * 3 + x]) << i << ' ' << y << ' ' << x;
      }
    }
  }
  EXPECT_FALSE(pictures::read_picture_info(folder / "g.png").texts.contains("prompt"));
}

TEST_F(GenerateProgram, CountInJsonTellsOfAllRunsAndEncodesOnce) {
  const ProgramResult made =
      small({"--count", "3", "-b", "2", "--seed", "7", "--json", "-o", "a.png", "--grid", "g"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const ordered_json object = ordered_json::parse(made.out);
  EXPECT_EQ(object["seeds"], (ordered_json{7, 8, 9}));
  EXPECT_EQ(object["seed"], 7);
  EXPECT_EQ(object["files"].size(), 6u);
  EXPECT_EQ(object["grid"], "g.png");
  std::map<std::string, int> runs;
  for (const auto& node : object["nodes"]) {
    if (!node["cached"]) ++runs[node["class"]];
  }
  EXPECT_EQ(runs["KSampler"], 3);
  EXPECT_EQ(runs["UNETLoader"], 1);
  EXPECT_EQ(runs["CLIPLoader"], 1);
  EXPECT_EQ(runs["CLIPTextEncode"], 1);
}

TEST_F(GenerateProgram, PresetsSetWhatIsNotSaid) {
  const ProgramResult made =
      run({"generate", "x", "--model", "tiny-dit-fp8.safetensors", "--preset-model", "base", "-s",
           "1", "-W", "64", "-H", "64", "--seed", "1", "--json", "-o", "a.png"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const ordered_json sampler = ordered_json::parse(made.out)["graph"]["8"]["inputs"];
  EXPECT_EQ(sampler["steps"], 1) << "what is said counts";
  EXPECT_EQ(sampler["cfg"], 4.0);
  const ProgramResult both = generate({"--preset", "tall", "--width", "64"});
  EXPECT_EQ(both.exit_code, 2);
  expect_contains(both.err, "--preset tall is 768 x 1344; leave out --width and --height");
  const ProgramResult unknown = generate({"--preset", "huge"});
  EXPECT_EQ(unknown.exit_code, 2);
  expect_contains(unknown.err, "`portrait`, `landscape`, `square`, `tall` and `wide`");
}

TEST_F(GenerateProgram, APictureFromAPictureCanBeMadeAgain) {
  ASSERT_EQ(small({"--seed", "1", "-o", "start.png"}).exit_code, 0);
  ASSERT_EQ(generate({"--seed", "2", "--init-image", "start.png", "--mask", "start.png",
                      "--strength", "0.7", "--lora", "tiny-peft:0.5", "--hires", "1.5",
                      "--hires-strength", "0.4", "-o", "out.png"})
                .exit_code,
            0);
  EXPECT_EQ(pixels("out.png").shape(), (Shape{1, 96, 96, 3}));
  ASSERT_EQ(run({"run", "out.png", "-o", "again.png"}).exit_code, 0);
  EXPECT_EQ(bytes("again.png"), bytes("out.png"));

  // From elsewhere, with the picture beside the one that is made again.
  fs::create_directories(folder / "elsewhere/deep");
  fs::rename(folder / "start.png", folder / "elsewhere/start.png");
  fs::rename(folder / "out.png", folder / "elsewhere/out.png");
  ASSERT_EQ(run({"run", "elsewhere/out.png", "-o", "third.png"}).exit_code, 0);
  EXPECT_EQ(bytes("third.png"), bytes("again.png"));
  const ProgramResult tree = run({"graph", "elsewhere/out.png"});
  EXPECT_EQ(tree.exit_code, 0);
  EXPECT_EQ(tree.out.find("missing"), std::string::npos) << tree.out;

  fs::remove(folder / "elsewhere/start.png");
  const ProgramResult lost = run({"run", "elsewhere/out.png"});
  EXPECT_EQ(lost.exit_code, 4);
  expect_contains(lost.err, "start.png");
  expect_contains(lost.err, "--input-dir");
}

TEST_F(GenerateProgram, ThePreviewIsThereBeforeThePicture) {
  // The last preview stays.
  const ProgramResult made = small({"--preview", "p.png", "-b", "2", "-o", "a.png", "--seed", "1"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(pixels("p.png").shape(), (Shape{1, 64, 128, 3}));
  EXPECT_TRUE(fs::last_write_time(folder / "p.png") <= fs::last_write_time(folder / "a_1.png"));

  // While it runs, and whole: stopped in the middle, it has a preview and no picture.
  Subprocess running = start(generation({"-W", "64", "-H", "64", "-s", "100", "--count", "100",
                                         "--preview", "live.png", "-o", "never.png"}));
  EXPECT_TRUE(running.wait_for_err("step 3/"));
  EXPECT_TRUE(fs::exists(folder / "live.png"));
  running.send(SIGINT);
  EXPECT_EQ(running.wait().exit_code, 130);
  EXPECT_EQ(pixels("live.png").shape(), (Shape{1, 64, 64, 3}));
  EXPECT_EQ(files(), (Arguments{"a_1.png", "a_2.png", "live.png", "p.png"}));
}

TEST_F(GenerateProgram, WordsAreDrawnFromFilesAndTheirOwnSeed) {
  fs::create_directories(folder / "wildcards");
  folder.write("wildcards/colour.txt", "red\nblue\ngreen\nwhite\nblack\n");
  const std::string prompt = "__colour__ {hair|eyes}";
  const auto drawn = [&](const Arguments& more) {
    Arguments arguments{"-o", "a.png"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProgramResult made = small(arguments, prompt);
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return prompt_of("a.png");
  };
  const std::string first = drawn({"--seed", "3"});
  EXPECT_NE(first, prompt);
  EXPECT_EQ(drawn({"--seed", "3"}), first);
  EXPECT_EQ(drawn({"--seed", "9", "--wildcard-seed", "3"}), first);
  EXPECT_EQ(drawn({"--literal"}), prompt);

  // One draw for all pictures of a call where it has its own seed.
  ASSERT_EQ(small({"--count", "4", "--wildcard-seed", "3", "-o", "b.png"}, prompt).exit_code, 0);
  for (int i = 1; i <= 4; ++i) EXPECT_EQ(prompt_of("b_" + std::to_string(i) + ".png"), first);
}

struct Refused {
  friend void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.name; }

  const char* name;
  Arguments arguments;
  int exit_code;
  std::vector<std::string> parts;
};

class GenerateRefusal : public GenerateProgram, public ::testing::WithParamInterface<Refused> {};

TEST_P(GenerateRefusal, SaysWhatToDo) {
  fs::create_directories(folder / "wildcards");
  folder.write("wildcards/colour.txt", "red\n");
  folder.write("text.png", "not a picture");
  const auto before = files();
  const ProgramResult result = small(GetParam().arguments);
  EXPECT_EQ(result.exit_code, GetParam().exit_code) << result.err;
  for (const std::string& part : GetParam().parts) expect_contains(result.err, part);
  EXPECT_EQ(files(), before);
}

INSTANTIATE_TEST_SUITE_P(
    Table, GenerateRefusal,
    ::testing::ValuesIn(std::vector<Refused>{
        {"MaskAlone", {"--mask", "m.png"}, 2, {"a mask is given", "init image"}},
        {"StrengthAlone", {"--strength", "0.5"}, 2, {"strength says"}},
        {"StrengthTooHigh",
         {"--init-image", "text.png", "--strength", "1.1"},
         2,
         {"strength is 1.1, but must be from 0 to 1"}},
        {"NoPicture", {"--init-image", "tex.png"}, 4, {"did you mean `text.png`?"}},
        {"NotAPicture", {"--init-image", "text.png"}, 4, {"text.png", "PNG, JPEG, WebP"}},
        {"LoraMissing", {"--lora", "tiny-kohia:1"}, 4, {"Did you mean `tiny-kohya.safetensors`"}},
        {"LoraWithoutNumber", {"--lora", "tiny-peft:"}, 2, {"\"tiny-peft:\"", "NAME:STRENGTH"}},
        {"LoraWithAWord", {"--lora", "tiny-peft:much"}, 2, {"NAME:STRENGTH"}},
        {"LoraWithoutName", {"--lora", ":1"}, 2, {"NAME:STRENGTH"}},
        {"LoraTooStrong", {"--lora", "tiny-peft:1000"}, 2, {"is 1000, but must be from -100"}},
        {"ControlAlone", {"--control", "union"}, 2, {"--control-image"}},
        {"ControlImageAlone", {"--control-image", "text.png"}, 2, {"--control"}},
        {"ControlMissing", {"--control", "union", "--control-image", "text.png"}, 4, {"text.png"}},
        {"UpscalerMissing", {"--upscale", "x4"}, 4, {"\"x4.safetensors\"", "upscale_models"}},
        {"GridOfOne", {"--grid", "g.png"}, 2, {"--grid", "--count N or --batch N"}},
        {"GridElsewhere", {"--grid", "no/g.png", "-b", "2"}, 4, {"the grid folder no"}},
        {"GridOverAPicture",
         {"-o", "a.png", "--count", "2", "--grid", "a_1.png"},
         2,
         {"the grid a_1.png", "give it another"}},
        {"PreviewOverAPicture",
         {"-o", "a.png", "-b", "2", "--preview", "./a_2.png"},
         2,
         {"the preview ./a_2.png", "give it another"}},
        {"PreviewAsGif", {"--preview", "p.gif"}, 2, {"the preview p.gif", ".png"}},
        {"CountOfNone", {"--count", "0"}, 2, {"count is 0, but must be from 1 to 1000"}},
        {"HiresTooLarge", {"--hires", "5"}, 2, {"hires is 5, but must be from 1 to 4"}},
        {"HiresStepsAlone", {"--hires-steps", "5"}, 2, {"--hires"}},
        {"WildcardSeed", {"--wildcard-seed", "-1"}, 2, {"--wildcard-seed is \"-1\""}},
        {"NoWildcards", {"--wildcards", "no"}, 2, {"the wildcards folder no"}},
        {"BraceInNegative", {"-n", "{a"}, 2, {"the negative prompt has a { without a }", "\\{"}},
        {"NoWildcardFile",
         {"-n", "__colours__"},
         4,
         {"there is no colours.txt in", "wildcards", "did you mean `colour`?"}},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(GenerateProgram, HelpIsInGroups) {
  const ProgramResult help = run({"generate", "--help"});
  for (const char* group : {"Picture", "Choices in the prompts", "Several pictures",
                            "From a picture", "Second pass", "Model files", "Output"}) {
    expect_contains(help.out, std::string("\n") + group + ":");
  }
}

TEST_F(GenerateProgram, GraphShowsATreeAndSetChangesIt) {
  ASSERT_EQ(small({"--seed", "4", "-o", "a.png"}).exit_code, 0);
  const ProgramResult tree = run({"graph", "a.png", "--seed", "5"});
  ASSERT_EQ(tree.exit_code, 0) << tree.err;
  expect_contains(tree.out, "KSampler");
  expect_contains(tree.out, "seed = 5");
  const ProgramResult object = run({"graph", "a.png", "--json", "--set", "KSampler.seed=6"});
  ASSERT_EQ(object.exit_code, 0) << object.err;
  EXPECT_EQ(ordered_json::parse(object.out)["graph"]["8"]["inputs"]["seed"], 6);

  // The graph that a picture carries, run with a change, is the picture of that request.
  ASSERT_EQ(run({"run", "a.png", "--set", "8.seed=5", "-o", "b.png"}).exit_code, 0);
  ASSERT_EQ(small({"--seed", "5", "-o", "c.png"}).exit_code, 0);
  EXPECT_EQ(bytes("b.png"), bytes("c.png"));
  const ProgramResult wrong = run({"run", "a.png", "--set", "8.sed=5"});
  EXPECT_NE(wrong.exit_code, 0);
  expect_contains(wrong.err, "seed");
}

}  // namespace
}  // namespace zanime::cli
