// The cost of BITCOUNT, BITOP, BITPOS and HyperLogLogs without keys and clients.

#include "larder/types/bits.h"

#include <benchmark/benchmark.h>

#include <string>

#include "larder/base/rng.h"
#include "larder/types/hyperloglog.h"

namespace larder::types {
namespace {

std::string random_bytes(std::size_t size) {
  base::Rng rng(1);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(rng.next());
  return bytes;
}

void processed(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) *
                          static_cast<std::int64_t>(state.iterations()));
}

void Count(benchmark::State& state) {
  const std::string bytes = random_bytes(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(bits::count(bytes));
  processed(state, bytes.size());
}

void FindTheLast(benchmark::State& state) {
  std::string bytes(static_cast<std::size_t>(state.range(0)), '\0');
  bytes.back() = 1;
  const bits::Range all{0, bytes.size() * 8 - 1};
  for (auto _ : state) benchmark::DoNotOptimize(bits::find(bytes, bits::Bit::set, all));
  processed(state, bytes.size());
}

void Combine(benchmark::State& state) {
  const std::string a = random_bytes(static_cast<std::size_t>(state.range(0)));
  const std::string_view sources[] = {a, a, a};
  std::string result(a.size(), '\0');
  for (auto _ : state) {
    bits::combine(bits::Operation::disjunction, sources, result.data(), result.size());
    benchmark::ClobberMemory();
  }
  processed(state, 3 * a.size());
}

hll::Sketch sketch_of(std::uint64_t elements) {
  hll::Sketch sketch;
  for (std::uint64_t i = 0; i < elements; ++i) {
    sketch.raise(hll::raise_of(std::to_string(i)), 3000);
  }
  return sketch;
}

void SketchCount(benchmark::State& state) {
  const hll::Sketch sketch = sketch_of(static_cast<std::uint64_t>(state.range(0)));
  const auto view = hll::View::of(sketch.bytes());
  for (auto _ : state) benchmark::DoNotOptimize(view->count());
}

void SketchUnion(benchmark::State& state) {
  const hll::Sketch sketch = sketch_of(static_cast<std::uint64_t>(state.range(0)));
  const auto view = hll::View::of(sketch.bytes());
  hll::Registers registers{};
  for (auto _ : state) {
    benchmark::DoNotOptimize(view->merge_into(registers));
    benchmark::ClobberMemory();
  }
}

// Elements that are there already: the run is looked for, nothing changes.
void SketchAdd(benchmark::State& state) {
  const auto elements = static_cast<std::uint64_t>(state.range(0));
  hll::Sketch sketch = sketch_of(elements);
  std::uint64_t i = 0;
  for (auto _ : state) {
    const hll::Raise raise = hll::raise_of(std::to_string(i++ % elements));
    benchmark::DoNotOptimize(sketch.raise(raise, 3000));
  }
}

BENCHMARK(Count)->Arg(64)->Arg(4096)->Arg(1 << 20);
BENCHMARK(FindTheLast)->Arg(64)->Arg(1 << 20);
BENCHMARK(Combine)->Arg(64)->Arg(1 << 20);
BENCHMARK(SketchCount)->Arg(100)->Arg(1000)->Arg(100'000);
BENCHMARK(SketchUnion)->Arg(100)->Arg(1000)->Arg(100'000);
BENCHMARK(SketchAdd)->Arg(100)->Arg(1000)->Arg(100'000);

}  // namespace
}  // namespace larder::types
