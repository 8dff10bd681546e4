// `zanime fetch` from outside, with a hub on this machine.
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/transfer_view.h"
#include "tests/support/expect_error.h"
#include "tests/support/fake_hub.h"
#include "tests/support/program_test.h"
#include "tests/support/terminal_program.h"

namespace zanime::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using namespace zanime::testing;

class FetchProgram : public ProgramTest {
 protected:
  FetchProgram() {
    environment = {{"ZANIME_MODELS_ROOT", models().string()},
                   {"HF_ENDPOINT", hub.origin()},
                   {"HF_TOKEN", "hf_secret"},
                   {"no_proxy", "*"}};
  }

  ProgramResult fetch(const Arguments& more) const { return run(fetch_arguments(more)); }
  // The test hub's files are not those of the pinned revisions.
  static Arguments fetch_arguments(const Arguments& more) {
    Arguments arguments{"fetch", "--revision", "main"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::filesystem::path models() const { return folder / "models"; }
  bool has(const std::string& file) const { return std::filesystem::exists(models() / file); }

  FakeHub hub;
};

TEST_F(FetchProgram, ShowsSizesFirstAndBringsTheFiles) {
  const ProgramResult result = fetch({"--yes"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* part :
       {"diffusion_models/z-anime-distill-8step-fp8.safetensors  50.0 kB  to download",
        "text_encoders/qwen_3_4b-fp8.safetensors", "vae/ae.safetensors",
        "from SeeSee21/Z-Anime at cccccccccccc  (licence: Apache-2.0)",
        "To download: 90.0 kB; free on the disk: "}) {
    expect_contains(result.err, part);
  }
  expect_contains(result.out, "models/vae/ae.safetensors  10.0 kB, verified\n");
  expect_contains(result.out, "done in ");
  EXPECT_EQ((result.out + result.err).find("secret"), std::string::npos);
  EXPECT_TRUE(has("vae/ae.safetensors"));
  EXPECT_TRUE(has("text_encoders/qwen_3_4b-fp8.safetensors"));
  EXPECT_TRUE(has("zanime-models.json"));

  const ProgramResult again = fetch({});  // nothing to ask
  EXPECT_EQ(again.exit_code, 0) << again.err;
  expect_contains(again.out, "Everything is here.");
  EXPECT_EQ(hub.hub_requests("GET"), 3u);
}

TEST_F(FetchProgram, WithoutATerminalItWantsToBeToldYes) {
  const ProgramResult result = fetch({});
  EXPECT_EQ(result.exit_code, 2);
  expect_contains(result.err, "error: there is no terminal to ask on");
  expect_contains(result.err, "--yes");
  EXPECT_FALSE(fs::exists(models()));
}

TEST_F(FetchProgram, ADryRunOnlyShows) {
  const ProgramResult result = fetch({"--dry-run", "--quant", "bf16", "--with", "aio"});
  EXPECT_EQ(result.exit_code, 4) << result.err;  // this hub has no such all-in-one
  expect_contains(result.err, "aio-bf16.safetensors: the server answered 404 Not Found");
  const ProgramResult shown = fetch({"--dry-run", "--with", "aio"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  expect_contains(shown.out, "checkpoints/z-anime-distill-8step-aio-fp8.safetensors");
  expect_contains(shown.out, "To download: 170 kB");
  EXPECT_FALSE(fs::exists(models()));
}

TEST_F(FetchProgram, JsonIsOneObject) {
  const ProgramResult result = fetch({"--yes", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const ordered_json object = ordered_json::parse(result.out);
  ASSERT_EQ(object["files"].size(), 3u);
  const ordered_json& vae = object["files"][2];
  EXPECT_EQ(vae["file"], "vae/ae.safetensors");
  EXPECT_EQ(vae["state"], "downloaded");
  EXPECT_EQ(vae["bytes"], 10'000);
  EXPECT_EQ(vae["bytes_received"], 10'000);
  EXPECT_EQ(vae["commit"], std::string(40, 'c'));
  EXPECT_EQ(vae["sha256"], sha256_hex(std::string(10'000, 'v')));
  EXPECT_EQ(ordered_json::parse(fetch({"--json"}).out)["files"][2]["state"], "present");
}

TEST_F(FetchProgram, QuietIsSilent) {
  const ProgramResult result = fetch({"--yes", "-q"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out + result.err, "");
}

TEST_F(FetchProgram, DownloadsCanBeForbidden) {
  environment["ZANIME_DISABLE_COMFY_SOURCE_FETCH"] = "1";
  const ProgramResult result = fetch({"--yes"});
  EXPECT_EQ(result.exit_code, 4);
  expect_contains(result.err, "downloads are switched off (ZANIME_DISABLE_COMFY_SOURCE_FETCH=1)");
  EXPECT_TRUE(hub.hub().requests().empty());
  EXPECT_FALSE(fs::exists(models()));
}

TEST_F(FetchProgram, OptionsThatAreWrongAreTold) {
  for (const Arguments& arguments : {Arguments{"--quant", "int4"},
                                     {"--with", "lora"},
                                     {"--revision", "x"},
                                     {"--revision", "="}}) {
    EXPECT_EQ(fetch(arguments).exit_code, 2) << arguments.back();
  }
  EXPECT_TRUE(hub.hub().requests().empty());
}

TEST_F(FetchProgram, AsksOnATerminal) {
  {
    TerminalProgram program(command(fetch_arguments({})), folder.path(), environment);
    ASSERT_TRUE(program.wait_for("Download? [Y/n] ")) << program.shown();
    program.type("what\n");
    program.type("n\n");
    EXPECT_EQ(program.wait(), 130);
    expect_contains(program.shown(), "nothing was downloaded");
    EXPECT_FALSE(fs::exists(models()));
  }
  {
    TerminalProgram program(command(fetch_arguments({})), folder.path(), environment);
    ASSERT_TRUE(program.wait_for("Download? [Y/n] ")) << program.shown();
    program.type("\x03");
    EXPECT_EQ(program.wait(), 130);
    EXPECT_FALSE(fs::exists(models()));
  }
  TerminalProgram program(command(fetch_arguments({})), folder.path(), environment);
  ASSERT_TRUE(program.wait_for("Download? [Y/n] ")) << program.shown();
  program.type("\n");
  EXPECT_EQ(program.wait(), 0) << program.shown();
  expect_contains(program.shown(), "█");
  expect_contains(program.shown(), "100% ");
  EXPECT_TRUE(has("vae/ae.safetensors"));
}

TEST_F(FetchProgram, CtrlCKeepsThePartAndTheNextRunContinues) {
  bool well = false;
  hub.store_fault = [&](const ServedRequest& request) -> std::optional<ServedAnswer> {
    if (well || request.target.find("/diffusion_models/") == std::string::npos) return std::nullopt;
    // The start of the file, and then a server that is too busy for a while.
    if (!request.field("range").empty()) {
      return ServedAnswer{.status = 503, .fields = {{"Retry-After", "200"}}};
    }
    ServedAnswer answer = answer_with_ranges(request, std::string(50'000, 'd'), "\"d\"");
    answer.cut_after = 20'000;
    return answer;
  };
  TerminalProgram program(command(fetch_arguments({"--yes"})), folder.path(), environment);
  ASSERT_TRUE(program.wait_for("trying again in 200 s")) << program.shown();
  program.type("\x03");
  EXPECT_EQ(program.wait(), 130);
  expect_contains(program.shown(),
                  "stopped; 20.0 kB of 50.0 kB of z-anime-distill-8step-fp8.safetensors are kept");
  well = true;
  const ProgramResult result = fetch({"--yes"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  expect_contains(result.err, "20.0 kB of it are here");
  expect_contains(result.err, "continuing after the 20.0 kB that are already here");
  EXPECT_TRUE(has("diffusion_models/z-anime-distill-8step-fp8.safetensors"));
}

TEST(TransferLine, FitsTheTerminal) {
  EXPECT_EQ(transfer_line("ae.safetensors", 167'652'194, 335'304'388, 10'000'000, 100, false),
            "ae.safetensors [############............] 50%  168 MB of 335 MB  10.0 MB/s  16.8 s "
            "left");
  EXPECT_EQ(transfer_line("ae.safetensors", 0, 335'304'388, 0, 100, false),
            "ae.safetensors [........................] 0%  0 bytes of 335 MB");
  for (int width = 4; width < 100; ++width) {
    EXPECT_LE(transfer_line("ae.safetensors", 1, 335'304'388, 10, width, false).size(),
              static_cast<size_t>(width));
  }
}

TEST(RateMeter, IsTheRateOfTheLastSeconds) {
  RateMeter rate;
  EXPECT_EQ(rate.bytes_per_second(), 0);
  rate.add(0, 1000);
  EXPECT_EQ(rate.bytes_per_second(), 0);
  rate.add(1, 2000);
  EXPECT_EQ(rate.bytes_per_second(), 1000);
  for (int second = 2; second <= 20; ++second) rate.add(second, 2000 + 50 * (second - 1));
  EXPECT_NEAR(rate.bytes_per_second(), 50, 1e-9);
}

}  // namespace
}  // namespace zanime::cli
