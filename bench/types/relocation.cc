// Relocation: nanoseconds for each block that stays, and for each that moves. A mover decides by a
// table with a word for each page, like the map of pages of a store.

#include <benchmark/benchmark.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "larder/base/rng.h"
#include "larder/memory/heap.h"
#include "larder/types/hash.h"
#include "larder/types/list.h"
#include "larder/types/set.h"
#include "larder/types/sorted_set.h"
#include "larder/types/stream.h"
#include "larder/types/type.h"

namespace larder::types::bench {
namespace {

constexpr std::size_t kElements = 1'000'000;

// Moves all blocks or none.
class BenchMover final : public memory::Mover {
 public:
  explicit BenchMover(bool moves) : pages_(kPages, moves ? 1 : 0) {}

  bool wants(const void* block) const override {
    ++offered_;
    return pages_[(reinterpret_cast<std::uintptr_t>(block) >> 12) % kPages] != 0;
  }
  void* move(memory::Owner owner, void* block, std::size_t bytes) override {
    ++moved_;
    void* const to = memory::allocate(owner, bytes);
    std::memcpy(to, block, bytes);
    memory::release(owner, block, bytes);
    return to;
  }
  void* move_aligned(memory::Owner owner, void* block, std::size_t bytes,
                     std::size_t alignment) override {
    ++moved_;
    void* const to = memory::allocate_aligned(owner, bytes, alignment);
    std::memcpy(to, block, bytes);
    memory::release_aligned(owner, block, bytes, alignment);
    return to;
  }
  std::uint64_t offered() const { return offered_; }
  std::uint64_t moved() const { return moved_; }

 private:
  static constexpr std::size_t kPages = 1 << 20;
  std::vector<std::uint32_t> pages_;
  mutable std::uint64_t offered_ = 0;
  std::uint64_t moved_ = 0;
};

// Scattered numbers, so that neighbours in a table are not neighbours in memory.
std::string name(std::uint64_t i) { return std::to_string(i * 0x9e3779b97f4a7c15); }

void* large_hash() {
  Hash hash(nullptr);
  for (std::size_t i = 0; i < kElements; ++i) hash.set(name(i), "0123456789", {128, 64}, 0);
  return hash.storage();
}

void* large_set() {
  Set set;
  for (std::size_t i = 0; i < kElements; ++i) set.add(name(i), SetLimits{});
  return set.storage();
}

void* large_sorted_set() {
  SortedSet set(nullptr);
  base::Rng rng(1);
  for (std::size_t i = 0; i < kElements; ++i) set.put(name(i), rng.unit(), {}, {128, 64});
  return set.storage();
}

// Of nodes of about 30 elements.
void* large_list() {
  List list(nullptr);
  constexpr ListLimits kLimits{.fill = 30};
  list.admit(kLimits, kElements, kElements);
  for (std::size_t i = 0; i < kElements; ++i) list.push(kLimits, ListEnd::tail, name(i));
  return list.storage();
}

// Of pending entries, for 1000 consumers.
void* large_stream() {
  Stream stream(nullptr);
  stream.create();
  Group& group = *stream.create_group("group", {}, 0);
  std::vector<Consumer*> consumers;
  for (int i = 0; i < 1000; ++i) {
    consumers.push_back(stream.create_consumer(group, name(static_cast<std::uint64_t>(i)), 0));
  }
  base::Rng rng(1);
  for (std::uint64_t i = 1; i <= kElements; ++i) {
    stream.assign(*stream.add_pending(group, {i, 0}, 0), *consumers[rng.below(consumers.size())]);
  }
  return stream.storage();
}

void relocate(benchmark::State& state, Type type, void* (*make)(), bool moves) {
  void* storage = make();
  BenchMover mover(moves);
  base::Budget unlimited = base::Budget::unlimited();
  for (auto _ : state) {
    Relocation walk;
    storage = row(type).relocate_some(storage, walk, mover, unlimited);
  }
  const std::uint64_t blocks = moves ? mover.moved() : mover.offered();
  state.counters["per_block"] = benchmark::Counter(
      static_cast<double>(blocks), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["blocks"] =
      benchmark::Counter(static_cast<double>(blocks), benchmark::Counter::kAvgIterations);
  row(type).destroy_some(storage, row(type).owner, unlimited);
}

struct Example {
  const char* name;
  Type type;
  void* (*make)();
};
constexpr std::array<Example, 5> kExamples = {
    Example{"hash", Type::hash, large_hash},      {"set", Type::set, large_set},
    {"zset", Type::sorted_set, large_sorted_set}, {"list", Type::list, large_list},
    {"pending", Type::stream, large_stream},
};

[[maybe_unused]] const bool kRegistered = [] {
  for (const Example& each : kExamples) {
    for (const bool moves : {false, true}) {
      const std::string title = std::string(each.name) + (moves ? "/moves" : "/stays");
      auto* const one =
          benchmark::RegisterBenchmark(title.c_str(), relocate, each.type, each.make, moves);
      one->Unit(benchmark::kMillisecond);
      // After a pass the blocks are in the order of the walk, which is faster.
      if (moves) one->Iterations(1);
    }
  }
  return true;
}();

}  // namespace
}  // namespace larder::types::bench
