#pragma once

// Replays cache-aside traffic (read a key; on a miss, store it) against Larder's keyspace and
// evictor in process, and against an exact LRU of a given number of keys, and returns the share
// of reads that hit. Requests come in batches, as in a pipeline: all reads of a batch, then the
// writes for the misses.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "bench/eviction/traces.h"
#include "larder/base/clock.h"
#include "larder/base/rng.h"
#include "larder/config/registry.h"
#include "larder/eviction/evictor.h"
#include "larder/info/info.h"
#include "larder/keyspace/keyspace.h"

namespace larder::bench {

inline constexpr std::size_t kBatch = 50;
inline constexpr std::size_t kValueBytes = 100;
// Requests in a second, for clocks.
inline constexpr std::int64_t kRate = 100'000;
// The first part of a trace warms the cache and is not counted.
inline std::size_t warm_up(const Trace& trace) { return trace.requests.size() / 2; }

inline std::string key_name(std::uint32_t key) {
  char name[24];
  std::snprintf(name, sizeof name, "key:%010u", key);
  return name;
}

// A cache under replay. get() for all of a batch comes before set() for the misses.
class Cache {
 public:
  virtual ~Cache() = default;
  // hit[i] belongs to keys[i].
  virtual void get(std::span<const std::uint32_t> keys, std::vector<bool>& hit) = 0;
  virtual void set(std::span<const std::uint32_t> keys) = 0;
  virtual std::size_t size() = 0;
};

// Larder without its loop and sockets, and a clock that goes by the number of requests.
class Larder final : public Cache {
 public:
  explicit Larder(const std::string& policy) : value_(kValueBytes, 'v') {
    if (!registry_.set({{"maxmemory-policy", policy}}, {})) std::abort();
  }

  void limit(std::uint64_t bytes) {
    settings_.maxmemory.value(static_cast<std::int64_t>(bytes + evictor_.counted_bytes()));
  }
  std::uint64_t bytes() const { return evictor_.counted_bytes(); }

  void get(std::span<const std::uint32_t> keys, std::vector<bool>& hit) override {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      clock_.advance_us(1'000'000 / kRate);
      name(keys[i]);
      hit[i] = db().look(keyspace::Key::of(name_), keyspace::Look::read) != nullptr;
    }
  }
  void set(std::span<const std::uint32_t> keys) override {
    for (const std::uint32_t key : keys) {
      if (evictor_.needs_room()) evictor_.make_room(evictor_.budget());
      name(key);
      db().put(keyspace::Key::of(name_), value_);
    }
    keyspace_.graveyard().drain(base::Budget::unlimited());
  }
  std::size_t size() override { return keyspace_.size(); }

 private:
  keyspace::Database& db() { return keyspace_.db(0); }
  void name(std::uint32_t key) { name_ = key_name(key); }

  base::ManualClock clock_;
  base::Rng rng_{99};
  config::Registry registry_{"Larder"};
  info::Reporter reporter_;
  keyspace::Settings keyspace_settings_{registry_};
  keyspace::Metrics keyspace_metrics_{reporter_};
  keyspace::Keyspace keyspace_{clock_, rng_, keyspace_settings_, keyspace_metrics_};
  eviction::Settings settings_{registry_};
  eviction::Metrics metrics_{reporter_, settings_, clock_};
  memory::Metrics memory_metrics_{reporter_};
  keyspace::Evacuator evacuator_{keyspace_, memory_metrics_};
  eviction::Evictor evictor_{keyspace_, evacuator_, settings_, metrics_};
  std::string value_;
  std::string name_;
};

// A list of keys in the order of their use, the last used at the head.
class ExactLru final : public Cache {
 public:
  ExactLru(std::uint32_t keys, std::size_t most)
      : most_(most), before_(keys + 1), after_(keys + 1), held_(keys), end_(keys) {
    before_[end_] = after_[end_] = end_;
  }

  void get(std::span<const std::uint32_t> keys, std::vector<bool>& hit) override {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      hit[i] = held_[keys[i]];
      if (hit[i]) move_to_head(keys[i]);
    }
  }
  void set(std::span<const std::uint32_t> keys) override {
    for (const std::uint32_t key : keys) {
      if (!held_[key]) add(key);
      if (size_ > most_) drop(before_[end_]);
    }
  }
  std::size_t size() override { return size_; }

 private:
  void unlink(std::uint32_t key) {
    after_[before_[key]] = after_[key];
    before_[after_[key]] = before_[key];
  }
  void link_at_head(std::uint32_t key) {
    after_[key] = after_[end_];
    before_[key] = end_;
    before_[after_[key]] = key;
    after_[end_] = key;
  }
  void move_to_head(std::uint32_t key) {
    unlink(key);
    link_at_head(key);
  }
  void add(std::uint32_t key) {
    link_at_head(key);
    held_[key] = true;
    ++size_;
  }
  void drop(std::uint32_t key) {
    unlink(key);
    held_[key] = false;
    --size_;
  }

  std::size_t most_;
  std::size_t size_ = 0;
  std::vector<std::uint32_t> before_, after_;
  std::vector<bool> held_;
  std::uint32_t end_;
};

struct Outcome {
  double hit_ratio = 0;
  double average_keys = 0;
};

inline Outcome replay(const Trace& trace, Cache& cache) {
  std::vector<bool> hit(kBatch);
  std::vector<std::uint32_t> missed;
  missed.reserve(kBatch);
  std::size_t hits = 0, counted = 0, batches = 0;
  double keys = 0;
  for (std::size_t at = 0; at < trace.requests.size(); at += kBatch) {
    const std::size_t count = std::min(kBatch, trace.requests.size() - at);
    const std::span<const std::uint32_t> batch(&trace.requests[at], count);
    cache.get(batch, hit);
    missed.clear();
    for (std::size_t i = 0; i < count; ++i) {
      if (!hit[i]) missed.push_back(batch[i]);
    }
    cache.set(missed);
    if (at < warm_up(trace)) continue;
    hits += count - missed.size();
    counted += count;
    // Querying the size of a server would cost more than the batch.
    if (batches++ % 64 == 0) keys += static_cast<double>(cache.size());
  }
  const auto asked = static_cast<double>((batches + 63) / 64);
  return {static_cast<double>(hits) / static_cast<double>(counted), keys / asked};
}

// Larder under a limit of `bytes` above the empty keyspace.
inline Outcome replay_larder(const Trace& trace, const std::string& policy,
                             std::uint64_t limit_bytes) {
  Larder larder(policy);
  larder.limit(limit_bytes);
  return replay(trace, larder);
}

// With exactly the `keys` last used keys in memory.
inline Outcome replay_exact_lru(const Trace& trace, std::size_t keys) {
  ExactLru lru(trace.keys, keys);
  return replay(trace, lru);
}

// Bytes that Larder takes for `keys` keys.
inline std::uint64_t larder_footprint(std::uint32_t keys) {
  Larder larder("noeviction");
  const std::uint64_t empty = larder.bytes();
  std::vector<std::uint32_t> all(kBatch);
  for (std::uint32_t key = 0; key < keys; key += kBatch) {
    std::iota(all.begin(), all.end(), key);
    larder.set(all);
  }
  return larder.bytes() - empty;
}

}  // namespace larder::bench
