// The cost of a pass: over keys that are not due, over keys that share their class with due
// ones, and for each key that it removes; and the share of expired keys that a million
// short-lived keys leave in memory.

#include <benchmark/benchmark.h>
#include <time.h>

#include <cstdint>
#include <memory>
#include <string>

#include "larder/base/clock.h"
#include "larder/base/rng.h"
#include "larder/config/registry.h"
#include "larder/expiry/sweeper.h"
#include "larder/info/info.h"
#include "larder/keyspace/keyspace.h"

namespace larder::expiry {
namespace {

// The wall clock is moved by hand. The steady clock is the processor time of this thread, so
// that only the work of the sweep is measured.
class HalfRealClock final : public base::Clock {
 public:
  HalfRealClock() {
    unix_us_ = 1'700'000'000'000'000;
    steady_us_ = steady_now_us();
  }
  void tick() override { steady_us_ = steady_now_us(); }
  std::int64_t steady_now_us() const override {
    timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return used.tv_sec * std::int64_t{1'000'000} + used.tv_nsec / 1000 + ahead_us_;
  }
  void advance_us(std::int64_t us) {
    unix_us_ += us;
    ahead_us_ += us;
    tick();
  }
  // Advances the wall clock by the time that has really passed, and `us` more.
  void follow(std::int64_t us) {
    const std::int64_t before = steady_us_;
    ahead_us_ += us;
    tick();
    unix_us_ += steady_us_ - before;
  }

 private:
  std::int64_t ahead_us_ = 0;
};

struct World {
  void put(std::int64_t ttl_ms) {
    db.put(keyspace::Key::of("key:" + std::to_string(next++)), "a value of thirty-two bytes, now",
           keyspace::Deadline::at(clock.unix_ms() + ttl_ms));
  }
  std::size_t pass() {
    clock.advance_us(2'000'000);
    return sweeper.run(base::Budget::unlimited());
  }

  HalfRealClock clock;
  base::Rng rng{3};
  config::Registry registry{"Larder"};
  info::Reporter reporter;
  keyspace::Settings keyspace_settings{registry};
  keyspace::Metrics keyspace_metrics{reporter};
  keyspace::Keyspace keyspace{clock, rng, keyspace_settings, keyspace_metrics};
  Settings settings{registry};
  Metrics metrics{reporter, keyspace};
  Sweeper sweeper{keyspace, settings, metrics};
  keyspace::Database& db = keyspace.db(0);
  std::size_t next = 0;
};

void pass_over_a_million_not_due(benchmark::State& state) {
  World world;
  for (int i = 0; i < 1'000'000; ++i) world.put(86'400'000'000);
  for (int i = 0; i < 4; ++i) world.pass();
  for (auto _ : state) benchmark::DoNotOptimize(world.pass());
}
BENCHMARK(pass_over_a_million_not_due)->Unit(benchmark::kMillisecond);

void pass_over_a_million_spread_over_days(benchmark::State& state) {
  World world;
  for (int i = 0; i < 1'000'000; ++i) {
    world.put(86'400'000 + static_cast<std::int64_t>(world.rng.below(86'400'000)));
  }
  for (int i = 0; i < 4; ++i) world.pass();
  for (auto _ : state) benchmark::DoNotOptimize(world.pass());
}
BENCHMARK(pass_over_a_million_spread_over_days)->Unit(benchmark::kMillisecond);

// In steps of a millisecond; the longest step is the longest wait of a command.
void half_a_million_that_expire_together(benchmark::State& state) {
  double longest_us = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const auto made = std::make_unique<World>();
    World& world = *made;
    for (int i = 0; i < 500'000; ++i) world.put(10'000);
    for (int i = 0; i < 500'000; ++i) world.put(86'400'000);
    world.clock.advance_us(10'001'000);
    state.ResumeTiming();
    while (world.db.size() > 500'000) {
      const std::int64_t start = world.clock.steady_now_us();
      world.sweeper.run(world.sweeper.budget());
      const auto us = static_cast<double>(world.clock.steady_now_us() - start);
      if (us > longest_us) longest_us = us;
      world.keyspace.graveyard().drain(base::Budget::unlimited());
    }
  }
  state.counters["longest step us"] = longest_us;
}

// Stores with TTLs of 1 to 20 s, 100,000 a second, as turns of 2 ms each with its fast cycle,
// and the slow one ten times a second; counts expired keys ten times a second.
void steady_load_of_a_million(benchmark::State& state) {
  for (auto _ : state) {
    World world;
    double share = 0;
    double worst = 0;
    int measured = 0;
    const std::int64_t begin = world.clock.unix_ms();
    for (int turn = 0; world.clock.unix_ms() - begin < 30'000; ++turn) {
      for (int i = 0; i < 200; ++i) {
        world.put(1'000 + static_cast<std::int64_t>(world.rng.below(19'001)));
      }
      world.clock.follow(2'000);
      if (turn % 50 == 0) world.sweeper.run(world.sweeper.budget());
      world.sweeper.run_fast();
      world.keyspace.graveyard().drain(base::Budget::unlimited());
      if (turn % 50 != 25 || world.clock.unix_ms() - begin < 22'000) continue;
      std::size_t expired = 0;
      const std::int64_t now = world.clock.unix_ms();
      world.db.expires().for_each([&](const keyspace::Entry* e) { expired += e->expired(now); });
      const double here = static_cast<double>(expired) / static_cast<double>(world.db.size());
      share += here;
      if (here > worst) worst = here;
      ++measured;
    }
    state.counters["expired %"] = 100 * share / measured;
    state.counters["at worst %"] = 100 * worst;
    state.counters["keys"] = static_cast<double>(world.db.size());
    state.counters["cycle ms of 30 s"] =
        std::stod(world.reporter.value("expire_cycle_cpu_milliseconds"));
  }
}
BENCHMARK(steady_load_of_a_million)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK(half_a_million_that_expire_together)->Iterations(3)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace larder::expiry
