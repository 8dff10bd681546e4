// The operations at the shapes of the released models, beside the bare matrix product of the same
// size: the ratio of their GFLOP/s is what counts.
//
//   cmake -B build-bench -DZANIME_BENCH=ON && cmake --build build-bench --target bench_ops
//   build-bench/bench/bench_ops --benchmark_filter=Linear
#include <memory>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "ops/bare_product.h"
#include "ops/cpu/gemm.h"
#include "ops/ops.h"

namespace zanime::ops {
namespace {

Tensor random_tensor(Shape shape) {
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  Tensor tensor(std::move(shape));
  for (float& value : tensor.values()) value = uniform(generator);
  return tensor;
}

// Random bytes as a weight [rows, columns]; F8 patterns that mean NaN are left out.
weights::Weight random_weight(int64_t rows, int64_t columns, DType dtype) {
  auto bytes = std::make_shared<std::vector<std::byte>>(rows * columns * dtype_size(dtype));
  std::mt19937 generator(2);
  for (std::byte& byte : *bytes) byte = std::byte(generator() & 0x3f);
  weights::WeightPart part;
  part.data = bytes->data();
  part.dtype = dtype;
  part.rows = rows;
  return {"bench", Shape{rows, columns}, {part}, bytes};
}

void set_flops(benchmark::State& state, double flops_per_iteration) {
  state.counters["FLOP/s"] = benchmark::Counter(
      flops_per_iteration * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

// Arguments: tokens, inputs, outputs.
void BareProduct(benchmark::State& state) {
  const int64_t m = state.range(0), k = state.range(1), n = state.range(2);
  const Tensor x = random_tensor({m, k}), w = random_tensor({n, k});
  Tensor y({m, n});
  for (auto _ : state) {
    cpu::gemm_nt(m, n, k, {x.data(), k}, {w.data(), k}, 0.0f, {y.data(), n});
  }
  set_flops(state, 2.0 * static_cast<double>(m * n * k));
}

void run_linear(benchmark::State& state, DType dtype, Compute compute = Compute::kFloat32) {
  const int64_t m = state.range(0), k = state.range(1), n = state.range(2);
  const auto backend = make_backend({.compute = compute});
  const Activation x = backend->upload(random_tensor({m, k}));
  const Linear layer{random_weight(n, k, dtype), {}};
  for (auto _ : state) benchmark::DoNotOptimize(backend->linear(x, layer));
  set_flops(state, 2.0 * static_cast<double>(m * n * k));
}
void LinearF32(benchmark::State& state) { run_linear(state, DType::kF32); }
void LinearBF16(benchmark::State& state) { run_linear(state, DType::kBF16); }
void LinearF8(benchmark::State& state) { run_linear(state, DType::kF8E4M3); }
void LinearF8InIntegers(benchmark::State& state) {
  run_linear(state, DType::kF8E4M3, Compute::kInt8);
}

// Tokens of a 256, 512 and 1024 pixel picture with a short caption, and of a caption alone.
void shapes(benchmark::internal::Benchmark* bench) {
  for (int64_t tokens : {32, 288, 1056, 4128}) bench->Args({tokens, 3840, 3840});
  bench->Args({288, 3840, 10240})->Args({288, 10240, 3840})->Unit(benchmark::kMillisecond);
}
BENCHMARK(BareProduct)->Apply(shapes)->UseRealTime();
BENCHMARK(LinearF32)->Apply(shapes)->UseRealTime();
BENCHMARK(LinearBF16)->Apply(shapes)->UseRealTime();
BENCHMARK(LinearF8)->Apply(shapes)->UseRealTime();
BENCHMARK(LinearF8InIntegers)->Apply(shapes)->UseRealTime();

// Weights a second that are converted from F8_E4M3 and packed.
void Conversion(benchmark::State& state) {
  double seconds = 0;
  for (auto _ : state) benchmark::DoNotOptimize(seconds = seconds_of_a_conversion());
  state.counters["weights/s"] = 1 / seconds;
}
BENCHMARK(Conversion)->Unit(benchmark::kMillisecond)->UseRealTime();

// Argument: tokens, with 30 heads of 128.
void Attention(benchmark::State& state) {
  const AttentionLayout layout{1, state.range(0), 30, 30, 128};
  const auto backend = make_backend({.compute = Compute::kFloat32});
  const Activation qkv = backend->upload(random_tensor({layout.tokens, layout.row_size()}));
  for (auto _ : state) benchmark::DoNotOptimize(backend->attention(qkv, layout, false));
  const auto tokens = static_cast<double>(layout.tokens);
  set_flops(state, 4.0 * tokens * tokens * 30 * 128);
}
BENCHMARK(Attention)->Arg(288)->Arg(1056)->Arg(4128)->Unit(benchmark::kMillisecond)->UseRealTime();

// Arguments: side in pixels, channels; 3 x 3, normalised on the way.
void Convolution(benchmark::State& state) {
  const int64_t side = state.range(0), channels = state.range(1);
  const auto backend = make_backend({.compute = Compute::kFloat32});
  const Activation x = backend->upload(random_tensor({1, side, side, channels}));
  const weights::Weight vector = random_weight(channels, 1, DType::kBF16);
  const GroupNorm norm{32, vector, vector};
  weights::Weight flat = random_weight(channels, channels * 9, DType::kBF16);
  const Conv2d layer{
      weights::Weight("bench", {channels, channels, 3, 3}, flat.parts(), flat.owner()), vector};
  for (auto _ : state) benchmark::DoNotOptimize(backend->norm_conv2d(x, norm, layer));
  set_flops(state, 18.0 * static_cast<double>(side * side * channels * channels));
}
BENCHMARK(Convolution)
    ->Args({32, 512})
    ->Args({128, 512})
    ->Args({256, 256})
    ->Args({256, 128})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace zanime::ops
