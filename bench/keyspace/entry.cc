// Entries in a database: storing, finding and removing, at two sizes.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "larder/base/clock.h"
#include "larder/base/rng.h"
#include "larder/config/registry.h"
#include "larder/info/info.h"
#include "larder/keyspace/keyspace.h"

namespace {

using namespace larder::keyspace;

struct World {
  explicit World(std::size_t keys) {
    for (std::size_t i = 0; i < keys; ++i) names.push_back("key:" + std::to_string(10'000'000 + i));
    std::shuffle(names.begin(), names.end(), std::mt19937_64(1));
  }
  void fill(const std::string& value) {
    for (const std::string& name : names) db().put(Key::of(name), value);
  }
  Database& db() { return keyspace.db(0); }
  const std::string& name() { return names[next++ % names.size()]; }

  larder::base::ManualClock clock;
  larder::base::Rng rng{1};
  larder::config::Registry registry{"Larder"};
  larder::info::Reporter reporter;
  Settings settings{registry};
  Metrics metrics{reporter};
  Keyspace keyspace{clock, rng, settings, metrics};
  std::vector<std::string> names;
  std::size_t next = 0;
};

void find(benchmark::State& state) {
  World world(static_cast<std::size_t>(state.range(0)));
  world.fill(std::string(32, 'v'));
  for (auto _ : state) {
    benchmark::DoNotOptimize(world.db().find<larder::types::String>(Key::of(world.name())));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

void find_nothing(benchmark::State& state) {
  World world(static_cast<std::size_t>(state.range(0)));
  world.fill(std::string(32, 'v'));
  for (std::string& name : world.names) name[0] = 'n';
  for (auto _ : state) {
    benchmark::DoNotOptimize(world.db().look(Key::of(world.name()), Look::read));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

void overwrite(benchmark::State& state) {
  World world(static_cast<std::size_t>(state.range(0)));
  const std::string value(32, 'v');
  world.fill(value);
  for (auto _ : state) world.db().put(Key::of(world.name()), value);
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

// Adds one key and removes one, so that the size stays; removed entries are freed as at a turn's
// end.
void put_and_erase(benchmark::State& state) {
  World world(static_cast<std::size_t>(state.range(0)));
  const std::string value(32, 'v');
  world.fill(value);
  for (auto _ : state) {
    const Key key = Key::of(world.name());
    world.db().erase(key);
    world.db().put(key, value);
    world.keyspace.graveyard().drain(larder::base::Budget::unlimited());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

BENCHMARK(find)->Arg(1000)->Arg(1'000'000);
BENCHMARK(find_nothing)->Arg(1000)->Arg(1'000'000);
BENCHMARK(overwrite)->Arg(1000)->Arg(1'000'000);
BENCHMARK(put_and_erase)->Arg(1000)->Arg(1'000'000);

}  // namespace
