// The cost of a store that must evict a key first, and of the check that every store makes.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "larder/base/clock.h"
#include "larder/base/rng.h"
#include "larder/config/registry.h"
#include "larder/eviction/evictor.h"
#include "larder/info/info.h"
#include "larder/keyspace/keyspace.h"

namespace larder::eviction {
namespace {

struct Full {
  explicit Full(const std::string& policy, std::size_t keys) {
    if (!registry.set({{"maxmemory-policy", policy}}, {})) std::abort();
    for (std::size_t i = 0; i < keys; ++i) put();
    settings.maxmemory.value(static_cast<std::int64_t>(evictor.counted_bytes()));
  }
  void put() {
    clock.advance_us(10);
    db.put(keyspace::Key::of("key:" + std::to_string(next++)), "a value of thirty-two bytes, now",
           keyspace::Deadline::at(clock.unix_ms() + 3'600'000));
    if (next % 32 == 0) keyspace.graveyard().drain(base::Budget::unlimited());
  }

  base::ManualClock clock;
  base::Rng rng{3};
  config::Registry registry{"Larder"};
  info::Reporter reporter;
  keyspace::Settings keyspace_settings{registry};
  keyspace::Metrics keyspace_metrics{reporter};
  keyspace::Keyspace keyspace{clock, rng, keyspace_settings, keyspace_metrics};
  Settings settings{registry};
  Metrics metrics{reporter, settings, clock};
  memory::Metrics memory_metrics{reporter};
  keyspace::Evacuator evacuator{keyspace, memory_metrics};
  Evictor evictor{keyspace, evacuator, settings, metrics};
  keyspace::Database& db = keyspace.db(0);
  std::size_t next = 0;
};

void store_into_a_full_keyspace(benchmark::State& state, const char* policy) {
  Full full(policy, 1'000'000);
  for (auto _ : state) {
    if (full.evictor.needs_room()) full.evictor.make_room(base::Budget::unlimited());
    full.put();
  }
  state.counters["evicted per store"] = static_cast<double>(full.metrics.evicted_keys.value()) /
                                        static_cast<double>(state.iterations());
}
BENCHMARK_CAPTURE(store_into_a_full_keyspace, allkeys_lru, "allkeys-lru");
BENCHMARK_CAPTURE(store_into_a_full_keyspace, allkeys_lfu, "allkeys-lfu");
BENCHMARK_CAPTURE(store_into_a_full_keyspace, allkeys_random, "allkeys-random");
BENCHMARK_CAPTURE(store_into_a_full_keyspace, volatile_ttl, "volatile-ttl");

void store_without_a_limit(benchmark::State& state) {
  Full full("allkeys-lru", 1'000'000);
  full.settings.maxmemory.value(0);
  for (auto _ : state) {
    if (full.evictor.needs_room()) full.evictor.make_room(base::Budget::unlimited());
    full.put();
  }
}
BENCHMARK(store_without_a_limit)->Iterations(1'000'000);

void ask_whether_over_the_limit(benchmark::State& state) {
  Full full("allkeys-lru", 1000);
  full.settings.maxmemory.value(1LL << 40);
  for (auto _ : state) benchmark::DoNotOptimize(full.evictor.needs_room());
}
BENCHMARK(ask_whether_over_the_limit);

}  // namespace
}  // namespace larder::eviction
