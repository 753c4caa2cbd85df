#pragma once

// A keyspace with a sweeper, and clocks that tests set.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "larder/base/clock.h"
#include "larder/base/rng.h"
#include "larder/config/registry.h"
#include "larder/expiry/sweeper.h"
#include "larder/info/info.h"
#include "larder/keyspace/edit.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/audit.h"
#include "larder/types/hash.h"

namespace larder::expiry {

// A clock that advances at every reading, so that budgets end after a known number of steps. The
// wall clock advances only when the test sets it.
class CostlyClock final : public base::Clock {
 public:
  explicit CostlyClock(std::int64_t us_per_look) : us_per_look_(us_per_look) {
    unix_us_ = 1'700'000'000'000'000;
  }
  void tick() override { steady_us_ = looked_us_; }
  std::int64_t steady_now_us() const override { return looked_us_ += us_per_look_; }
  void advance_ms(std::int64_t ms) {
    unix_us_ += ms * 1000;
    looked_us_ += ms * 1000;
    tick();
  }

 private:
  std::int64_t us_per_look_;
  mutable std::int64_t looked_us_ = 0;
};

template <typename Clock>
struct WorldOn {
  template <typename... Args>
  explicit WorldOn(Args... args) : clock(args...) {}
  ~WorldOn() {
    keyspace.graveyard().drain(base::Budget::unlimited());
    memory::Auditor auditor;
    auditor.add(keyspace);
    EXPECT_TRUE(auditor.run().balanced()) << auditor.run().text();
  }

  Clock clock;
  base::Rng rng{4711};
  config::Registry registry{"Larder"};
  info::Reporter reporter;
  keyspace::Settings keyspace_settings{registry};
  keyspace::Metrics keyspace_metrics{reporter};
  keyspace::Keyspace keyspace{clock, rng, keyspace_settings, keyspace_metrics};
  Settings settings{registry};
  Metrics metrics{reporter, keyspace};
  Sweeper sweeper{keyspace, settings, metrics};

  keyspace::Database& db(std::size_t index = 0) { return keyspace.db(index); }
  std::size_t run() { return sweeper.run(base::Budget::unlimited()); }
  void put(std::size_t i, std::int64_t ttl_ms, std::size_t index = 0) {
    db(index).put(keyspace::Key::of("key:" + std::to_string(i)), "value",
                  keyspace::Deadline::at(clock.unix_ms() + ttl_ms));
  }
  void put_persistent(const std::string& name) { db().put(keyspace::Key::of(name), "value"); }
  std::string info(std::string_view field) { return reporter.value(field); }
};

using World = WorldOn<base::ManualClock>;

// Passes with little time between them, so that each visits only a few classes.
inline void run_often(World& world) {
  for (int i = 0; i < 10; ++i) {
    world.clock.advance_ms(100);
    world.run();
  }
}

}  // namespace larder::expiry
