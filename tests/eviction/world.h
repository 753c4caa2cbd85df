#pragma once

// A keyspace with an evictor, a clock that the test advances, and random numbers that are the
// same in each run.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "larder/base/clock.h"
#include "larder/base/rng.h"
#include "larder/config/registry.h"
#include "larder/eviction/evictor.h"
#include "larder/info/info.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/audit.h"

namespace larder::eviction {

// A clock that advances at every reading, so that budgets end after a known number of steps.
class CostlyClock final : public base::Clock {
 public:
  explicit CostlyClock(std::int64_t us_per_look) : us_per_look_(us_per_look) {
    unix_us_ = 1'700'000'000'000'000;
  }
  void tick() override { steady_us_ = looked_us_; }
  std::int64_t steady_now_us() const override { return looked_us_ += us_per_look_; }

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
  base::Rng rng{20260101};
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

  keyspace::Database& db(std::size_t index = 0) { return keyspace.db(index); }

  void policy(const std::string& name) { set("maxmemory-policy", name); }
  void set(const std::string& name, const std::string& value) {
    ASSERT_TRUE(registry.set({{name, value}}, {}));
  }
  void put(const std::string& name, std::size_t value_bytes = 100, std::size_t index = 0) {
    db(index).put(keyspace::Key::of(name), std::string(value_bytes, 'x'));
  }
  void put_until(const std::string& name, std::int64_t unix_ms, std::size_t index = 0) {
    db(index).put(keyspace::Key::of(name), std::string(100, 'x'), keyspace::Deadline::at(unix_ms));
  }
  void use(const std::string& name) { db().look(keyspace::Key::of(name), keyspace::Look::read); }
  bool has(const std::string& name, std::size_t index = 0) const {
    return keyspace.db(index).entries().find(name, keyspace::Key::of(name).hash) != nullptr;
  }
  std::string info(std::string_view field) { return reporter.value(field); }

  // Sets the limit so that about `keys` average keys must be evicted.
  void ask_for(std::size_t keys) {
    keyspace.graveyard().drain(base::Budget::unlimited());
    const std::uint64_t entry = 160;
    limit(evictor.counted_bytes() - keys * entry);
  }
  void limit(std::uint64_t bytes) { settings.maxmemory.value(static_cast<std::int64_t>(bytes)); }
  Room make_room() { return evictor.make_room(base::Budget::unlimited()); }
  Room make_room_for(const Need& need) {
    return evictor.make_room_for(need, base::Budget::unlimited());
  }
};

using World = WorldOn<base::ManualClock>;

inline std::string name_of(std::size_t i) { return "key:" + std::to_string(i); }

}  // namespace larder::eviction
