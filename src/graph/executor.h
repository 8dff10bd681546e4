// Runs graphs, and remembers what nodes gave.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/registry.h"
#include "nodes/node_context.h"

namespace zanime::graph {

struct NodeTiming {
  std::string node_id;
  std::string class_type;
  bool cached = false;
  double seconds = 0;
};

struct ExecutionReport {
  std::vector<NodeTiming> nodes;  // in the order they ran
};

// What a run reports to and writes to.
struct ExecutionHooks {
  nodes::PictureSink& pictures;
  const CancelToken& cancel;
  nodes::ProgressCallback progress;     // may be empty
  nodes::PreviewCallback preview = {};  // may be empty: then previews cost nothing
};

// Keeps node outputs between runs, by the node's class and inputs all the way up, and for inputs
// that name a model file by that file's path, size and time of change. So a changed seed reruns
// the sampler and what follows it, nothing else. Not thread-safe: one executor per worker.
class Executor {
 public:
  // `files` must outlive the executor.
  Executor(std::shared_ptr<ops::Backend> backend, const nodes::ModelFiles& files);

  // Runs what the output nodes need, each node once (with lists: once for every item), inputs
  // first. Output nodes always run. What only lazy inputs need runs when the node that has them
  // asks. Throws Error with the node in front: `KSampler (node 8): …`. A tensor with a number that
  // is not finite is Error(kNumeric) at the node that made it. Error(kCancelled) stays bare.
  ExecutionReport run(const Graph& graph, const ExecutionHooks& hooks);

  void clear_cache();

 private:
  using SignatureId = uint64_t;
  using Outputs = std::shared_ptr<const std::vector<nodes::Value>>;

  struct Entry {
    Outputs outputs;
    int64_t bytes = 0;
    std::list<SignatureId>::iterator recency;
  };

  // Equal ids stand for equal signatures, which are too long to nest.
  SignatureId signature_id(const std::string& signature);
  SignatureId signature_of(const Node& node, const std::map<std::string, SignatureId>& upstream);
  Outputs recall(SignatureId id);
  void remember(SignatureId id, const Outputs& outputs);

  std::shared_ptr<ops::Backend> backend_;
  const nodes::ModelFiles& files_;

  std::map<std::string, SignatureId> signature_ids_;
  SignatureId next_signature_ = 1;
  std::map<SignatureId, Entry> cache_;
  std::list<SignatureId> recency_;  // most recently used first
  int64_t cached_bytes_ = 0;
};

}  // namespace zanime::graph
