// The built program from outside: exit codes, what stands on stdout and stderr, which files remain.
#include "tests/support/program_test.h"

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pictures/picture_info.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden.h"

namespace zanime::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using namespace zanime::testing;

class Program : public ProgramTest {
 protected:
  // A request that is done in a moment.
  static Arguments small(const Arguments& more) {
    Arguments arguments{"-W", "64", "-H", "64", "--steps", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return generation(arguments);
  }
};

TEST_F(Program, GenerateWritesAPictureThatTellsHowItWasMade) {
  const ProgramResult made = run(small({"--seed", "7", "-o", "out.png"}));
  ASSERT_EQ(made.exit_code, 0) << made.err;
  expect_contains(made.out, "seed 7\n");
  expect_contains(made.out, "out.png  64 x 64");
  expect_contains(made.err, "step 2/2");
  EXPECT_EQ(files(), Arguments{"out.png"});

  const pictures::PictureInfo info = pictures::read_picture_info(folder / "out.png");
  const ordered_json graph = ordered_json::parse(info.texts.at("prompt"));
  EXPECT_EQ(graph["8"]["inputs"]["seed"], 7);
  expect_contains(info.texts.at("parameters"), "Seed: 7, Size: 64x64");

  const ProgramResult inspected = run({"inspect", "out.png"});
  EXPECT_EQ(inspected.exit_code, 0);
  expect_contains(inspected.out, "picture, 64 x 64");
  expect_contains(inspected.out, "Sampler: euler");
  expect_contains(inspected.out, "\"class_type\": \"KSampler\"");

  // The graph that the picture carries makes the same bytes.
  folder.write("again.json", info.texts.at("prompt"));
  ASSERT_EQ(run({"run", "again.json", "-o", "again.png", "--quiet"}).exit_code, 0);
  EXPECT_EQ(bytes("out.png"), bytes("again.png"));
}

TEST_F(Program, GenerateNumbersFilesAndPrintsARandomSeed) {
  const ProgramResult first = run(small({}));
  const ProgramResult second = run(small({"--quiet", "-b", "2"}));
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(files(), (Arguments{"zanime_00001_.png", "zanime_00002_.png", "zanime_00003_.png"}));
  EXPECT_TRUE(first.out.starts_with("seed ")) << first.out;
  EXPECT_TRUE(second.out.starts_with("seed ")) << second.out;
  EXPECT_NE(first.out.substr(0, first.out.find('\n')), second.out.substr(0, second.out.find('\n')));
  EXPECT_EQ(second.err, "");
  const ProgramResult silent = run(small({"-q", "--seed", "1"}));
  EXPECT_EQ(silent.out + silent.err, "");
}

TEST_F(Program, ABatchGetsNumberedNames) {
  ASSERT_EQ(run(small({"-b", "2", "-o", "a.png"})).exit_code, 0);
  ASSERT_EQ(run(small({"-b", "2", "-o", "b%batch_num%.png"})).exit_code, 0);
  EXPECT_EQ(files(), (Arguments{"a_1.png", "a_2.png", "b0.png", "b1.png"}));
}

TEST_F(Program, JsonIsOneObject) {
  const ProgramResult made = run(small({"--json", "--seed", "18446744073709551615", "-o", "x"}));
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const ordered_json object = ordered_json::parse(made.out);
  EXPECT_EQ(object["files"], ordered_json::array({"x.png"}));
  EXPECT_EQ(object["seed"].dump(), "18446744073709551615");
  EXPECT_EQ(object["width"], 64);
  EXPECT_EQ(object["nodes"].size(), 9u);
  EXPECT_EQ(object["graph"]["8"]["class_type"], "KSampler");

  const ProgramResult failed = run(small({"--json", "--cfg", "31"}));
  EXPECT_EQ(failed.exit_code, 2);
  const ordered_json error = ordered_json::parse(failed.out)["error"];
  EXPECT_EQ(error["kind"], "usage");
  EXPECT_EQ(error["exit_code"], 2);
  expect_contains(error["message"], "cfg is 31");
}

struct Refusal {
  // What the test runner shows.
  friend void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

  const char* name;
  Arguments arguments;
  int exit_code;
  std::vector<std::string> parts;
};

class ProgramRefusal : public Program, public ::testing::WithParamInterface<Refusal> {};

TEST_P(ProgramRefusal, ExitsWithAReason) {
  folder.write("text.json", "not json");
  folder.write("unknown.json", R"({"1": {"class_type": "Frob", "inputs": {}}})");
  folder.write("page.png", "<html>404</html>");
  folder.write("cut.png", "\x89PNG\r\n\x1a\n");
  const size_t before = folder.file_count();
  const ProgramResult result = run(GetParam().arguments);
  EXPECT_EQ(result.exit_code, GetParam().exit_code) << result.err;
  for (const std::string& part : GetParam().parts) expect_contains(result.err, part);
  EXPECT_TRUE(result.err.find("error: ") != std::string::npos) << result.err;
  EXPECT_EQ(folder.file_count(), before);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ProgramRefusal,
    ::testing::Values(
        Refusal{"UnknownCommand", {"generat", "x"}, 2, {"generat", "did you mean `generate`"}},
        Refusal{"UnknownOption", {"generate", "x", "--widht", "64"}, 2, {"--widht", "`--width`"}},
        Refusal{"ExtraWord", {"generate", "1girl", "smile"}, 2, {"\"smile\" was not expected"}},
        Refusal{"UnknownLabCommand", {"lab", "nois"}, 2, {"\"nois\" is not", "`noise`"}},
        Refusal{"LabAlone", {"lab"}, 2, {"`zanime lab` needs a command: `synth`"}},
        Refusal{"PromptMissing", {"generate"}, 2, {"prompt", "zanime generate --help"}},
        Refusal{"WidthIsAWord", {"generate", "x", "--width", "wide"}, 2, {"--width"}},
        Refusal{"WidthOverflows",
                {"generate", "x", "-W", "99999999999999999999"},
                2,
                {"4088 and 4096"}},
        Refusal{"WidthBetweenSteps", {"generate", "x", "-W", "830"}, 2, {"824 and 832"}},
        Refusal{"StepsFraction", {"generate", "x", "--steps", "8.5"}, 2, {"--steps"}},
        Refusal{"CfgNan", {"generate", "x", "--cfg", "nan"}, 2, {"cfg is nan"}},
        Refusal{"SeedNegative", {"generate", "x", "--seed=-1"}, 2, {"--seed", "\"-1\""}},
        Refusal{"SeedTooLarge",
                {"generate", "x", "--seed", "18446744073709551616"},
                2,
                {"18446744073709551615"}},
        Refusal{"SamplerMisspelt", {"generate", "x", "--sampler", "eulr"}, 2, {"`euler`"}},
        Refusal{"PromptNotUtf8", {"generate", "\xff"}, 2, {"not valid UTF-8"}},
        Refusal{"ThreadsZero", {"--threads", "0", "nodes"}, 2, {"--threads"}},
        Refusal{"QuietAndVerbose", {"nodes", "--quiet", "--verbose"}, 2, {"--quiet"}},
        Refusal{"RootMissing", {"generate", "x", "--models-root", "nowhere"}, 2, {"nowhere"}},
        Refusal{
            "RootEmpty", {"generate", "x", "--models-root", "."}, 4, {"zanime fetch", "z-anime"}},
        Refusal{"ModelMissing",
                {"generate", "x", "--model", "tiny-dit-fp6.safetensors"},
                4,
                {"there are:", "Did you mean", "tiny-dit-fp8.safetensors"}},
        Refusal{"ModelAmbiguous", {"generate", "x"}, 4, {"several files", "--model NAME"}},
        Refusal{"OutputFolderMissing",
                {"generate", "x", "--model", "tiny-dit-fp8.safetensors", "-o", "no/x.png"},
                4,
                {"folder no does not exist", "mkdir -p"}},
        Refusal{"OutputIsGif",
                {"generate", "x", "--model", "tiny-dit-fp8.safetensors", "-o", "x.gif"},
                2,
                {".gif", "x.png"}},
        Refusal{"QualityOfAPng",
                {"generate", "x", "--model", "tiny-dit-fp8.safetensors", "-o", "x.png", "--quality",
                 "80"},
                2,
                {"--quality", "picture.webp"}},
        Refusal{"GridOverAPicture",
                {"generate", "x", "--model", "tiny-dit-fp8.safetensors", "-o", "a.png", "--count",
                 "2", "--grid", "a_1.png"},
                2,
                {"the grid a_1.png has the name of a picture of this run"}},
        Refusal{"PreviewOverAPicture",
                {"generate", "x", "--model", "tiny-dit-fp8.safetensors", "-o", "a.png", "--count",
                 "2", "--preview", "./a_2.png"},
                2,
                {"the preview ./a_2.png has the name"}},
        Refusal{"GraphMissing", {"run", "none.json"}, 4, {"none.json does not exist"}},
        Refusal{"GraphIsFolder", {"run", "."}, 4, {"is a folder"}},
        Refusal{"GraphIsText", {"run", "text.json"}, 3, {"text.json: not valid JSON"}},
        Refusal{"GraphUnknownNode", {"run", "unknown.json"}, 3, {"Frob (node 1)"}},
        Refusal{"InspectMissing", {"inspect", "none.png"}, 4, {"does not exist"}},
        Refusal{"InspectPage", {"inspect", "page.png"}, 4, {"page.png: is a web page"}},
        Refusal{"InspectCutPicture", {"inspect", "cut.png"}, 4, {"cut.png"}}),
    [](const ::testing::TestParamInfo<Refusal>& test) { return std::string(test.param.name); });

TEST_F(Program, InterruptStopsAndLeavesNothing) {
  Subprocess program =
      start(generation({"-W", "256", "-H", "256", "--steps", "100", "-o", "out.png"}));
  EXPECT_TRUE(program.wait_for_err("step 1/"));
  program.send(SIGINT);
  const ProgramResult result = program.wait();
  EXPECT_EQ(result.exit_code, 130);
  expect_contains(result.err, "stopped by the user");
  EXPECT_TRUE(files().empty());
}

TEST_F(Program, WebpAndJpegCarryTheirGraph) {
  for (const std::string name : {"a.webp", "b.jpg"}) {
    ASSERT_EQ(run(small({"--seed", "7", "-o", name})).exit_code, 0);
    EXPECT_EQ(graph_of(name)["8"]["inputs"]["seed"], 7);
    const ProgramResult inspected = run({"inspect", name});
    EXPECT_EQ(inspected.exit_code, 0) << inspected.err;
    expect_contains(inspected.out, "picture, 64 x 64");
    expect_contains(inspected.out, "Sampler: euler");
  }
  ASSERT_EQ(run({"run", "a.webp", "-o", "again.png", "-q"}).exit_code, 0);
  ASSERT_EQ(run(small({"--seed", "7", "-o", "plain.png"})).exit_code, 0);
  EXPECT_EQ(bytes("again.png"), bytes("plain.png"));
}

TEST_F(Program, StandardOutputTakesThePictureAlone) {
  const ProgramResult made = run(small({"--seed", "7", "-o", "/dev/stdout"}));
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(pictures::parse_picture_info(made.out, "x").width, 64);
  expect_contains(made.err, "seed 7");
  EXPECT_TRUE(files().empty());
}

TEST_F(Program, RunExecutesASharedGraph) {
  const auto graphs = golden_json("graphs/graphs.json");
  folder.write("graph.json", graphs.at("text-to-image").dump());
  const ProgramResult result = run({"run", "graph.json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(fs::exists(folder / "text-to-image_00001_.png"));
}

TEST_F(Program, NodesAndVersionAndHelp) {
  const ordered_json info = ordered_json::parse(run({"nodes", "--json"}).out);
  EXPECT_EQ(info["VAELoader"]["input"]["required"]["vae_name"][0],
            ordered_json::array({"tiny-vae-full-fp32.safetensors", "zanime-small-ae.safetensors"}));
  expect_contains(run({"nodes"}).out, "KSampler");
  expect_contains(run({"--version"}).out, "zanime 0.");
  const ProgramResult help = run({"generate", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  expect_contains(help.out, "--negative");
  expect_contains(run({}).out, "generate");
}

TEST_F(Program, InspectTellsWhatAModelFileIs) {
  const fs::path file =
      synthetic_models_root() / "diffusion_models" / "tiny-dit-diffusers-fp8.safetensors";
  const ProgramResult text = run({"inspect", file.string()});
  ASSERT_EQ(text.exit_code, 0) << text.err;
  expect_contains(text.out, "Z-Image diffusion model");
  const ordered_json object = ordered_json::parse(run({"inspect", "--json", file.string()}).out);
  EXPECT_EQ(object["networks"][0]["layout"], "Diffusers");
  EXPECT_EQ(object["networks"][0]["widths"]["dim"], 256);
}

}  // namespace
}  // namespace zanime::cli
