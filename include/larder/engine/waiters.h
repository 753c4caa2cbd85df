#pragma once

// The sessions that wait for keys. After each command the waiters read the change log; a change
// that may unblock a session makes its key ready. Ready keys are served in the order in which they
// became ready, and for each key its sessions in the order of blocking, by running their commands
// again (Executor::serve_ready).
//
// Which changes make a key ready: all that name the key, except those of a deadline (`expire`,
// `persist`) and, of the events of streams ('t'), all except `xadd` and `xgroup-destroy`. Flushes
// make ready the keys whose sessions wait for removal, swapped databases all keys: in steps, the
// rest at the ends of turns, if very many keys are waited for. The waiters listen to the log only
// while a session waits.
//
// A session that waits for many keys leaves its places in their queues when its wait ends; these
// places unblock nothing and are freed in steps (Sessions::free_left).

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "larder/base/clock.h"
#include "larder/engine/deadlines.h"
#include "larder/engine/held_sessions.h"
#include "larder/engine/metrics.h"
#include "larder/engine/observer.h"
#include "larder/engine/sinks.h"
#include "larder/engine/wait.h"
#include "larder/engine/waiting.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/audit.h"

namespace larder::engine {

class Session;

class Waiters final : public ChangeSink, public memory::AuditedOwner {
 public:
  Waiters(const base::Clock& clock, keyspace::Keyspace& keyspace, Metrics& metrics,
          Observer& observer);
  // No session may still be waiting.
  ~Waiters() override;
  Waiters(const Waiters&) = delete;
  Waiters& operator=(const Waiters&) = delete;

  const base::Clock& clock() const { return clock_; }

  // Parks the session with a copy of the words it ran; if its command is being run again, the
  // session keeps its place. False if the session must not wait: the handler replies at once. Cost:
  // one allocation, and one lookup for each key.
  bool wait(Session& session, BoundCommand& command, resp::Args words, const Wait& wait);
  // There is no room for the reply of the command that is being run again, about `bytes` bytes: the
  // session keeps its place, and others are served meanwhile.
  void wait_for_room(Session& session, std::uint64_t bytes);
  // The command that is to run again may change a key that is held: its session keeps its place,
  // and tries again when the key is held no more.
  void wait_for_held_keys();
  // There is room now: tries the keys of the session again.
  void try_again(Session& session);
  // The session stops waiting and gets no reply for it; does nothing if it did not wait.
  void forget(Session& session);

  // Ends the wait as if its timeout had passed, or with an error: that of CLIENT UNBLOCK, or that
  // this server has become a replica. False if the session does not wait.
  enum class Ending : std::uint8_t { timeout, error, demotion };
  bool unblock(Session& session, Ending ending);

  // The most time of one expire().
  static constexpr std::int64_t kExpireUs = 500;
  // Ends waits whose timeout has passed, the earliest first. Returns how many.
  std::size_t expire();
  // When the next wait ends, on the steady clock; 0 when none has a deadline.
  std::int64_t next_deadline_us() const;

  // Sessions whose next command is delayed: until there is room below maxmemory, until flushed data
  // is freed, until a snapshot has written a value, and until keys are held no more.
  HeldSessions& waiting_for_memory() { return waiting_for_memory_; }
  HeldSessions& for_frees() { return for_frees_; }
  HeldSessions& for_snapshot() { return for_snapshot_; }
  HeldSessions& for_held_keys() { return for_held_keys_; }
  HeldSessions& paused() { return paused_; }
  std::size_t held() const {
    return waiting_for_memory_.size() + for_frees_.size() + for_snapshot_.size() +
           for_held_keys_.size();
  }

  void read(std::span<const keyspace::Change> changes) override;

  bool has_ready() const {
    return first_ready_ != nullptr || !sweeps_.empty() || !reached_.empty();
  }
  // The journal has synced its effects up to this position: the commands that wait for it run
  // again. Cost: that of a look at each command that waits for a position.
  void reached(std::uint64_t position);
  // The next command to run again; nullptr if no session can be served, or if so many keys in a row
  // unblocked nothing that the rest is left for later. While it runs its session does not count as
  // waiting, unless it waits again. Must be followed by end_resume(). Looks up the key, which may
  // remove it as expired.
  ParkedCommand* resume();
  // The same for commands whose position of the journal was reached, and no others.
  ParkedCommand* resume_reached();
  void end_resume();

  // The keys, of these of the command that is run again, that may have what it waits for. The
  // others have had no value since it began to wait, if no other key is ready, and none that was
  // tried has a value of another type. Otherwise, and for a command that runs for the first time,
  // all.
  std::span<const std::string_view> candidates(const Session& session,
                                               std::span<const std::string_view> keys) const;

  // The time that earlier runs of the command that is run again took, in cycles of the counter; and
  // the new total for the session's command, which is reported with its reply. Nothing if it does
  // not wait.
  std::uint64_t resumed_cycles() const { return resumed_ == nullptr ? 0 : resumed_->cycles; }
  void keep_cycles(Session& session, std::uint64_t cycles);

  // Sessions that wait, those of them with a deadline, the keys waited for, and the keys whose
  // removal a session waits for. Keys that are left behind count until they are freed.
  std::size_t sessions() const { return sessions_; }
  std::size_t with_deadline() const { return deadlines_.size(); }
  std::size_t keys() const { return keys_; }
  std::size_t keys_awaiting_removal() const { return keys_when_gone_; }

  // Reports all memory of waiting sessions to the audit: client_input.
  void report_bytes(memory::Audit& audit) const override;

 private:
  using Keys = types::Table<WaitedKeyTraits>;

  void park(Session& session, BoundCommand& command, resp::Args words, const Wait& wait);
  void enqueue(ParkedCommand& command, const Wait& wait);
  void release(ParkedCommand& command);
  void forget_position(ParkedCommand& command);
  class LeftPlaces;
  void end(ParkedCommand& command);
  void count(const ParkedCommand& command, int change);

  WaitedKey& key_for(int db, std::string_view name);
  void add_place(Place& place);
  void remove_place(Place& place);
  void drop(WaitedKey& key);

  // Commands that wait for positions of the journal.
  class PositionQueue {
   public:
    bool empty() const { return first_ == nullptr; }
    ParkedCommand* first() const { return first_; }
    void add(ParkedCommand& command);
    void remove(ParkedCommand& command);

   private:
    ParkedCommand* first_ = nullptr;
  };

  void mark(WaitedKey& key);
  // The keys of one database, or of all (db < 0), must be marked.
  void begin_sweep(int db, bool only_when_gone);
  // Marks some of them; false when all are marked.
  bool sweep_some();
  void unmark(WaitedKey& key);
  Place* next_to_try(WaitedKey& key);
  void note_value(WaitedKey& key, bool has_value);
  bool is_exhausted(const ParkedCommand& command) const;

  // A walk over the keys of a database that must be marked.
  struct Sweep {
    std::size_t db;
    bool only_when_gone;
    std::uint64_t cursor = 0;
  };

  const base::Clock& clock_;
  keyspace::Keyspace& keyspace_;
  Metrics& metrics_;
  Observer& observer_;
  std::vector<Keys> by_name_;  // for each database
  Deadlines deadlines_;
  HeldSessions waiting_for_memory_;
  HeldSessions for_frees_;
  HeldSessions for_snapshot_;
  HeldSessions paused_;  // by CLIENT PAUSE
  std::vector<Sweep> sweeps_;
  PositionQueue for_positions_;
  PositionQueue reached_;  // whose position was reached
  WaitedKey* first_ready_ = nullptr;
  WaitedKey* last_ready_ = nullptr;
  ParkedCommand* resumed_ = nullptr;
  WaitedKey* resumed_by_ = nullptr;  // it has a place in the queue of this key
  std::string_view resumed_by_name_;
  std::vector<std::uint64_t> exhausted_;  // rivals of which one found nothing in this pass
  std::size_t sessions_ = 0;
  std::size_t keyless_ = 0;        // of them, those that wait for no key
  std::size_t keyless_bytes_ = 0;  // of their parked commands
  std::size_t keys_ = 0;
  std::size_t keys_when_gone_ = 0;
  std::size_t keys_with_value_ = 0;
  HeldSessions for_held_keys_;
};

}  // namespace larder::engine
