#include "graph/workflow/unwrap.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/editor_workflow.h"
#include "tests/support/expect_error.h"
#include "tests/support/sample_graphs.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;
using namespace zanime::testing;

TEST(Unwrapped, FindsTheGraphInWhatServicesGive) {
  const ordered_json graph = plain_workflow(), editor = plain_editor_workflow();
  const ordered_json entry = {
      5, "some-id", graph, {{"extra_pnginfo", {{"workflow", editor}}}}, {"9"}};
  const ordered_json nothing = ordered_json::array();
  for (const ordered_json& wrapped : {
           graph,
           ordered_json{{"prompt", graph}, {"extra_data", {{"workflow", editor}}}},
           ordered_json{{"workflow", editor}, {"output", graph}},
           ordered_json{{"input", {{"workflow", graph}, {"images", nothing}}}},
           ordered_json::array({graph}),
           entry,
           ordered_json{{"some-id", {{"prompt", entry}, {"outputs", {{"9", nothing}}}}}},
           ordered_json{{"queue_running", {entry}}, {"queue_pending", nothing}},
       }) {
    EXPECT_EQ(unwrapped(wrapped), graph) << wrapped.dump().substr(0, 100);
  }
  EXPECT_EQ(unwrapped({{"workflow", editor}}), editor);
  EXPECT_EQ(unwrapped({{"prompt", "1girl"}, {"workflow", editor}}), editor);
}

TEST(Unwrapped, LeavesWhatHasNoGraph) {
  for (const char* text : {"[]", "{}", "3", R"({"1": {"inputs": {}}})", R"({"prompt": "1girl"})"}) {
    EXPECT_EQ(unwrapped(ordered_json::parse(text)).dump(), ordered_json::parse(text).dump());
  }
}

TEST(Unwrapped, DoesNotChooseAmongSeveral) {
  const ordered_json entry = {5, "id", plain_workflow(), ordered_json::object(), {"9"}};
  expect_error(ErrorKind::kGraph, "2 graphs", [&] {
    unwrapped({{"a", {{"prompt", entry}}}, {"b", {{"prompt", entry}}}});
  });
}

}  // namespace
}  // namespace zanime::graph
