#include "cli/app.h"

#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/cpu_count.h"
#include "base/error.h"
#include "base/files/mapping_guard.h"
#include "base/log.h"
#include "base/parallel.h"
#include "base/text/near_matches.h"
#include "base/text/quoted.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/globals.h"
#include "cli/json_output.h"
#include "cli/lab/lab.h"
#include "cli/terminal.h"

namespace zanime::cli {
namespace {

constexpr int kMaxThreads = 1024;

std::string kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return "usage";
    case ErrorKind::kGraph:
      return "graph";
    case ErrorKind::kFile:
      return "file";
    case ErrorKind::kNumeric:
      return "numeric";
    case ErrorKind::kResource:
      return "resource";
    case ErrorKind::kInternal:
      return "internal";
    case ErrorKind::kCancelled:
      return "cancelled";
  }
  return "internal";
}

int report(const Error& error, const GlobalOptions& globals) {
  if (globals.json) {
    const nlohmann::ordered_json object = {{"error",
                                            {{"kind", kind_name(error.kind())},
                                             {"message", error.what()},
                                             {"exit_code", error.exit_code()}}}};
    std::cout << json_text(object) << '\n' << std::flush;
  }
  std::cerr << "error: " << printable(error.what()) << '\n';
  return error.exit_code();
}

// The command that was named, or the program itself.
const CLI::App& innermost(const CLI::App& app) {
  const std::vector<CLI::App*> parsed = app.get_subcommands();
  return parsed.empty() ? app : innermost(*parsed.front());
}

std::string command_line_of(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? "zanime" : command_line_of(*parent) + " " + app.get_name();
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

// Long names of the options that may stand after `command`.
std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* level = &command; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  const std::vector<std::string> near = text::near_matches(word, known);
  return near.empty() ? "" : "; did you mean " + text::list_names(near, "or") + "?";
}

// The first word of the command line that nothing took.
std::string first_unexpected(const CLI::App& app, int argc, char** argv) {
  const std::vector<std::string> unexpected = app.remaining(/*recurse=*/true);
  for (int i = 1; i < argc; ++i) {
    if (std::find(unexpected.begin(), unexpected.end(), argv[i]) != unexpected.end()) {
      return argv[i];
    }
  }
  return "";
}

// What CLI11 found wrong, with the nearest name where one was misspelt.
Error usage_error(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  const CLI::App& command = innermost(app);
  const std::string name = command_line_of(command);
  const std::string word = first_unexpected(app, argc, argv);
  const std::vector<std::string> commands = command_names(command);
  std::string message = error.what();
  if (word.starts_with("-")) {
    message = "there is no option " + text::quoted(word) +
              did_you_mean(word.substr(0, word.find('=')), option_names(command));
  } else if (!word.empty()) {
    message = commands.empty() ? text::quoted(word) + " was not expected"
                               : text::quoted(word) + " is not a command of `" + name + "`" +
                                     did_you_mean(word, commands);
  } else if (!commands.empty() && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    message = "`" + name + "` needs a command: " + text::list_names(commands, "or");
  }
  return Error(ErrorKind::kUsage, message + "\n`" + name + " --help` lists the options");
}

void set_log_levels(const GlobalOptions& globals) {
  set_log_sink([&globals](LogLevel level, const std::string& message) {
    if (globals.quiet || (level == LogLevel::kDebug && !globals.verbose)) return;
    // Over a progress bar that may stand there.
    if (stderr_is_terminal()) std::cerr << "\r\x1b[K";
    std::cerr << (level == LogLevel::kWarning ? "warning: " : "") << printable(message) << '\n';
  });
}

}  // namespace

int run_program(int argc, char** argv, const CancelToken& cancel) {
  GlobalOptions globals;
  set_log_levels(globals);

  CLI::App app("Pictures from prompts with Z-Anime and Z-Image models.", "zanime");
  app.set_version_flag("--version", std::string("zanime ") + version());
  app.set_help_flag("-h,--help", "Print this help");
  app.option_defaults()->always_capture_default(false);
  app.fallthrough();  // options of the program may follow a command
  app.require_subcommand(0, 1);
  app.add_option("--threads", globals.backend.threads,
                 "CPU threads to use (default: one a core, within the quota of a container)")
      ->check(CLI::Range(1, kMaxThreads))
      ->type_name("N");
  app.add_option("--device", globals.backend.device,
                 "Where to compute: cpu; cuda or cuda:N, an NVIDIA card, where the program was "
                 "built for cards; auto takes a card that can be used (default auto)")
      ->type_name("NAME");
  app.add_option_function<std::string>(
         "--compute",
         [&globals](const std::string& name) {
           globals.backend.compute = ops::parse_compute(name);
         },
         "What matrix products are computed in: fp32; bf16, faster where the CPU has it; int8, "
         "faster on many, with a slightly different picture; fp8, on cards; auto takes bf16 or "
         "fp32 (default auto)")
      ->type_name("TYPE");
  app.add_option("--memory", globals.backend.memory,
                 "Memory for weights that stay converted between steps, such as 6GB; helps int8 "
                 "(default 0). On a card, all that may be taken of its memory (default what is "
                 "free)")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/true))
      ->type_name("SIZE");
  app.add_option("--extra-model-paths", globals.extra_model_paths,
                 "ComfyUI's list of further model folders (repeatable; default: "
                 "extra_model_paths.yaml beside the models root)")
      ->take_all()
      ->allow_extra_args(false)
      ->type_name("FILE");
  auto* quiet = app.add_flag("--quiet,-q", globals.quiet, "No progress and no notes");
  app.add_flag("--verbose,-v", globals.verbose, "Say more, a line at a time")->excludes(quiet);
  app.add_flag("--json", globals.json, "Print the result, or the error, as one JSON object");
  app.parse_complete_callback([&globals] {
    set_thread_count(globals.backend.threads > 0 ? globals.backend.threads
                                                 : default_thread_count());
    if (thread_count() > kMaxThreads) {
      throw Error(ErrorKind::kResource, "OMP_NUM_THREADS asks for " +
                                            std::to_string(thread_count()) + " threads; up to " +
                                            std::to_string(kMaxThreads) + " are started");
    }
    require_threads(thread_count());
    if (globals.backend.memory > 0 && globals.backend.device == "cpu" &&
        globals.backend.compute != ops::Compute::kInt8) {
      log_warning(
          "--memory buys nothing without --compute int8: elsewhere converting the "
          "weights is a small part of a step");
    }
  });
  add_generate_command(app, globals, cancel);
  add_run_command(app, globals, cancel);
  add_upscale_command(app, globals, cancel);
  add_graph_command(app, globals);
  add_nodes_command(app, globals);
  add_inspect_command(app, globals);
  add_verify_command(app, globals, cancel);
  add_fetch_command(app, globals, cancel);
  add_bench_command(app, globals, cancel);
  add_lab_commands(app, globals, cancel);
  app.footer(
      "Exit codes: 0 done, 1 another picture (verify), 2 usage, 3 graph, 4 file,\n"
      "5 numbers that are not finite, 6 memory, disk or permission, 70 a defect of the program,\n"
      "130 stopped.");

  try {
    app.parse(argc, argv);
    files::throw_if_cut_short();
    if (app.get_subcommands().empty()) std::cout << app.help();
    std::cout << std::flush;
    if (!std::cout) throw Error(ErrorKind::kResource, "writing to standard output failed");
    return 0;
  } catch (const DifferentPicture&) {
    std::cout << std::flush;
    if (std::cout) return 1;
    return report(Error(ErrorKind::kResource, "writing to standard output failed"), globals);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version
      app.exit(error);
      std::cout << std::flush;
      if (std::cout) return 0;
      return report(Error(ErrorKind::kResource, "writing to standard output failed"), globals);
    }
    return report(usage_error(app, error, argc, argv), globals);
  } catch (const Error& error) {
    return report(error, globals);
  } catch (const std::bad_alloc&) {
    return report(Error(ErrorKind::kResource, "not enough memory"), globals);
  } catch (const std::exception& error) {
    return report(Error(ErrorKind::kInternal, std::string(error.what()) + " (please report this)"),
                  globals);
  }
}

}  // namespace zanime::cli
