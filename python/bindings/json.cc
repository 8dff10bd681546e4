#include <cmath>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "bindings.h"

namespace nb = nanobind;

namespace zanime::python {

using nlohmann::ordered_json;

namespace {

ordered_json integer(nb::handle value) {
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
  if (overflow == 0) return static_cast<int64_t>(number);
  const unsigned long long large = overflow > 0 ? PyLong_AsUnsignedLongLong(value.ptr()) : 0;
  if (overflow > 0 && !PyErr_Occurred()) return static_cast<uint64_t>(large);
  PyErr_Clear();
  const double rough = PyLong_AsDouble(value.ptr());
  if (PyErr_Occurred()) {
    PyErr_Clear();
    return overflow > 0 ? HUGE_VAL : -HUGE_VAL;
  }
  return rough;
}

std::string text(nb::handle value, const char* what) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(value.ptr(), &size);
  if (data == nullptr) {
    PyErr_Clear();
    throw Error(ErrorKind::kUsage, std::string(what) +
                                       " has half a surrogate pair, which is no character; decode "
                                       "it as UTF-8");
  }
  return {data, static_cast<size_t>(size)};
}

// Lists in lists end somewhere, or with RecursionError.
class Nesting {
 public:
  Nesting() {
    if (Py_EnterRecursiveCall(" in a value for zanime") != 0) throw nb::python_error();
  }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  ~Nesting() { Py_LeaveRecursiveCall(); }
};

}  // namespace

ordered_json to_json(nb::handle value, const char* what) {
  const Nesting nesting;
  if (value.is_none()) return nullptr;
  if (PyBool_Check(value.ptr())) return value.ptr() == Py_True;
  if (PyFloat_Check(value.ptr())) return PyFloat_AS_DOUBLE(value.ptr());
  if (PyUnicode_Check(value.ptr())) return text(value, what);
  if (PyDict_Check(value.ptr())) {
    ordered_json object = ordered_json::object();
    for (const auto& [key, item] : nb::borrow<nb::dict>(value)) {
      object[text(nb::str(key), what)] = to_json(item, what);
    }
    return object;
  }
  if (PyList_Check(value.ptr()) || PyTuple_Check(value.ptr())) {
    ordered_json list = ordered_json::array();
    for (const nb::handle item : nb::borrow<nb::sequence>(value)) {
      list.push_back(to_json(item, what));
    }
    return list;
  }
  // numpy's integers and floats offer these protocols.
  if (PyIndex_Check(value.ptr())) {
    return integer(nb::steal(PyNumber_Index(value.ptr())));
  }
  if (nb::hasattr(value, "__fspath__")) return text(value.attr("__fspath__")(), what);
  if (PyNumber_Check(value.ptr()) != 0) return nb::cast<double>(nb::float_(value));
  throw Error(ErrorKind::kUsage, std::string(what) + " is a " +
                                     std::string(nb::inst_name(value).c_str()) +
                                     ", which has no meaning here");
}

nb::object from_json(const ordered_json& value) {
  switch (value.type()) {
    case ordered_json::value_t::boolean:
      return nb::bool_(value.get<bool>());
    case ordered_json::value_t::number_integer:
      return nb::int_(value.get<int64_t>());
    case ordered_json::value_t::number_unsigned:
      return nb::int_(value.get<uint64_t>());
    case ordered_json::value_t::number_float:
      return nb::float_(value.get<double>());
    case ordered_json::value_t::string: {
      const auto& string = value.get_ref<const std::string&>();
      return nb::str(string.data(), string.size());
    }
    case ordered_json::value_t::array: {
      nb::list list;
      for (const ordered_json& item : value) list.append(from_json(item));
      return list;
    }
    case ordered_json::value_t::object: {
      nb::dict dict;
      for (const auto& [key, item] : value.items()) {
        dict[nb::str(key.data(), key.size())] = from_json(item);
      }
      return dict;
    }
    default:
      return nb::none();
  }
}

}  // namespace zanime::python
