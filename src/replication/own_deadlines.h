#pragma once

// The keys of a writable replica that its own clients gave a deadline. Nobody else removes them:
// the primary does not have them, and a replica does not expire the keys of its primary.

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "larder/base/budget.h"
#include "larder/base/log.h"
#include "larder/engine/executor.h"
#include "larder/engine/sinks.h"
#include "larder/keyspace/keyspace.h"
#include "larder/replication/metrics.h"

namespace larder::replication {

class OwnDeadlines final : public engine::ChangeSink {
 public:
  struct Parts {
    base::Log& log;
    keyspace::Keyspace& keyspace;
    engine::Executor& executor;
    Metrics& metrics;
  };
  explicit OwnDeadlines(const Parts& parts);
  ~OwnDeadlines() override;
  OwnDeadlines(const OwnDeadlines&) = delete;
  OwnDeadlines& operator=(const OwnDeadlines&) = delete;

  // So many keys are known. Further ones stay until somebody removes them.
  static constexpr std::size_t kMost = 100'000;

  enum class Role : std::uint8_t { primary, read_only_replica, writable_replica };
  // A primary expires all keys itself, and forgets these.
  void be(Role role);

  // Removes those whose deadline has passed.
  void expire(base::Budget budget);

  // engine::ChangeSink
  void read(std::span<const keyspace::Change> changes) override;

 private:
  // A database, and the hash of the key's name.
  using Place = std::pair<int, std::uint64_t>;
  struct Places {
    std::map<Place, std::int64_t> deadlines;
    std::set<std::pair<std::int64_t, Place>> due;  // the same, by their deadlines
  };

  void listen();
  void look_at(const keyspace::Change& change);
  void note(Place place, std::int64_t deadline_ms);
  void forget(Place place);
  // All of a database; of all databases if it is negative.
  void forget_all(int db);
  void free_forgotten(base::Budget& budget);
  std::size_t size() const;
  void show();

  const Parts parts_;
  Role role_ = Role::primary;
  bool listens_ = false;
  bool is_full_ = false;
  Places places_;
  std::vector<Places> forgotten_;  // freed in steps
};

}  // namespace larder::replication
