// A test of the built program from outside. For tests/cli, whose build says where the program is
// (ZANIME_PROGRAM).
#pragma once

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pictures/picture_info.h"
#include "pictures/picture_reader.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/subprocess.h"
#include "tests/support/synthetic_models_root.h"

namespace zanime::testing {

using Arguments = std::vector<std::string>;

// Runs the program in a folder of its own, with the reduced models unless `environment` is changed.
class ProgramTest : public ::testing::Test {
 protected:
  // `zanime` with these arguments, as words of a command line.
  static Arguments command(const Arguments& arguments) {
    Arguments words{ZANIME_PROGRAM};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
  }
  // A generation of `prompt` with the reduced models, whose names stand for themselves.
  static Arguments generation(const Arguments& more, const std::string& prompt = "1girl") {
    Arguments arguments{"generate", prompt, "--model", "tiny-dit-fp8.safetensors"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  // Goes on by itself.
  Subprocess start(const Arguments& arguments) const {
    return Subprocess(command(arguments), folder.path(), environment);
  }
  ProgramResult run(const Arguments& arguments) const { return start(arguments).wait(); }

  std::vector<std::string> files() const { return folder.names(); }
  std::string bytes(const std::string& name) const {
    std::ifstream file(folder / name, std::ios::binary);
    EXPECT_TRUE(file.good()) << name;
    return {std::istreambuf_iterator<char>(file), {}};
  }
  Tensor pixels(const std::string& name) const {
    return pictures::read_picture(folder / name).pixels;
  }
  // The graph that the picture carries.
  nlohmann::ordered_json graph_of(const std::string& name) const {
    return nlohmann::ordered_json::parse(
        pictures::read_picture_info(folder / name).texts.at("prompt"));
  }

  ScratchFolder folder;
  std::map<std::string, std::string> environment{
      {"ZANIME_MODELS_ROOT", synthetic_models_root().string()}, {"OMP_NUM_THREADS", "1"}};
};

}  // namespace zanime::testing
