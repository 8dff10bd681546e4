#include <exception>
#include <new>
#include <string>

#include "base/error.h"
#include "base/log.h"
#include "bindings.h"

namespace nb = nanobind;

namespace zanime::python {
namespace {

const char* class_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return "UsageError";
    case ErrorKind::kGraph:
      return "GraphError";
    case ErrorKind::kFile:
      return "FileError";
    case ErrorKind::kNumeric:
      return "NumericError";
    case ErrorKind::kResource:
      return "ResourceError";
    case ErrorKind::kCancelled:
      return "CancelledError";
    case ErrorKind::kInternal:
      break;
  }
  return "InternalError";
}

}  // namespace

void bind_errors() {
  nb::register_exception_translator([](const std::exception_ptr& thrown, void*) {
    try {
      std::rethrow_exception(thrown);
    } catch (const Error& error) {
      const nb::object type = nb::module_::import_("zanime.errors").attr(class_of(error.kind()));
      PyErr_SetString(type.ptr(), error.what());
    }
  });
}

void send_log_to_python() {
  set_log_sink([](LogLevel level, const std::string& message) {
    if (!Py_IsInitialized()) return;
    const nb::gil_scoped_acquire locked;
    const char* method = level == LogLevel::kWarning ? "warning"
                         : level == LogLevel::kInfo  ? "info"
                                                     : "debug";
    try {
      nb::module_::import_("logging").attr("getLogger")("zanime").attr(method)(
          "%s", nb::str(message.data(), message.size()));
    } catch (nb::python_error& error) {
      error.discard_as_unraisable("a message of zanime");
    }
  });
}

}  // namespace zanime::python
