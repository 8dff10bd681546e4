#include "ops/cuda/nvidia/cublas_lt.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <cublasLt.h>

#include "base/error.h"
#include "ops/cuda/nvidia/shared_library.h"

namespace zanime::ops::cuda {
namespace {

constexpr int64_t kWorkspaceBytes = int64_t{64} << 20;

// The functions of the library that are called.
struct Functions {
  explicit Functions(const SharedLibrary& library) {
    library.find("cublasLtCreate", create);
    library.find("cublasLtDestroy", destroy);
    library.find("cublasLtGetVersion", get_version);
    library.find("cublasLtMatmul", matmul);
    library.find("cublasLtMatmulDescCreate", desc_create);
    library.find("cublasLtMatmulDescDestroy", desc_destroy);
    library.find("cublasLtMatmulDescSetAttribute", desc_set);
    library.find("cublasLtMatrixLayoutCreate", layout_create);
    library.find("cublasLtMatrixLayoutDestroy", layout_destroy);
    library.find("cublasLtMatrixLayoutSetAttribute", layout_set);
    library.find("cublasLtMatmulPreferenceCreate", preference_create);
    library.find("cublasLtMatmulPreferenceDestroy", preference_destroy);
    library.find("cublasLtMatmulPreferenceSetAttribute", preference_set);
    library.find("cublasLtMatmulAlgoGetHeuristic", heuristic);
    library.find("cublasLtGetStatusName", status_name);
  }
  decltype(cublasLtCreate)* create;
  decltype(cublasLtDestroy)* destroy;
  decltype(cublasLtGetVersion)* get_version;
  decltype(cublasLtMatmul)* matmul;
  decltype(cublasLtMatmulDescCreate)* desc_create;
  decltype(cublasLtMatmulDescDestroy)* desc_destroy;
  decltype(cublasLtMatmulDescSetAttribute)* desc_set;
  decltype(cublasLtMatrixLayoutCreate)* layout_create;
  decltype(cublasLtMatrixLayoutDestroy)* layout_destroy;
  decltype(cublasLtMatrixLayoutSetAttribute)* layout_set;
  decltype(cublasLtMatmulPreferenceCreate)* preference_create;
  decltype(cublasLtMatmulPreferenceDestroy)* preference_destroy;
  decltype(cublasLtMatmulPreferenceSetAttribute)* preference_set;
  decltype(cublasLtMatmulAlgoGetHeuristic)* heuristic;
  decltype(cublasLtGetStatusName)* status_name;

  void check(cublasStatus_t status, const std::string& failure) const {
    if (status == CUBLAS_STATUS_SUCCESS) return;
    throw Error(ErrorKind::kResource,
                "cuBLASLt " + failure + " on this card: " + status_name(status));
  }
};

std::string text_of(const Product& p) {
  return std::string(dtype_name(p.factors)) + " product [" + std::to_string(p.m) + ", " +
         std::to_string(p.k) + "] x [" + std::to_string(p.n) + ", " + std::to_string(p.k) + "]";
}

cudaDataType_t type_of(DType dtype) {
  switch (dtype) {
    case DType::kBF16:
      return CUDA_R_16BF;
    case DType::kF8E4M3:
      return CUDA_R_8F_E4M3;
    case DType::kI8:
      return CUDA_R_8I;
    case DType::kI32:
      return CUDA_R_32I;
    default:
      return CUDA_R_32F;
  }
}

// The largest power of two up to 256 that divides the address.
uint32_t alignment_of(const void* pointer) {
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  uint32_t alignment = 256;
  while (alignment > 1 && address % alignment != 0) alignment /= 2;
  return alignment;
}

// What decides which code of the library multiplies.
struct PlanKey {
  Product product;
  F8Scales scales;
  uint32_t a, b, d;  // alignments
  bool operator==(const PlanKey&) const = default;
};

// One of the library's descriptions.
template <typename Opaque>
using Described = std::unique_ptr<Opaque, cublasStatus_t(CUBLASWINAPI*)(Opaque*)>;

// cuBLASLt's matrices lie by columns: d^T [n, m] = b a^T. Its first factor is b, its second a.
class Plan {
 public:
  Plan(const Functions& functions, cublasLtHandle_t handle, const PlanKey& key)
      : functions_(functions),
        key_(key),
        desc_(nullptr, functions.desc_destroy),
        first_(nullptr, functions.layout_destroy),
        second_(nullptr, functions.layout_destroy),
        result_(nullptr, functions.layout_destroy) {
    const Product& p = key.product;
    const bool integers = p.factors == DType::kI8;
    cublasLtMatmulDesc_t desc = nullptr;
    require(functions.desc_create(&desc, integers ? CUBLAS_COMPUTE_32I : CUBLAS_COMPUTE_32F,
                                  integers ? CUDA_R_32I : CUDA_R_32F));
    desc_.reset(desc);
    set(CUBLASLT_MATMUL_DESC_TRANSA, p.b_is_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, CUBLAS_OP_N);
    if (p.factors == DType::kF8E4M3) {
      const cublasLtMatmulMatrixScale_t mode = key.scales == F8Scales::kRows
                                                   ? CUBLASLT_MATMUL_MATRIX_SCALE_OUTER_VEC_32F
                                                   : CUBLASLT_MATMUL_MATRIX_SCALE_SCALAR_32F;
      set(CUBLASLT_MATMUL_DESC_A_SCALE_MODE, mode);
      set(CUBLASLT_MATMUL_DESC_B_SCALE_MODE, mode);
      // The library proposes code for vectors of scales only where pointers to them are there.
      const float* somewhere = reinterpret_cast<const float*>(uintptr_t{256});
      set_scales(somewhere, somewhere);
    }
    first_ = p.b_is_transposed ? layout(p.factors, p.k, p.n, p.b_stride, p.b_step)
                               : layout(p.factors, p.n, p.k, p.b_stride, p.b_step);
    second_ = layout(p.factors, p.k, p.m, p.a_stride, p.a_step);
    result_ = layout(p.result, p.n, p.m, p.d_stride, p.d_step);
    choose(handle);
  }

  const PlanKey& key() const { return key_; }

  void run(cublasLtHandle_t handle, cudaStream_t stream, void* workspace, const void* a,
           const void* b, void* d, const float* a_scales, const float* b_scales) {
    const Product& p = key_.product;
    if (p.factors == DType::kF8E4M3) set_scales(b_scales, a_scales);
    const float alpha = p.alpha, beta = p.beta;
    const auto whole_alpha = static_cast<int32_t>(alpha), whole_beta = static_cast<int32_t>(beta);
    const bool integers = p.factors == DType::kI8;
    functions_.check(functions_.matmul(handle, desc_.get(),
                                       integers ? static_cast<const void*>(&whole_alpha) : &alpha,
                                       b, first_.get(), a, second_.get(),
                                       integers ? static_cast<const void*>(&whole_beta) : &beta, d,
                                       result_.get(), d, result_.get(), &algorithm_, workspace,
                                       kWorkspaceBytes, stream),
                     "failed in the " + text_of(p));
  }

 private:
  using Layout = Described<cublasLtMatrixLayoutOpaque_t>;

  // Of a call that shows whether the library has the product.
  void require(cublasStatus_t status) const {
    functions_.check(status, "has no " + text_of(key_.product));
  }

  template <typename T>
  void set(cublasLtMatmulDescAttributes_t attribute, const T& value) {
    require(functions_.desc_set(desc_.get(), attribute, &value, sizeof(value)));
  }

  void set_scales(const float* first, const float* second) {
    set(CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, first);
    set(CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, second);
  }

  Layout layout(DType dtype, int64_t rows, int64_t columns, int64_t stride, int64_t step) const {
    cublasLtMatrixLayout_t made = nullptr;
    require(functions_.layout_create(&made, type_of(dtype), static_cast<uint64_t>(rows),
                                     static_cast<uint64_t>(columns), stride));
    Layout layout(made, functions_.layout_destroy);
    const auto batch = static_cast<int32_t>(key_.product.batch);
    if (batch == 1) return layout;
    require(functions_.layout_set(made, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batch, sizeof(batch)));
    require(functions_.layout_set(made, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &step,
                                  sizeof(step)));
    return layout;
  }

  // The first that the library proposes.
  void choose(cublasLtHandle_t handle) {
    cublasLtMatmulPreference_t made = nullptr;
    require(functions_.preference_create(&made));
    const Described<cublasLtMatmulPreferenceOpaque_t> preference(made,
                                                                 functions_.preference_destroy);
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
      require(functions_.preference_set(made, attribute, &value, sizeof(value)));
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<uint64_t>(kWorkspaceBytes));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, key_.b);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, key_.a);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, key_.d);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, key_.d);
    cublasLtMatmulHeuristicResult_t found{};
    int count = 0;
    require(functions_.heuristic(handle, desc_.get(), first_.get(), second_.get(), result_.get(),
                                 result_.get(), made, 1, &found, &count));
    require(count > 0 ? found.state : CUBLAS_STATUS_NOT_SUPPORTED);
    algorithm_ = found.algo;
  }

  const Functions& functions_;
  const PlanKey key_;
  Described<cublasLtMatmulDescOpaque_t> desc_;
  Layout first_, second_, result_;
  cublasLtMatmulAlgo_t algorithm_{};
};

class OpenedCublasLt final : public CublasLt {
 public:
  explicit OpenedCublasLt(std::shared_ptr<Memory> memory)
      : memory_(std::move(memory)),
        library_("libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR)),
        functions_(library_) {
    const size_t version = functions_.get_version();
    if (version / 10000 != CUBLAS_VER_MAJOR) {
      throw Error(ErrorKind::kResource, "cuBLASLt is version " + std::to_string(version) +
                                            "; this program was built for " +
                                            std::to_string(CUBLAS_VER_MAJOR));
    }
    memory_->stream();  // enters the card
    workspace_ = memory_->allocate(kWorkspaceBytes);
    functions_.check(functions_.create(&handle_), "does not start");
  }
  ~OpenedCublasLt() override {
    plans_.clear();
    functions_.destroy(handle_);
  }

  std::string version() const override {
    const size_t version = functions_.get_version();
    return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
           std::to_string(version % 100);
  }

  void multiply(const Product& product, const void* a, const void* b, void* d,
                const float* a_scales, const float* b_scales, F8Scales scales) override {
    if (product.m == 0 || product.n == 0 || product.k == 0) return;
    const PlanKey key{product, scales, alignment_of(a), alignment_of(b), alignment_of(d)};
    auto found = std::find_if(plans_.begin(), plans_.end(),
                              [&](const auto& plan) { return plan->key() == key; });
    if (found == plans_.end()) {
      if (plans_.size() == kMostPlans) plans_.erase(plans_.begin());
      plans_.push_back(std::make_unique<Plan>(functions_, handle_, key));
      found = plans_.end() - 1;
    }
    (*found)->run(handle_, static_cast<cudaStream_t>(memory_->stream()), workspace_.get(), a, b, d,
                  a_scales, b_scales);
  }

 private:
  static constexpr size_t kMostPlans = 512;

  const std::shared_ptr<Memory> memory_;
  const SharedLibrary library_;
  const Functions functions_;
  cublasLtHandle_t handle_ = nullptr;
  std::shared_ptr<void> workspace_;
  std::vector<std::unique_ptr<Plan>> plans_;
};

}  // namespace

std::unique_ptr<CublasLt> open_cublas_lt(std::shared_ptr<Memory> memory) {
  return std::make_unique<OpenedCublasLt>(std::move(memory));
}

}  // namespace zanime::ops::cuda
