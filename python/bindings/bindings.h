// The pieces of the extension module `zanime._native`.
#pragma once

#include <nanobind/nanobind.h>
#include <nlohmann/json.hpp>

namespace zanime::python {

// Error becomes the class of zanime.errors for its kind.
void bind_errors();
// Warnings and notes go to the logger `zanime` of Python's logging. They are given while the
// interpreter's lock is taken: whatever may log is to be called without it.
void send_log_to_python();
void bind_params(nanobind::module_& module);
void bind_results(nanobind::module_& module);
void bind_engine(nanobind::module_& module);
void bind_fetch(nanobind::module_& module);
// What requests may hold, for pages that offer it: samplers, sizes, limits.
void bind_choices(nanobind::module_& module);

// None, bool, int, float, str, list, tuple and dict as JSON and back. An integer beyond 64 bits
// becomes a float, as in JSON readers. Throws Error(kUsage) for anything else, named by `what`.
nlohmann::ordered_json to_json(nanobind::handle value, const char* what);
nanobind::object from_json(const nlohmann::ordered_json& value);

}  // namespace zanime::python
