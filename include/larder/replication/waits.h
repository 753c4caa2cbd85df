#pragma once

// The clients that wait until replicas have their writes: WAIT and WAITAOF. Each is parked without
// keys; its wait ends when enough replicas have acknowledged its offset, or at its deadline.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "larder/base/clock.h"
#include "larder/engine/session.h"
#include "larder/engine/waiters.h"
#include "larder/memory/audit.h"

namespace larder::replication {

// How many copies there are.
class Copies {
 public:
  // Replicas that have the stream up to the offset, in memory or in their append-only files.
  virtual std::size_t having(std::int64_t offset) const = 0;
  virtual std::size_t having_on_disk(std::int64_t offset) const = 0;
  // Whether the own append-only file has the effects up to this position.
  virtual bool is_synced(std::uint64_t position) const = 0;

 protected:
  ~Copies() = default;
};

class Waits final : public memory::AuditedOwner {
 public:
  struct Order {
    std::int64_t offset = 0;      // of the stream
    std::size_t replicas = 0;     // that must have it
    std::uint64_t position = 0;   // of the own journal; counts with `on_disk`
    bool own_file = false;        // must have the position
    bool on_disk = false;         // WAITAOF
    std::int64_t timeout_ms = 0;  // 0: no end
  };

  Waits(const base::Clock& clock, engine::Waiters& waiters, const Copies& copies)
      : clock_(clock), waiters_(waiters), copies_(copies) {}
  ~Waits() override;
  Waits(const Waits&) = delete;
  Waits& operator=(const Waits&) = delete;

  // Replies if the order is fulfilled. If not, the session must be parked without keys and without
  // a deadline, and it is replied to later. False if it cannot wait, because it has a part in the
  // handshake of a replica.
  static bool may_wait(const engine::Session& session) {
    return session.attachment(engine::Attached::replica) == nullptr;
  }
  bool is_fulfilled(const Order& order) const;
  void answer(engine::Session& session, const Order& order) const;
  void add(engine::Session& session, const Order& order);

  bool empty() const { return sessions_.empty(); }
  // Some replica is further than before, or the own file: ends the waits that this fulfils.
  void look();
  // Ends the waits whose time is over.
  void expire();
  // When the next one ends, on the steady clock; 0: none.
  std::int64_t next_deadline_us() const { return earliest_us_; }

  void report_bytes(memory::Audit& audit) const override;

 private:
  class Waiting;

  void end(Waiting& waiting);
  void remove(Waiting& waiting);
  void note_earliest();

  const base::Clock& clock_;
  engine::Waiters& waiters_;
  const Copies& copies_;
  std::vector<Waiting*> sessions_;
  std::int64_t earliest_us_ = 0;
};

}  // namespace larder::replication
