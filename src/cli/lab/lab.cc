#include "cli/lab/lab.h"

#include "cli/lab/lab_commands.h"

namespace zanime::cli {

void add_lab_commands(CLI::App& app, const GlobalOptions& globals, const CancelToken& cancel) {
  CLI::App* lab = app.add_subcommand("lab", "The parts of the engine by themselves");
  lab->require_subcommand(1);
  add_lab_synth(*lab, cancel);
  add_lab_tokenize(*lab, cancel);
  add_lab_noise(*lab);
  add_lab_sigmas(*lab);
  add_lab_encode(*lab, globals, cancel);
  add_lab_velocity(*lab, globals, cancel);
  add_lab_sample(*lab, globals, cancel);
  add_lab_decode(*lab, globals, cancel);
}

}  // namespace zanime::cli
