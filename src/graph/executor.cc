#include "graph/executor.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <new>
#include <set>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/files/mapping_guard.h"
#include "base/text/quoted.h"
#include "checkpoints/split_model.h"
#include "nodes/input_value.h"

namespace zanime::graph {
namespace {

// Networks are mapped files and cost next to nothing; pictures and latents count.
constexpr int64_t kCacheBytes = int64_t{512} << 20;
constexpr size_t kCacheEntries = 64;
constexpr size_t kKnownSignatures = 4096;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

int64_t bytes_of(const std::vector<nodes::Value>& outputs) {
  int64_t bytes = 0;
  for (const nodes::Value& value : outputs) {
    for (const Tensor& tensor : nodes::tensors_of(value)) {
      bytes += tensor.size() * static_cast<int64_t>(sizeof(float));
    }
  }
  return bytes;
}

// The links a node will follow as far as `known` values tell, in the order in which it declares its
// inputs: the model before the prompt.
std::vector<std::pair<std::string, Link>> followed_links(const Node& node,
                                                         const nodes::Arguments& known) {
  std::vector<std::pair<std::string, Link>> links;
  for (const nodes::InputSpec& input : node.type->inputs) {
    const auto found = node.inputs.find(input.name);
    if (found == node.inputs.end()) continue;
    const Link* link = std::get_if<Link>(&found->second);
    if (link == nullptr) continue;
    if (node.type->ignores && node.type->ignores(input.name, known)) continue;
    links.emplace_back(input.name, *link);
  }
  return links;
}

// The same before anything has run.
std::vector<std::pair<std::string, Link>> followed_links(const Node& node) {
  return followed_links(node, nodes::Arguments(plain_values(node)));
}

bool is_lazy(const Node& node, const std::string& input) {
  return node.type->find_input(input)->is_lazy;
}

// Nodes that run whatever the lazy inputs turn out to need, given those whose results are
// remembered.
std::set<const Node*> certain_nodes(const Graph& graph,
                                    const std::set<std::string>& remembered = {}) {
  std::map<std::string, const Node*> by_id;
  for (const Node& node : graph.nodes) by_id[node.id] = &node;
  std::set<const Node*> certain;
  std::vector<const Node*> open;
  for (const Node& node : graph.nodes) {
    if (node.type->is_output && certain.insert(&node).second) open.push_back(&node);
  }
  while (!open.empty()) {
    const Node* node = open.back();
    open.pop_back();
    if (remembered.contains(node->id)) continue;
    for (const auto& [name, link] : followed_links(*node)) {
      const Node* source = by_id.at(link.node_id);
      if (!is_lazy(*node, name) && certain.insert(source).second) open.push_back(source);
    }
  }
  return certain;
}

bool names_a_file(const Node& node) {
  for (const nodes::InputSpec& input : node.type->inputs) {
    if (!input.folder.empty()) return true;
  }
  return false;
}

// Inputs before the nodes that use them. What opens files comes first: it costs little, and a wrong
// file shows before minutes of sampling. Otherwise the order in which outputs ask for their inputs.
// The graph has no circles. Without recursion: a chain may have thousands of nodes.
std::vector<const Node*> execution_order(const Graph& graph) {
  const std::set<const Node*> certain = certain_nodes(graph);
  std::map<std::string, const Node*> by_id;
  for (const Node& node : graph.nodes) by_id[node.id] = &node;
  const auto sources_of = [&](const Node& node) {
    std::vector<const Node*> sources;
    for (const auto& [name, link] : followed_links(node)) sources.push_back(by_id.at(link.node_id));
    return sources;
  };

  struct Frame {
    const Node* node;
    std::vector<const Node*> sources;
    size_t next = 0;
  };
  std::vector<const Node*> order;
  std::set<const Node*> seen;
  for (const Node& node : graph.nodes) {
    if (certain.contains(&node) && names_a_file(node) && followed_links(node).empty() &&
        seen.insert(&node).second) {
      order.push_back(&node);
    }
  }
  for (const Node& start : graph.nodes) {
    if (!start.type->is_output || !seen.insert(&start).second) continue;
    std::vector<Frame> stack{{&start, sources_of(start)}};
    while (!stack.empty()) {
      Frame& frame = stack.back();
      if (frame.next == frame.sources.size()) {
        order.push_back(frame.node);
        stack.pop_back();
        continue;
      }
      const Node* source = frame.sources[frame.next++];
      if (seen.insert(source).second) stack.push_back({source, sources_of(*source)});
    }
  }
  return order;
}

// Text that no other value has.
std::string serialised(const nodes::Value& value) {
  std::ostringstream out;
  out << nodes::value_type_name(value) << ' ';
  if (const auto* boolean = std::get_if<bool>(&value)) out << *boolean;
  if (const auto* integer = std::get_if<nodes::WideInt>(&value)) out << nodes::to_string(*integer);
  if (const auto* real = std::get_if<double>(&value)) out << std::hexfloat << *real;
  if (const auto* text = std::get_if<std::string>(&value)) out << text->size() << ' ' << *text;
  if (const auto* json = std::get_if<nodes::Json>(&value)) out << json->value.dump();
  return out.str();
}

// Path, size and time of change: another file under the same name is another input.
std::string file_identity(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  const auto time = std::filesystem::last_write_time(path, error);
  std::ostringstream out;
  out << path.string().size() << ' ' << path.string() << ' ' << size << ' '
      << time.time_since_epoch().count();
  return out.str();
}

// The same of a model that may be kept in several files: all of them count.
std::string model_identity(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  if (!checkpoints::is_split_model(path)) return file_identity(path);
  std::error_code error;
  const bool is_folder = fs::is_directory(path, error);
  // "model" of model-00001-of-00003.safetensors and of model.safetensors.index.json.
  const std::string name = path.filename().string();
  const std::string stem = is_folder ? "" : name.substr(0, name.find_first_of("-."));
  std::set<fs::path> parts;
  constexpr size_t kMostParts = 10000;
  for (fs::recursive_directory_iterator entry(is_folder ? path : path.parent_path(), error), end;
       !error && entry != end && parts.size() < kMostParts; entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_directory(ignored) && (!is_folder || entry.depth() > 0)) {
      entry.disable_recursion_pending();
    }
    const bool is_part = entry->path().filename().string().starts_with(stem);
    if (is_part && entry->is_regular_file(ignored)) parts.insert(entry->path());
  }
  std::string identity = file_identity(path);
  for (const fs::path& part : parts) identity += '\n' + file_identity(part);
  return identity;
}

void check_finite(const std::vector<nodes::Value>& outputs) {
  for (const nodes::Value& value : outputs) {
    for (const Tensor& tensor : nodes::tensors_of(value)) {
      if (all_finite(tensor)) continue;
      throw Error(ErrorKind::kNumeric,
                  "its " + std::string(nodes::value_type_name(value)) + " " +
                      tensor.shape().to_string() +
                      " holds numbers that are not finite (NaN or infinity). A model file that "
                      "is damaged or of another family is the usual cause; `zanime inspect FILE` "
                      "looks into one");
    }
  }
}

// Combining conditionings adds up their lists, and each entry costs an evaluation at each step.
constexpr size_t kMaxConditionings = 1000;

void check_size(const std::vector<nodes::Value>& outputs) {
  for (const nodes::Value& value : outputs) {
    const auto* conditioning = std::get_if<nodes::Conditioning>(&value);
    if (conditioning == nullptr || conditioning->size() <= kMaxConditionings) continue;
    throw Error(ErrorKind::kResource,
                "its CONDITIONING has " + std::to_string(conditioning->size()) +
                    " entries; the limit is " + std::to_string(kMaxConditionings));
  }
}

using NodeOutputs = std::shared_ptr<const std::vector<nodes::Value>>;
using Results = std::map<std::string, NodeOutputs>;

// How often a node with these inputs runs: once for each item of its longest list.
size_t run_count(const nodes::NodeType& type, const std::map<std::string, nodes::Value>& inputs) {
  if (type.takes_lists) return 1;
  size_t count = 1;
  for (const auto& [name, value] : inputs) {
    const auto* list = std::get_if<nodes::Items>(&value);
    if (list == nullptr) continue;
    if ((*list)->values.empty()) {
      throw Error(ErrorKind::kGraph, "input `" + name + "` was given an empty list");
    }
    count = std::max(count, (*list)->values.size());
  }
  return count;
}

// The inputs of run `index`: the item of each list at that place, its last where it is shorter.
nodes::Arguments inputs_of_run(const std::map<std::string, nodes::Value>& inputs, size_t index) {
  std::map<std::string, nodes::Value> values;
  for (const auto& [name, value] : inputs) {
    const auto* list = std::get_if<nodes::Items>(&value);
    if (list == nullptr) {
      values.emplace(name, value);
    } else {
      values.emplace(name, (*list)->values[std::min(index, (*list)->values.size() - 1)]);
    }
  }
  return nodes::Arguments(std::move(values));
}

// One run of a graph: the outputs that are needed on the way.
class Run {
 public:
  Run(const Graph& graph, const ExecutionHooks& hooks, ops::Backend& backend,
      const nodes::ModelFiles& files)
      : graph_(graph), hooks_(hooks), backend_(backend), files_(files) {}

  // The sources that a node still needs before it can run, given the results there are: those of
  // its lazy inputs only when the others are known.
  std::vector<std::string> missing_sources(const Node& node, const Results& results) const {
    const nodes::Arguments plain(plain_values(node));
    std::vector<std::string> missing, lazy_missing;
    bool has_lazy = false;
    for (const auto& [name, link] : followed_links(node, plain)) {
      has_lazy = has_lazy || is_lazy(node, name);
      if (results.contains(link.node_id)) continue;
      (is_lazy(node, name) ? lazy_missing : missing).push_back(link.node_id);
    }
    if (!missing.empty() || !has_lazy) return missing;
    lazy_missing.clear();
    for (const auto& [name, link] : needed_links(node, results)) {
      if (!results.contains(link.node_id)) lazy_missing.push_back(link.node_id);
    }
    return lazy_missing;
  }

  NodeOutputs execute(const Node& node, const Results& results) {
    const std::map<std::string, nodes::Value> inputs = gather(node, results);
    Clock::time_point last_step = Clock::now();
    nodes::NodeContext context{backend_, files_, hooks_.pictures, hooks_.cancel, graph_.json,
                               node.id,  {}};
    context.report_step = [&](int done, int total) {
      nodes::ProgressEvent event = this->event(nodes::ProgressEvent::Kind::kStep, node);
      event.seconds = seconds_since(last_step);
      event.step = done;
      event.steps = total;
      last_step = Clock::now();
      report(event);
    };
    if (hooks_.preview) {
      context.show_preview = [&](int done, int total, Tensor pixels) {
        hooks_.preview({node.id, done, total, std::move(pixels)});
      };
      context.preview_vae = decoding_vae(node, results);
    }
    std::vector<nodes::Value> outputs = run_for_items(node, inputs, context);
    check_size(outputs);
    check_finite(outputs);
    return std::make_shared<const std::vector<nodes::Value>>(std::move(outputs));
  }

  // A model file that became shorter meanwhile is the cause of whatever else went wrong.
  static std::vector<nodes::Value> run_node(const nodes::NodeType& type,
                                            const nodes::Arguments& arguments,
                                            nodes::NodeContext& context) {
    try {
      std::vector<nodes::Value> outputs = type.run(arguments, context);
      files::throw_if_cut_short();
      return outputs;
    } catch (const std::exception&) {
      files::throw_if_cut_short();
      throw;
    }
  }

  void report(const nodes::ProgressEvent& event) const {
    if (hooks_.progress) hooks_.progress(event);
  }

  nodes::ProgressEvent event(nodes::ProgressEvent::Kind kind, const Node& node) const {
    nodes::ProgressEvent event;
    event.kind = kind;
    event.node_id = node.id;
    event.class_type = node.class_type;
    event.title = node.title.empty() ? node.type->display_name : node.title;
    return event;
  }

 private:
  static std::vector<nodes::Value> run_once(const Node& node, const nodes::Arguments& arguments,
                                            nodes::NodeContext& context) {
    std::vector<nodes::Value> outputs = run_node(*node.type, arguments, context);
    if (outputs.size() != node.type->outputs.size()) {
      throw Error(ErrorKind::kInternal,
                  "gave " + std::to_string(outputs.size()) + " outputs instead of " +
                      std::to_string(node.type->outputs.size()) + " (please report this)");
    }
    return outputs;
  }

  std::vector<nodes::Value> run_for_items(const Node& node,
                                          const std::map<std::string, nodes::Value>& inputs,
                                          nodes::NodeContext& context) const {
    const bool has_lists =
        !node.type->takes_lists && std::any_of(inputs.begin(), inputs.end(), [](const auto& input) {
          return std::holds_alternative<nodes::Items>(input.second);
        });
    if (!has_lists) return run_once(node, nodes::Arguments(inputs), context);

    std::vector<std::vector<nodes::Value>> joined(node.type->outputs.size());
    const size_t count = run_count(*node.type, inputs);
    for (size_t i = 0; i < count; ++i) {
      hooks_.cancel.throw_if_cancelled();
      std::vector<nodes::Value> outputs = run_once(node, inputs_of_run(inputs, i), context);
      for (size_t k = 0; k < outputs.size(); ++k) {
        const auto* list = std::get_if<nodes::Items>(&outputs[k]);
        if (list != nullptr && node.type->outputs[k].is_list) {
          joined[k].insert(joined[k].end(), (*list)->values.begin(), (*list)->values.end());
        } else {
          joined[k].push_back(std::move(outputs[k]));
        }
      }
    }
    std::vector<nodes::Value> outputs;
    for (std::vector<nodes::Value>& values : joined) {
      outputs.push_back(nodes::items(std::move(values)));
    }
    return outputs;
  }

  // The links that a node follows now that all but its lazy inputs are known.
  std::vector<std::pair<std::string, Link>> needed_links(const Node& node,
                                                         const Results& results) const {
    std::map<std::string, nodes::Value> known = plain_values(node);
    for (const auto& [name, link] : followed_links(node)) {
      if (is_lazy(node, name)) continue;
      const nodes::Value& value = results.at(link.node_id)->at(static_cast<size_t>(link.output));
      // With a list of conditions every branch may be needed.
      if (std::holds_alternative<nodes::Items>(value)) return followed_links(node);
      known.emplace(name, value);
    }
    return followed_links(node, nodes::Arguments(std::move(known)));
  }

  std::map<std::string, nodes::Value> gather(const Node& node, const Results& results) const {
    std::map<std::string, nodes::Value> values = plain_values(node);
    for (const auto& [name, link] : needed_links(node, results)) {
      const nodes::Value& given = results.at(link.node_id)->at(static_cast<size_t>(link.output));
      nodes::CheckedValue checked = nodes::check_value(*node.type->find_input(name), given, files_);
      if (!checked.value) {
        throw Error(checked.kind, "input `" + name + "` " + checked.problem +
                                      " (it comes from node " + text::quoted(link.node_id) + ")");
      }
      values.emplace(name, std::move(*checked.value));
    }
    return values;
  }

  // The autoencoder of the first node that decodes what this one gives, straight or through nodes
  // that turn latents into latents. Null where none has been loaded.
  const nodes::Vae* decoding_vae(const Node& from, const Results& results) const {
    std::set<std::string> seen{from.id};
    std::vector<std::string> open{from.id};
    for (size_t i = 0; i < open.size(); ++i) {
      for (const Node& node : graph_.nodes) {
        const Link* vae = nullptr;
        bool takes_latent = false;
        for (const auto& [name, link] : followed_links(node)) {
          const std::string& type = node.type->find_input(name)->type;
          takes_latent = takes_latent || (type == "LATENT" && link.node_id == open[i]);
          if (type == "VAE") vae = std::get_if<Link>(&node.inputs.at(name));
        }
        if (!takes_latent) continue;
        const auto loaded = vae == nullptr ? results.end() : results.find(vae->node_id);
        if (loaded != results.end()) {
          return std::get_if<nodes::Vae>(&loaded->second->at(static_cast<size_t>(vae->output)));
        }
        if (seen.insert(node.id).second) open.push_back(node.id);
      }
    }
    return nullptr;
  }

  const Graph& graph_;
  const ExecutionHooks& hooks_;
  ops::Backend& backend_;
  const nodes::ModelFiles& files_;
};

// `execute` with whatever it throws turned into an Error that names the node.
template <class Function>
auto at_node(const Node& node, Function execute) {
  try {
    return execute();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kCancelled) throw;
    throw error.within(describe(node));
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::kResource,
                describe(node) + ": not enough memory; try a smaller picture or batch");
  } catch (const std::exception& error) {
    throw Error(ErrorKind::kInternal,
                describe(node) + ": " + error.what() + " (please report this)");
  }
}

}  // namespace

Executor::Executor(std::shared_ptr<ops::Backend> backend, const nodes::ModelFiles& files)
    : backend_(std::move(backend)), files_(files) {}

ExecutionReport Executor::run(const Graph& graph, const ExecutionHooks& hooks) {
  const std::vector<const Node*> order = execution_order(graph);

  std::map<std::string, const Node*> by_id;
  std::map<std::string, SignatureId> signatures;
  Results results;  // held here, whatever the cache forgets meanwhile
  for (const Node* node : order) {
    by_id[node->id] = node;
    at_node(*node, [&] {
      signatures[node->id] = signature_of(*node, signatures);
      return 0;
    });
    if (!node->type->is_output) {
      if (Outputs outputs = recall(signatures[node->id])) results[node->id] = std::move(outputs);
    }
  }

  // From the outputs back: what a remembered node got its inputs from need not run.
  std::map<std::string, int> uses;
  for (auto node = order.rbegin(); node != order.rend(); ++node) {
    const bool needed = (*node)->type->is_output || uses[(*node)->id] > 0;
    if (!needed || results.contains((*node)->id)) continue;
    for (const auto& [name, link] : followed_links(**node)) ++uses[link.node_id];
  }

  Run run(graph, hooks, *backend_, files_);
  ExecutionReport report;
  std::set<std::string> remembered;
  for (const auto& [id, outputs] : results) remembered.insert(id);
  std::set<std::string> done = remembered;  // and what has run
  const std::set<const Node*> certain = certain_nodes(graph, remembered);

  // What nobody will ask for any more makes room. A node that a lazy input turned out not to need
  // will not ask for its own sources either.
  const auto release = [&](const Node& user) {
    std::vector<const Node*> open{&user};
    while (!open.empty()) {
      const Node* node = open.back();
      open.pop_back();
      for (const auto& [name, link] : followed_links(*node)) {
        if (--uses[link.node_id] > 0) continue;
        results.erase(link.node_id);
        if (!done.contains(link.node_id)) open.push_back(by_id.at(link.node_id));
      }
    }
  };
  const auto execute = [&](const Node* node) {
    hooks.cancel.throw_if_cancelled();
    run.report(run.event(nodes::ProgressEvent::Kind::kNodeStarted, *node));
    const Clock::time_point start = Clock::now();
    Outputs outputs = at_node(*node, [&] { return run.execute(*node, results); });
    if (!node->type->is_output) remember(signatures[node->id], outputs);
    results[node->id] = std::move(outputs);
    done.insert(node->id);

    nodes::ProgressEvent finished = run.event(nodes::ProgressEvent::Kind::kNodeFinished, *node);
    finished.seconds = seconds_since(start);
    report.nodes.push_back({node->id, node->class_type, false, finished.seconds});
    run.report(finished);
    release(*node);
  };
  for (const Node* node : order) {
    const bool needed = node->type->is_output || uses[node->id] > 0;
    if (remembered.contains(node->id)) {
      report.nodes.push_back({node->id, node->class_type, true, 0.0});
      run.report(run.event(nodes::ProgressEvent::Kind::kNodeCached, *node));
      if (!needed) results.erase(node->id);
      continue;
    }
    // What only lazy inputs need runs when one of them asks for it.
    if (!needed || done.contains(node->id) || !certain.contains(node)) continue;
    std::vector<const Node*> wanted{node};
    while (!wanted.empty()) {
      const Node* next = wanted.back();
      if (done.contains(next->id)) {
        wanted.pop_back();
        continue;
      }
      const std::vector<std::string> missing = run.missing_sources(*next, results);
      if (missing.empty()) {
        execute(next);
        wanted.pop_back();
      } else {
        for (auto source = missing.rbegin(); source != missing.rend(); ++source) {
          wanted.push_back(by_id.at(*source));
        }
      }
    }
  }
  return report;
}

void Executor::clear_cache() {
  cache_.clear();
  recency_.clear();
  signature_ids_.clear();
  cached_bytes_ = 0;
}

Executor::SignatureId Executor::signature_of(const Node& node,
                                             const std::map<std::string, SignatureId>& upstream) {
  std::string signature = node.class_type;
  for (const auto& [name, value] : plain_values(node)) {
    signature += "\n" + name + "=" + serialised(value);
    const nodes::InputSpec* input = node.type->find_input(name);
    if (input != nullptr && !input->folder.empty()) {
      signature += " " + model_identity(files_.find(input->folder, std::get<std::string>(value)));
    }
  }
  for (const auto& [name, link] : followed_links(node)) {
    signature += "\n" + name + "=@" + std::to_string(upstream.at(link.node_id)) + ":" +
                 std::to_string(link.output);
  }
  return signature_id(signature);
}

Executor::SignatureId Executor::signature_id(const std::string& signature) {
  if (signature_ids_.size() >= kKnownSignatures) {
    // A forgotten signature gets a new id when it returns, so nothing is ever mistaken.
    std::erase_if(signature_ids_,
                  [this](const auto& known) { return !cache_.contains(known.second); });
  }
  const auto [entry, is_new] = signature_ids_.emplace(signature, next_signature_);
  if (is_new) ++next_signature_;
  return entry->second;
}

Executor::Outputs Executor::recall(SignatureId id) {
  const auto found = cache_.find(id);
  if (found == cache_.end()) return nullptr;
  recency_.splice(recency_.begin(), recency_, found->second.recency);
  return found->second.outputs;
}

void Executor::remember(SignatureId id, const Outputs& outputs) {
  const int64_t bytes = bytes_of(*outputs);
  if (bytes > kCacheBytes || cache_.contains(id)) return;
  recency_.push_front(id);
  cache_[id] = {outputs, bytes, recency_.begin()};
  cached_bytes_ += bytes;
  while (cached_bytes_ > kCacheBytes || cache_.size() > kCacheEntries) {
    const auto oldest = cache_.find(recency_.back());
    cached_bytes_ -= oldest->second.bytes;
    cache_.erase(oldest);
    recency_.pop_back();
  }
}

}  // namespace zanime::graph
