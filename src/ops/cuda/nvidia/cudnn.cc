#define NV_CUDNN_FRONTEND_USE_DYNAMIC_LOADING
#define CUDNN_FRONTEND_SKIP_JSON_LIB  // graphs are not written as text here

#include "ops/cuda/nvidia/cudnn.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <unordered_map>
#include <vector>

#include <cudnn_frontend.h>

#include "base/error.h"
#include "base/log.h"
#include "ops/cuda/kernels/elementwise.h"
#include "ops/cuda/nvidia/shared_library.h"

// The frontend looks up cuDNN's functions in it.
namespace cudnn_frontend {
void* cudnn_dlhandle = nullptr;
}

namespace zanime::ops::cuda {
namespace {

namespace fe = cudnn_frontend;

// The oldest cuDNN with all that is asked for here: attention whose queries share keys, on every
// card from sm_80.
constexpr size_t kOldestVersion = 90100;

// Names of the tensors of a graph.
enum : int64_t { kX = 1, kFilter, kBias, kQuery, kKey, kValue, kOut };

struct Graph {
  std::unique_ptr<fe::graph::Graph> graph;  // null where cuDNN has none
  int64_t workspace = 0;
  bool adds_bias = false;
};

fe::DataType_t type_of(DType dtype) {
  return dtype == DType::kBF16 ? fe::DataType_t::BFLOAT16 : fe::DataType_t::FLOAT;
}

std::unique_ptr<fe::graph::Graph> new_graph(DType dtype) {
  auto graph = std::make_unique<fe::graph::Graph>();
  graph->set_io_data_type(type_of(dtype))
      .set_intermediate_data_type(fe::DataType_t::FLOAT)
      .set_compute_data_type(fe::DataType_t::FLOAT);
  return graph;
}

auto tensor(fe::graph::Graph& graph, int64_t name, std::vector<int64_t> extents,
            std::vector<int64_t> strides, fe::DataType_t type) {
  return graph.tensor(fe::graph::Tensor_attributes()
                          .set_uid(name)
                          .set_dim(std::move(extents))
                          .set_stride(std::move(strides))
                          .set_data_type(type));
}

class OpenedCudnn final : public Cudnn {
 public:
  explicit OpenedCudnn(std::shared_ptr<Memory> memory)
      : memory_(std::move(memory)), library_("libcudnn.so." + std::to_string(CUDNN_MAJOR)) {
    fe::cudnn_dlhandle = library_.handle();
    open_runtime();
    version_ = fe::detail::get_backend_version();
    if (version_ < kOldestVersion) {
      throw Error(ErrorKind::kResource, "cuDNN is version " + version() + "; needed is " +
                                            version_text(kOldestVersion) + " or later");
    }
    memory_->stream();  // enters the card
    const cudnnStatus_t status = fe::detail::create_handle(&handle_);
    if (status != CUDNN_STATUS_SUCCESS) {
      throw Error(ErrorKind::kResource, std::string("cuDNN does not start on this card: ") +
                                            fe::detail::get_error_string(status));
    }
  }
  ~OpenedCudnn() override {
    convolutions_.clear();
    attentions_.clear();
    fe::detail::destroy_handle(handle_);
  }

  std::string version() const override { return version_text(version_); }

  bool convolve(const Convolution& call, const void* x, const void* weight, const float* bias,
                void* out) override {
    const Graph& graph = find(convolutions_, {call, bias != nullptr},
                              [&] { return build_convolution(call, bias != nullptr); });
    if (graph.graph == nullptr) return false;
    std::unordered_map<int64_t, void*> tensors = {
        {kX, const_cast<void*>(x)}, {kFilter, const_cast<void*>(weight)}, {kOut, out}};
    if (graph.adds_bias) tensors[kBias] = const_cast<float*>(bias);
    execute(graph, tensors);
    if (bias != nullptr && !graph.adds_bias) {
      const int64_t pixels = call.items * call.out_height() * call.out_width();
      add_bias(memory_->stream(), {call.dtype, pixels, call.outputs}, out, bias);
    }
    return true;
  }

  bool attend(const Attention& call, const void* qkv, void* out) override {
    const Graph& graph = find(attentions_, call, [&] { return build_attention(call); });
    if (graph.graph == nullptr) return false;
    const auto head_at = [&](int64_t head) {
      return static_cast<std::byte*>(const_cast<void*>(qkv)) + 2 * head * call.head_dim;
    };
    std::unordered_map<int64_t, void*> tensors = {
        {kQuery, head_at(0)},
        {kKey, head_at(call.query_heads)},
        {kValue, head_at(call.query_heads + call.kv_heads)},
        {kOut, out}};
    execute(graph, tensors);
    return true;
  }

 private:
  static std::string version_text(size_t version) {
    return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
           std::to_string(version % 100);
  }

  // The frontend calls CUDA's runtime in a library of its own, and cuDNN compiles with NVRTC. Both
  // are looked for by name alone, so they are opened first, from wherever they are.
  static void open_runtime() {
    const std::string major = std::to_string(CUDART_VERSION / 1000);
    const SharedLibrary runtime("libcudart.so." + major);
    // Else the frontend takes that of another version where there is one.
    setenv("CUDNN_FRONTEND_CUDART_LIB_NAME", runtime.path().c_str(), /*overwrite=*/0);
    const SharedLibrary compiler("libnvrtc.so." + major);
  }

  template <typename Key>
  using Graphs = std::vector<std::pair<Key, Graph>>;

  template <typename Key, typename Build>
  const Graph& find(Graphs<Key>& graphs, const Key& key, const Build& build) {
    const auto found =
        std::find_if(graphs.begin(), graphs.end(), [&](auto& entry) { return entry.first == key; });
    if (found != graphs.end()) return found->second;
    if (graphs.size() == kMostGraphs) graphs.erase(graphs.begin());
    memory_->stream();  // enters the card
    return graphs.emplace_back(key, build()).second;
  }

  // True where cuDNN can run the graph.
  bool finish(Graph& graph, DType dtype) {
    try {
      return can_finish(graph, dtype);
    } catch (const std::exception& failure) {  // the frontend's own are no Error
      log_debug(std::string("cuDNN's frontend: ") + failure.what());
      return false;
    }
  }

  bool can_finish(Graph& graph, DType dtype) {
    fe::graph::Graph& made = *graph.graph;
    if (!made.validate().is_good() || !made.build_operation_graph(handle_).is_good() ||
        !made.create_execution_plans({fe::HeurMode_t::A, fe::HeurMode_t::FALLBACK}).is_good()) {
      return false;
    }
    if (dtype == DType::kF32) {
      // No TF32, which counts as either.
      made.deselect_numeric_notes(
          {fe::NumericalNote_t::TENSOR_CORE, fe::NumericalNote_t::DOWN_CONVERT_INPUTS});
    }
    return made.check_support(handle_).is_good() && made.build_plans(handle_).is_good() &&
           made.get_workspace_size(graph.workspace).is_good();
  }

  Graph build_convolution(const Convolution& c, bool with_bias) {
    for (const bool fused : {true, false}) {
      if (fused && !with_bias) continue;
      Graph result{new_graph(c.dtype), 0, fused};
      fe::graph::Graph& graph = *result.graph;
      const fe::DataType_t type = type_of(c.dtype);
      auto x = tensor(graph, kX, {c.items, c.inputs, c.height, c.width},
                      {c.height * c.width * c.inputs, 1, c.width * c.inputs, c.inputs}, type);
      auto filter = tensor(
          graph, kFilter, {c.outputs, c.inputs, c.kernel_height, c.kernel_width},
          {c.kernel_height * c.kernel_width * c.inputs, 1, c.kernel_width * c.inputs, c.inputs},
          type);
      auto out = graph.conv_fprop(x, filter,
                                  fe::graph::Conv_fprop_attributes()
                                      .set_pre_padding({c.pad_before, c.pad_before})
                                      .set_post_padding({c.pad_after, c.pad_after})
                                      .set_stride({c.stride, c.stride})
                                      .set_dilation({1, 1}));
      if (fused) {
        auto bias = tensor(graph, kBias, {1, c.outputs, 1, 1}, {c.outputs, 1, c.outputs, c.outputs},
                           fe::DataType_t::FLOAT);
        out = graph.pointwise(out, bias,
                              fe::graph::Pointwise_attributes().set_mode(fe::PointwiseMode_t::ADD));
      }
      const int64_t height = c.out_height(), width = c.out_width();
      out->set_output(true)
          .set_uid(kOut)
          .set_dim({c.items, c.outputs, height, width})
          .set_stride({height * width * c.outputs, 1, width * c.outputs, c.outputs})
          .set_data_type(type);
      if (finish(result, c.dtype)) return result;
    }
    return {};
  }

  Graph build_attention(const Attention& a) {
    Graph result{new_graph(DType::kBF16), 0, false};
    fe::graph::Graph& graph = *result.graph;
    const int64_t row = (a.query_heads + 2 * a.kv_heads) * a.head_dim;
    const auto heads = [&](int64_t name, int64_t count) {
      return tensor(graph, name, {a.batch, count, a.tokens, a.head_dim},
                    {a.tokens * row, a.head_dim, row, 1}, fe::DataType_t::BFLOAT16);
    };
    auto query = heads(kQuery, a.query_heads), key = heads(kKey, a.kv_heads),
         value = heads(kValue, a.kv_heads);
    auto options = fe::graph::SDPA_attributes()
                       .set_generate_stats(false)
                       .set_attn_scale(1.0f / std::sqrt(static_cast<float>(a.head_dim)))
                       .set_causal_mask(a.causal);
    auto out = graph.sdpa(query, key, value, options)[0];
    const int64_t out_row = a.query_heads * a.head_dim;
    out->set_output(true)
        .set_uid(kOut)
        .set_dim({a.batch, a.query_heads, a.tokens, a.head_dim})
        .set_stride({a.tokens * out_row, a.head_dim, out_row, 1});
    if (!finish(result, DType::kBF16)) return {};
    return result;
  }

  void execute(const Graph& graph, std::unordered_map<int64_t, void*>& tensors) {
    fe::detail::set_stream(handle_, static_cast<cudaStream_t>(memory_->stream()));
    std::shared_ptr<void> workspace;
    if (graph.workspace > 0) workspace = memory_->allocate(graph.workspace);
    auto status = graph.graph->execute(handle_, tensors, workspace.get());
    if (!status.is_good()) {
      throw Error(ErrorKind::kResource, "cuDNN failed: " + status.get_message());
    }
  }

  static constexpr size_t kMostGraphs = 128;

  const std::shared_ptr<Memory> memory_;
  const SharedLibrary library_;
  size_t version_ = 0;
  cudnnHandle_t handle_ = nullptr;
  Graphs<std::pair<Convolution, bool>> convolutions_;
  Graphs<Attention> attentions_;
};

}  // namespace

std::unique_ptr<Cudnn> open_cudnn(std::shared_ptr<Memory> memory) {
  return std::make_unique<OpenedCudnn>(std::move(memory));
}

}  // namespace zanime::ops::cuda
