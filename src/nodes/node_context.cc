#include "nodes/node_context.h"

#include "base/error.h"
#include "base/text/quoted.h"

namespace zanime::nodes {

void PictureSink::save_file(const FileToSave& file) {
  throw Error(ErrorKind::kUsage, "node " + text::quoted(file.node_id) + " writes a " +
                                     file.extension +
                                     " file, which only `zanime run` keeps: run the graph with it");
}

}  // namespace zanime::nodes
