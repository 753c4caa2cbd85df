// The cost that the ledger adds to an allocation.

#include "larder/memory/heap.h"

#include <benchmark/benchmark.h>
#include <jemalloc/jemalloc.h>

#include "larder/memory/metrics.h"

namespace larder::memory {
namespace {

void Charged(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    void* block = allocate(Owner::strings, bytes);
    benchmark::DoNotOptimize(block);
    release(Owner::strings, block, bytes);
  }
}
BENCHMARK(Charged)->Arg(32)->Arg(200);

void AllocatorAlone(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    void* block = mallocx(bytes, 0);
    benchmark::DoNotOptimize(block);
    sdallocx(block, bytes, 0);
  }
}
BENCHMARK(AllocatorAlone)->Arg(32)->Arg(200);

// Released without a size, which is the more expensive form.
void OperatorNew(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    void* block = ::operator new(bytes);
    benchmark::DoNotOptimize(block);
    ::operator delete(block);
  }
}
BENCHMARK(OperatorNew)->Arg(32)->Arg(200);

void UsedBytes(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(used_bytes());
}
BENCHMARK(UsedBytes);

void Sample(benchmark::State& state) {
  info::Reporter reporter;
  Metrics metrics(reporter);
  for (auto _ : state) metrics.sample();
}
BENCHMARK(Sample);

void InfoMemory(benchmark::State& state) {
  info::Reporter reporter;
  const Metrics metrics(reporter);
  for (auto _ : state) benchmark::DoNotOptimize(reporter.render({"memory"}));
}
BENCHMARK(InfoMemory);

}  // namespace
}  // namespace larder::memory
