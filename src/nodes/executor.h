// Runs graphs, and remembers what nodes gave.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nodes/graph.h"
#include "nodes/node_context.h"
#include "nodes/registry.h"

namespace zanime::nodes {

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
  PictureSink& pictures;
  const CancelToken& cancel;
  ProgressCallback progress;  // may be empty
};

// Keeps node outputs between runs, by the node's class and inputs all the way up, and for inputs
// that name a model file by that file's path, size and time of change. So a changed seed reruns
// the sampler and what follows it, nothing else. Not thread-safe: one executor per worker.
class Executor {
 public:
  Executor(std::shared_ptr<ops::Backend> backend, const ModelFiles& files);

  // Runs what the output nodes need, each node once, inputs first. Output nodes always run.
  // Throws Error with the node in front: `KSampler (node 8): …`. A tensor with a number that is
  // not finite is Error(kNumeric) at the node that made it.
  ExecutionReport run(const Graph& graph, const ExecutionHooks& hooks);

  void clear_cache();

 private:
  struct Entry {
    std::vector<Value> outputs;
    int64_t bytes = 0;
    std::list<std::string>::iterator recent;
  };

  const std::vector<Value>* lookup(const std::string& signature);
  void remember(const std::string& signature, std::vector<Value> outputs);

  std::shared_ptr<ops::Backend> backend_;
  const ModelFiles& files_;
  std::map<std::string, Entry> cache_;
  std::list<std::string> recent_;  // signatures, most recently used first
  int64_t cached_bytes_ = 0;
};

}  // namespace zanime::nodes
