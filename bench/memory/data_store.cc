// The page store beside jemalloc: a set of blocks, each step of which replaces a random one by a
// block of a random size.

#include "src/memory/store/data_store.h"

#include <benchmark/benchmark.h>
#include <jemalloc/jemalloc.h>

#include <cstring>
#include <vector>

#include "larder/base/rng.h"

namespace larder::memory {
namespace {

struct PageStore {
  DataStore store{std::size_t{8} << 30};

  void* allocate(std::size_t bytes) { return store.allocate(BlockKind::value, bytes); }
  void release(void* block, std::size_t bytes) { store.release(BlockKind::value, block, bytes); }
};

struct Jemalloc {
  void* allocate(std::size_t bytes) { return mallocx(bytes, 0); }
  void release(void* block, std::size_t bytes) { sdallocx(block, bytes, 0); }
};

struct Block {
  void* at;
  std::size_t bytes;
};

// Arguments: the number of blocks, the least and the largest size. Each block is written.
template <typename Source>
void replace_random(benchmark::State& state) {
  Source source;
  base::Rng rng(1);
  const auto least = static_cast<std::uint64_t>(state.range(1));
  const auto sizes = static_cast<std::uint64_t>(state.range(2)) - least + 1;
  const auto fresh = [&] {
    const std::size_t bytes = least + rng.below(sizes);
    void* const at = source.allocate(bytes);
    std::memset(at, 1, bytes);
    return Block{at, bytes};
  };
  std::vector<Block> blocks;
  for (std::int64_t i = 0; i < state.range(0); ++i) blocks.push_back(fresh());
  for (auto _ : state) {
    Block& old = blocks[rng.below(blocks.size())];
    source.release(old.at, old.bytes);
    old = fresh();
  }
  for (const Block& block : blocks) source.release(block.at, block.bytes);
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->Args({1000, 40, 40})
      ->Args({1'000'000, 40, 40})
      ->Args({1'000'000, 16, 100})
      ->Args({100'000, 16, 1000})
      ->Args({10'000, 1000, 16'000})
      ->Args({1000, 10'000, 64'000});
}
BENCHMARK_TEMPLATE(replace_random, PageStore)->Apply(sizes);
BENCHMARK_TEMPLATE(replace_random, Jemalloc)->Apply(sizes);

// Blocks that are released before others are needed: the time of a block alone.
template <typename Source>
void take_and_give_back(benchmark::State& state) {
  Source source;
  const auto bytes = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    void* const block = source.allocate(bytes);
    benchmark::DoNotOptimize(block);
    source.release(block, bytes);
  }
}
BENCHMARK_TEMPLATE(take_and_give_back, PageStore)->Arg(40)->Arg(700)->Arg(20'000);
BENCHMARK_TEMPLATE(take_and_give_back, Jemalloc)->Arg(40)->Arg(700)->Arg(20'000);

// As many pages as one call returns, in runs of five, all of which were written.
void return_aged_pages(benchmark::State& state) {
  constexpr std::size_t kBytes = 5 * kPageBytes;
  constexpr std::size_t kRuns = PageHeap::kMostAged / 5;
  PageStore source;
  std::vector<void*> blocks;
  for (int i = 0; i < 12'000; ++i) blocks.push_back(source.allocate(kBytes));
  for (auto _ : state) {
    state.PauseTiming();
    for (std::size_t i = 0; i < kRuns; ++i) std::memset(blocks[2 * i], 1, kBytes);
    for (std::size_t i = 0; i < kRuns; ++i) source.release(blocks[2 * i], kBytes);
    source.store.age();
    state.ResumeTiming();
    source.store.age();
    state.PauseTiming();
    for (std::size_t i = 0; i < kRuns; ++i) blocks[2 * i] = source.allocate(kBytes);
    state.ResumeTiming();
  }
}
BENCHMARK(return_aged_pages);

}  // namespace
}  // namespace larder::memory
