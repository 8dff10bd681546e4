#include "bindings.h"
#include "engine/version.h"

NB_MODULE(_native, module) {
  using namespace zanime::python;
  module.doc() = "The engine behind the package zanime.";
  module.attr("__version__") = zanime::version();
  bind_errors();
  send_log_to_python();
  bind_params(module);
  bind_results(module);
  bind_engine(module);
  bind_fetch(module);
  bind_choices(module);
}
