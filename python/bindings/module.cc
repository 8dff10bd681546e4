#include "base/version.h"
#include "bindings.h"

NB_MODULE(_native, module) {
  using namespace zanime::python;
  module.doc() = "The engine behind the package zanime.";
  module.attr("__version__") = zanime::version();
  zanime::python::bind_errors();
  zanime::python::send_log_to_python();
  zanime::python::bind_params(module);
  zanime::python::bind_results(module);
  zanime::python::bind_engine(module);
  zanime::python::bind_fetch(module);
  zanime::python::bind_choices(module);
}
