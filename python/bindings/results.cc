#include "results.h"

#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include <nanobind/ndarray.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "base/files/atomic_file.h"
#include "bindings.h"
#include "engine/params_json.h"
#include "pictures/picture_file.h"

namespace nb = nanobind;

namespace zanime::python {
namespace {

using nlohmann::ordered_json;

const Picture& picture_at(const Result& result, int64_t index) {
  const auto count = static_cast<int64_t>(result.pictures.size());
  if (index < -count || index >= count) {
    throw nb::index_error(("there are " + std::to_string(count) + " pictures").c_str());
  }
  return result.pictures[static_cast<size_t>(index < 0 ? index + count : index)];
}

std::vector<std::byte> png_of(const Picture& picture) {
  return pictures::encode_png(picture.rgb, picture.width, picture.height,
                              {picture.graph, picture.parameters});
}

nb::list pictures(const Result& result) {
  nb::list arrays;
  for (const Picture& picture : result.pictures) arrays.append(to_array(picture));
  return arrays;
}

nb::object seed(const Result& result) {
  return result.params && result.params->seed ? from_json(*result.params->seed) : nb::none();
}

nb::object params(const Result& result) {
  return result.params ? nb::cast(*result.params) : nb::none();
}

nb::bytes png(const Result& result, int64_t index) {
  const Picture& picture = picture_at(result, index);
  std::vector<std::byte> bytes;
  {
    const nb::gil_scoped_release unlocked;
    bytes = png_of(picture);
  }
  return nb::bytes(bytes.data(), bytes.size());
}

void save(const Result& result, const std::filesystem::path& path, int64_t index) {
  const Picture& picture = picture_at(result, index);
  const nb::gil_scoped_release unlocked;
  const std::vector<std::byte> bytes = png_of(picture);
  files::AtomicFile file(path, bytes.size());
  file.write_at(0, bytes);
  file.commit();
}

// Pickled as JSON text, and the pictures' bytes beside it.
nb::tuple get_state(const Result& result) {
  ordered_json about = ordered_json::array();
  nb::list bytes;
  for (const Picture& picture : result.pictures) {
    about.push_back({picture.width, picture.height, picture.graph, picture.parameters});
    bytes.append(nb::bytes(picture.rgb.data(), picture.rgb.size()));
  }
  const ordered_json object = {
      {"pictures", std::move(about)},
      {"params", result.params ? engine::to_json(*result.params) : ordered_json()},
      {"graph", result.graph},
      {"warnings", result.warnings},
      {"timings", result.timings},
      {"seconds", result.seconds}};
  const std::string text = object.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  return nb::make_tuple(nb::str(text.data(), text.size()), bytes);
}

void set_state(Result& self, const nb::tuple& state) {
  new (&self) Result();
  const auto object = ordered_json::parse(nb::cast<std::string>(state[0]));
  const auto bytes = nb::cast<nb::list>(state[1]);
  for (size_t i = 0; i < nb::len(bytes); ++i) {
    const ordered_json& about = object.at("pictures").at(i);
    const auto rgb = nb::cast<nb::bytes>(bytes[i]);
    const auto* data = static_cast<const uint8_t*>(rgb.data());
    self.pictures.push_back({about[0], about[1], {data, data + rgb.size()}, about[2], about[3]});
  }
  if (!object.at("params").is_null()) self.params = engine::params_from_json(object.at("params"));
  self.graph = object.at("graph");
  self.warnings = object.at("warnings");
  self.timings = object.at("timings");
  self.seconds = object.at("seconds");
}

void bind_progress(nb::module_& module) {
  nb::class_<Progress>(module, "Progress", "One thing that happened while a graph ran.")
      .def_ro("event", &Progress::event, "``started``, ``cached``, ``step`` or ``finished``")
      .def_ro("node_id", &Progress::node_id, "Id of the node in the graph.")
      .def_ro("node", &Progress::node, "What a person calls the node: its title or display name.")
      .def_ro("step", &Progress::step, "Steps done, 1 to total; 0 unless event is ``step``.")
      .def_ro("total", &Progress::total, "Steps of this node; 0 unless event is ``step``.")
      .def_ro("seconds", &Progress::seconds, "Wall time of the node or the step.")
      .def_ro("preview", &Progress::preview,
              nb::for_getter(
                  nb::sig("def preview(self, /) -> numpy.typing.NDArray[numpy.uint8] | None")),
              "The first picture as the sampler expects it, uint8 array\n"
              "[height / 8, width / 8, 3]; None unless event is ``step`` and the model's latents\n"
              "can be seen.");
}

}  // namespace

Picture to_picture(const Tensor& pixels, int64_t index) {
  const Tensor one = pixels.rank() == 4 ? pixels.rows(index, 1) : pixels;
  return {one.dim(-2), one.dim(-3), pictures::picture_bytes(one), "", ""};
}

Result::Result(const engine::EngineResult& result)
    : graph(result.graph),
      warnings(result.warnings),
      timings(ordered_json::array()),
      seconds(result.seconds) {
  for (const engine::EnginePicture& made : result.pictures) {
    Picture picture = to_picture(made.pixels, 0);
    picture.graph = made.graph;
    picture.parameters = made.parameters;
    pictures.push_back(std::move(picture));
  }
  for (const graph::NodeTiming& node : result.report.nodes) {
    timings.push_back({{"id", node.node_id},
                       {"class", node.class_type},
                       {"cached", node.cached},
                       {"seconds", node.seconds}});
  }
}

nb::object to_array(const Picture& picture) {
  auto copy = std::make_unique<uint8_t[]>(picture.rgb.size());
  std::memcpy(copy.get(), picture.rgb.data(), picture.rgb.size());
  uint8_t* data = copy.release();
  const nb::capsule owner(data,
                          [](void* memory) noexcept { delete[] static_cast<uint8_t*>(memory); });
  const auto height = static_cast<size_t>(picture.height),
             width = static_cast<size_t>(picture.width);
  const size_t shape[] = {height, width, picture.rgb.size() / (height * width)};
  return nb::cast(nb::ndarray<nb::numpy, uint8_t>(data, 3, shape, owner));
}

void bind_results(nb::module_& module) {
  bind_progress(module);
  nb::class_<Result>(module, "Result",
                     "What a run gave. Can be pickled, so that a worker process can send it.")
      .def_prop_ro("pictures", &pictures,
                   nb::for_getter(
                       nb::sig("def pictures(self, /) -> list[numpy.typing.NDArray[numpy.uint8]]")),
                   "The pictures as uint8 arrays [height, width, 3], values as in their PNG files.")
      .def_prop_ro("seed", &seed, nb::for_getter(nb::sig("def seed(self, /) -> int | None")),
                   "The seed of generate(), 0 to 2**64 - 1; None for run().")
      .def_prop_ro("params", &params,
                   nb::for_getter(nb::sig("def params(self, /) -> GenerationParams | None")),
                   "Of generate(): the request with its seed, size and files filled in.")
      .def_prop_ro(
          "graph", [](const Result& self) { return from_json(self.graph); },
          nb::for_getter(nb::sig("def graph(self, /) -> dict[str, typing.Any]")),
          "What ran, in ComfyUI's API form; run() takes it.")
      .def_prop_ro(
          "parameters",
          [](const Result& self) {
            return self.pictures.empty() ? std::string() : self.pictures.front().parameters;
          },
          "Readable text of the first picture's settings, which its PNG carries.")
      .def_ro("warnings", &Result::warnings, "Sentences about the graph.")
      .def_prop_ro(
          "timings", [](const Result& self) { return from_json(self.timings); },
          nb::for_getter(nb::sig("def timings(self, /) -> list[dict[str, typing.Any]]")),
          "Each node in the order they ran: ``id``, ``class``, ``cached``, ``seconds``.")
      .def_ro("seconds", &Result::seconds, "Wall time of the whole run.")
      .def("png", &png, nb::arg("index") = 0,
           "The bytes of the PNG file of a picture, which carries how it was made: the very file\n"
           "that the program writes. Raises IndexError.")
      .def("save", &save, nb::arg("path"), nb::arg("index") = 0,
           "Writes that file; one that is there is replaced once the new one is complete. Raises\n"
           "IndexError, FileError (no such folder) and ResourceError (disk full, no permission).")
      .def("__getstate__", &get_state)
      .def("__setstate__", &set_state);
}

}  // namespace zanime::python
