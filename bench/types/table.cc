// types::Table against chained linear hashing: lookups, insertion, removal, scanning and
// sampling at several sizes. Elements are 16-byte keys in one arena. Sizes beyond 1 M are
// run when LARDER_BENCH_LARGE is set in the environment.

#include "larder/types/table.h"

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bench/types/chained_table.h"
#include "larder/base/hash.h"

namespace larder::types::bench {
namespace {

struct Item {
  std::uint64_t key[2];
};

Item item_at(std::uint64_t number) { return {{number, number * 0x9e3779b97f4a7c15}}; }
std::string_view text(const Item& item) {
  return {reinterpret_cast<const char*>(item.key), sizeof item.key};
}

struct Traits {
  using Element = Item;
  static constexpr memory::Owner kOwner = memory::Owner::table;
  static std::string_view key(const Item& item) { return text(item); }
  static std::uint64_t hash(const Item& item) { return base::hash_bytes(text(item)); }
};

using Segmented = Table<Traits>;
using Chained = ChainedTable<Traits>;

// A table with its elements in random order of address, kept from one benchmark to the next
// of the same kind and size.
template <typename Shape>
struct Filled {
  explicit Filled(std::uint64_t size) : items(size), order(size) {
    for (std::uint64_t i = 0; i < size; ++i) order[i] = static_cast<std::uint32_t>(i);
    base::Rng rng(9);
    for (std::uint64_t i = size; i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
    for (std::uint64_t i = 0; i < size; ++i) items[order[i]] = item_at(i);
  }
  void insert_all() {
    table = std::make_unique<Shape>();
    for (const std::uint32_t at : order) table->insert(&items[at], Traits::hash(items[at]));
  }

  std::vector<Item> items;
  std::vector<std::uint32_t> order;
  std::unique_ptr<Shape> table;
};

template <typename Shape>
Filled<Shape>& filled(std::uint64_t size) {
  static std::unique_ptr<Filled<Shape>> kept;
  if (kept == nullptr || kept->items.size() != size) {
    kept.reset();
    kept = std::make_unique<Filled<Shape>>(size);
    kept->insert_all();
  }
  return *kept;
}

template <typename Shape>
void insert(benchmark::State& state) {
  auto& world = filled<Shape>(state.range(0));
  for (auto _ : state) world.insert_all();
  const auto size = static_cast<double>(world.table->size());
  state.SetItemsProcessed(state.iterations() * world.items.size());
  state.counters["bytes_per_element"] = static_cast<double>(world.table->bytes()) / size;
  state.counters["slots_in_use"] = size / static_cast<double>(world.table->slots());
  state.counters["moves_per_insert"] = static_cast<double>(world.table->moved_slots()) / size;
}

// The processor time of this thread, so that others on the machine do not count.
double thread_us() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

// The time of the insertions that moved something.
template <typename Shape>
void insert_steps(benchmark::State& state) {
  auto& world = filled<Shape>(state.range(0));
  std::vector<double> steps_us;
  for (auto _ : state) {
    world.table = std::make_unique<Shape>();
    for (const std::uint32_t at : world.order) {
      const std::uint64_t hash = Traits::hash(world.items[at]);
      const std::uint64_t moved = world.table->moved_slots();
      const double start = thread_us();
      world.table->insert(&world.items[at], hash);
      const double end = thread_us();
      if (world.table->moved_slots() == moved) continue;
      steps_us.push_back(end - start);
    }
  }
  std::sort(steps_us.begin(), steps_us.end());
  const auto quantile = [&](double q) {
    return steps_us[static_cast<std::size_t>(q * static_cast<double>(steps_us.size() - 1))];
  };
  state.counters["median_us"] = quantile(0.5);
  state.counters["p99_us"] = quantile(0.99);
  state.counters["p99.9_us"] = quantile(0.999);
  state.counters["worst_us"] = quantile(1);
}

enum class Keys : std::uint8_t { present, absent };

template <typename Shape, Keys kKeys>
void find_one(benchmark::State& state) {
  auto& world = filled<Shape>(state.range(0));
  const std::uint64_t first = kKeys == Keys::present ? 0 : world.items.size();
  base::Rng rng(1);
  for (auto _ : state) {
    const Item wanted = item_at(first + rng.below(world.items.size()));
    benchmark::DoNotOptimize(world.table->find(text(wanted), Traits::hash(wanted)));
  }
  state.SetItemsProcessed(state.iterations());
}

// The cost around a lookup in find_one: drawing a key and hashing it.
void around_find(benchmark::State& state) {
  base::Rng rng(1);
  for (auto _ : state) {
    const Item wanted = item_at(rng.below(1'000'000));
    benchmark::DoNotOptimize(Traits::hash(wanted));
  }
  state.SetItemsProcessed(state.iterations());
}

template <typename Shape>
void find_batch(benchmark::State& state) {
  constexpr int kBatch = 16;
  auto& world = filled<Shape>(state.range(0));
  base::Rng rng(1);
  Item wanted[kBatch];
  std::uint64_t hashes[kBatch];
  for (auto _ : state) {
    for (int i = 0; i < kBatch; ++i) {
      wanted[i] = item_at(rng.below(world.items.size()));
      hashes[i] = Traits::hash(wanted[i]);
      world.table->prefetch(hashes[i]);
    }
    for (const std::uint64_t hash : hashes) world.table->prefetch_candidate(hash);
    for (int i = 0; i < kBatch; ++i) {
      benchmark::DoNotOptimize(world.table->find(text(wanted[i]), hashes[i]));
    }
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

// Takes an element out and puts it back, each time another one.
template <typename Shape>
void erase_and_insert(benchmark::State& state) {
  auto& world = filled<Shape>(state.range(0));
  base::Rng rng(2);
  for (auto _ : state) {
    const Item wanted = item_at(rng.below(world.items.size()));
    const std::uint64_t hash = Traits::hash(wanted);
    world.table->insert(world.table->erase(text(wanted), hash), hash);
  }
  state.SetItemsProcessed(state.iterations());
}

template <typename Shape>
void scan_all(benchmark::State& state) {
  auto& world = filled<Shape>(state.range(0));
  std::uint64_t seen = 0;
  for (auto _ : state) {
    std::uint64_t cursor = 0;
    do {
      cursor = world.table->scan(cursor, [&](Item*) { ++seen; });
    } while (cursor != 0);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(seen));
}

template <typename Shape>
void sample(benchmark::State& state) {
  auto& world = filled<Shape>(state.range(0));
  base::Rng rng(3);
  for (auto _ : state) benchmark::DoNotOptimize(world.table->random(rng));
  state.SetItemsProcessed(state.iterations());
}

template <typename Shape>
void erase_all(benchmark::State& state) {
  auto& world = filled<Shape>(state.range(0));
  for (auto _ : state) {
    for (const std::uint32_t at : world.order) {
      const Item& item = world.items[at];
      benchmark::DoNotOptimize(world.table->erase(text(item), Traits::hash(item)));
    }
    state.PauseTiming();
    world.insert_all();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * world.items.size());
}

// Items in the order in which a table shows them, as for a client that scans.
std::vector<Item*> scanned(const Segmented& table) {
  std::vector<Item*> order;
  order.reserve(table.size());
  std::uint64_t cursor = 0;
  do {
    cursor = table.scan(cursor, [&order](Item* item) { order.push_back(item); });
  } while (cursor != 0);
  return order;
}

enum class Order : std::uint8_t { forwards, backwards, first_prefix };

// Insertion in the table's own order: all items, or those that fall into 1 / 256 of it. One item
// is inserted ahead and stays, since an empty table changes its order.
template <Order kOrder>
void insert_in_order(benchmark::State& state) {
  auto& world = filled<Segmented>(state.range(0));
  std::vector<Item*> order = scanned(*world.table);
  if (kOrder == Order::backwards) std::reverse(order.begin(), order.end());
  if (kOrder == Order::first_prefix) order.resize(std::max<std::size_t>(2, order.size() / 256));
  for (const std::uint32_t at : world.order) {
    if (&world.items[at] == order.back()) continue;
    world.table->erase(&world.items[at], Traits::hash(world.items[at]));
  }
  const std::uint64_t moved = world.table->moved_slots();
  for (auto _ : state) {
    for (std::size_t i = 0; i + 1 < order.size(); ++i) {
      world.table->insert(order[i], Traits::hash(*order[i]));
    }
  }
  const auto size = static_cast<double>(world.table->size());
  state.SetItemsProcessed(static_cast<std::int64_t>(order.size()));
  state.counters["bytes_per_element"] = static_cast<double>(world.table->bytes()) / size;
  state.counters["slots_in_use"] = size / static_cast<double>(world.table->slots());
  state.counters["moves_per_insert"] =
      static_cast<double>(world.table->moved_slots() - moved) / size;
  world.insert_all();
}

// Removal of all items in the table's own order.
void erase_in_order(benchmark::State& state) {
  auto& world = filled<Segmented>(state.range(0));
  const std::vector<Item*> order = scanned(*world.table);
  const std::uint64_t moved = world.table->moved_slots();
  for (auto _ : state) {
    for (const Item* item : order) world.table->erase(item, Traits::hash(*item));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(order.size()));
  state.counters["moves_per_erase"] =
      static_cast<double>(world.table->moved_slots() - moved) / static_cast<double>(order.size());
  world.insert_all();
}

// Insertion into a table after reserve() of the number of items.
void insert_reserved(benchmark::State& state) {
  auto& world = filled<Segmented>(state.range(0));
  for (auto _ : state) {
    world.table = std::make_unique<Segmented>();
    world.table->reserve(world.items.size());
    for (const std::uint32_t at : world.order) {
      world.table->insert(&world.items[at], Traits::hash(world.items[at]));
    }
  }
  const auto size = static_cast<double>(world.table->size());
  state.SetItemsProcessed(static_cast<std::int64_t>(world.items.size()));
  state.counters["bytes_per_element"] = static_cast<double>(world.table->bytes()) / size;
  state.counters["moves_per_insert"] = static_cast<double>(world.table->moved_slots()) / size;
  world.insert_all();
}

void register_orders(std::int64_t size) {
  const auto add = [&](const char* name, void (*run)(benchmark::State&)) {
    benchmark::RegisterBenchmark(name, run)->Arg(size)->Iterations(1);
  };
  add("segmented/insert_reserved", insert_reserved);
  add("segmented/insert_forwards", insert_in_order<Order::forwards>);
  add("segmented/insert_backwards", insert_in_order<Order::backwards>);
  add("segmented/insert_prefix", insert_in_order<Order::first_prefix>);
  add("segmented/erase_forwards", erase_in_order);
}

template <typename Shape>
void register_shape(const std::string& shape, std::int64_t size) {
  const auto add = [&](const char* name, void (*run)(benchmark::State&)) {
    return benchmark::RegisterBenchmark((shape + "/" + name).c_str(), run)->Arg(size);
  };
  const std::int64_t rounds = std::max<std::int64_t>(1, 1'000'000 / size);
  add("insert", insert<Shape>)->Iterations(rounds);
  add("insert_steps", insert_steps<Shape>)->Iterations(1);
  add("find_present", find_one<Shape, Keys::present>);
  add("find_absent", find_one<Shape, Keys::absent>);
  add("find_batch16", find_batch<Shape>);
  add("erase_and_insert", erase_and_insert<Shape>);
  add("scan_all", scan_all<Shape>)->Iterations(rounds);
  add("sample", sample<Shape>);
  add("erase_all", erase_all<Shape>)->Iterations(1);
}

const bool kRegistered = [] {
  benchmark::RegisterBenchmark("around_find", around_find);
  std::vector<std::int64_t> sizes = {1000, 1'000'000};
  if (std::getenv("LARDER_BENCH_LARGE") != nullptr) sizes.push_back(20'000'000);
  for (const std::int64_t size : sizes) {
    register_shape<Segmented>("segmented", size);
    register_orders(size);
    register_shape<Chained>("chained", size);
  }
  return true;
}();

}  // namespace
}  // namespace larder::types::bench
