// How long a command waits for room in pages while the sizes of values shift.

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "larder/base/clock.h"
#include "larder/base/rng.h"
#include "larder/config/registry.h"
#include "larder/eviction/evictor.h"
#include "larder/info/info.h"
#include "larder/keyspace/edit.h"
#include "larder/keyspace/keyspace.h"
#include "larder/types/hash.h"

namespace larder::eviction {
namespace {

class Shifting {
 public:
  explicit Shifting(std::int64_t maxmemory) : maxmemory_(maxmemory) {
    if (!registry_.set({{"maxmemory-policy", "allkeys-random"}}, {})) std::abort();
    settings_.maxmemory.value(maxmemory);
  }
  template <typename Write>
  void run(Write write) {
    for (const std::size_t bytes : {100, 1000, 300, 40}) {
      for (std::int64_t written = 0; written < 2 * maxmemory_;
           written += static_cast<std::int64_t>(bytes) + 30) {
        clock_.tick();
        if (evictor_.needs_room()) make_room();
        write(bytes);
        if (++writes_ % 32 == 0) keyspace_.graveyard().drain(base::Budget::unlimited());
      }
    }
  }
  void put(std::size_t bytes) {
    db_.put(keyspace::Key::of("key:" + std::to_string(writes_)), std::string(bytes, 'x'));
  }
  void set_field(std::size_t bytes) {
    const std::string name = "hash:" + std::to_string(keyspace_.rng().below(1000));
    const auto key = keyspace::Key::of(name);
    auto edit =
        db_.edit<types::Hash>(key, db_.look(key, keyspace::Look::write), keyspace::Event::hset);
    edit->set("field:" + std::to_string(writes_), std::string(bytes, 'x'), {16, 64}, 0);
  }
  void report(benchmark::State& state) {
    std::sort(times_.begin(), times_.end());
    const auto at = [this](double part) {
      return times_[static_cast<std::size_t>(part * static_cast<double>(times_.size() - 1))];
    };
    state.counters["moved"] = static_cast<double>(memory_metrics_.active_defrag_hits.value());
    state.counters["evicted"] = static_cast<double>(metrics_.evicted_keys.value());
    state.counters["for pages"] = static_cast<double>(metrics_.evicted_keys_for_pages.value());
    state.counters["p50 us"] = at(0.5);
    state.counters["p99.9 us"] = at(0.999);
    state.counters["longest us"] = at(1);
  }

 private:
  // Processor time, so that other processes do not count.
  static double cpu_us() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
  }
  // Of these calls, those that had to move something.
  void make_room() {
    const std::uint64_t before =
        memory_metrics_.active_defrag_hits.value() + memory_metrics_.active_defrag_misses.value();
    const double began_us = cpu_us();
    evictor_.make_room(base::Budget(clock_, 500));
    const double took_us = cpu_us() - began_us;
    if (memory_metrics_.active_defrag_hits.value() + memory_metrics_.active_defrag_misses.value() !=
        before) {
      times_.push_back(took_us);
    }
  }

  std::int64_t maxmemory_;
  base::SystemClock clock_;
  base::Rng rng_{3};
  config::Registry registry_{"Larder"};
  info::Reporter reporter_;
  keyspace::Settings keyspace_settings_{registry_};
  keyspace::Metrics keyspace_metrics_{reporter_};
  keyspace::Keyspace keyspace_{clock_, rng_, keyspace_settings_, keyspace_metrics_};
  memory::Metrics memory_metrics_{reporter_};
  keyspace::Evacuator evacuator_{keyspace_, memory_metrics_};
  Settings settings_{registry_};
  Metrics metrics_{reporter_, settings_, clock_};
  Evictor evictor_{keyspace_, evacuator_, settings_, metrics_};
  keyspace::Database& db_ = keyspace_.db(0);
  std::vector<double> times_;
  std::uint64_t writes_ = 0;
};

void strings_of_shifting_sizes(benchmark::State& state) {
  for (auto _ : state) {
    Shifting shifting(state.range(0) << 20);
    shifting.run([&shifting](std::size_t bytes) { shifting.put(bytes); });
    shifting.report(state);
  }
}
BENCHMARK(strings_of_shifting_sizes)->Arg(64)->Arg(512)->Iterations(1)->Unit(benchmark::kSecond);

void fields_of_shifting_sizes(benchmark::State& state) {
  for (auto _ : state) {
    Shifting shifting(state.range(0) << 20);
    shifting.run([&shifting](std::size_t bytes) { shifting.set_field(bytes); });
    shifting.report(state);
  }
}
BENCHMARK(fields_of_shifting_sizes)->Arg(64)->Arg(512)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace larder::eviction
