#pragma once

// The sessions that wait for keys. After each command the waiters read what it changed; a change
// that may feed a waited-for key makes the key ready. Ready keys are served in the order in which
// they became ready, and for each key its sessions in the order of blocking, by running their
// commands again (Executor::serve_ready).
//
// Which changes feed: all that name the key, but for those of a deadline (`expire`, `persist`)
// and, of a stream's own ('t'), all but `xadd` and `xgroup-destroy`. Flushes make ready what waits
// for keys to go, swapped databases everything: in pieces, the rest at the ends of turns where very
// many keys are waited for. The log is listened to only while someone waits.
//
// A session that waits for many keys leaves its places in their lines when its wait ends; they feed
// nobody and are taken apart in steps (Sessions::free_left).

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "larder/base/clock.h"
#include "larder/engine/change_sink.h"
#include "larder/engine/deadlines.h"
#include "larder/engine/held_line.h"
#include "larder/engine/metrics.h"
#include "larder/engine/observer.h"
#include "larder/engine/wait.h"
#include "larder/engine/waiting.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/audit.h"

namespace larder::engine {

class Session;

class Waiters final : public ChangeSink, public memory::Witness {
 public:
  Waiters(const base::Clock& clock, keyspace::Keyspace& keyspace, Metrics& metrics,
          Observer& observer);
  // No session may wait any more.
  ~Waiters() override;
  Waiters(const Waiters&) = delete;
  Waiters& operator=(const Waiters&) = delete;

  const base::Clock& clock() const { return clock_; }

  // Parks the session with a copy of the words it ran; of one whose command is being run again,
  // lets it keep its place. False where the session may not wait: the handler answers at once.
  // Cost: one allocation, and one lookup for each key.
  bool wait(Session& session, BoundCommand& command, resp::Args words, const Wait& wait);
  // The session waits no more and gets no answer for it; nothing when it did not wait.
  void forget(Session& session);

  // CLIENT UNBLOCK: ends the wait as if its time were over, or by an error. False when the session
  // does not wait.
  enum class Ending : std::uint8_t { timeout, error };
  bool unblock(Session& session, Ending ending);

  // Ends the waits whose time is over, the earliest first. Returns how many.
  std::size_t expire();
  // When the next wait ends, on the steady clock; 0 when none has a deadline.
  std::int64_t next_deadline_us() const;

  // Sessions that do not wait for keys: for room below maxmemory, and for what was flushed to be
  // freed.
  HeldLine& for_room() { return for_room_; }
  HeldLine& for_frees() { return for_frees_; }
  std::size_t held() const { return for_room_.size() + for_frees_.size(); }

  void read(std::span<const keyspace::Change> changes) override;

  bool has_ready() const { return first_ready_ != nullptr || !sweeps_.empty(); }
  // The next command to run again; nullptr when nobody can be fed, or when so many keys in a row
  // fed nobody that the rest is better left for later. While it runs its session does not count as
  // waiting, unless it asks to wait again. To be followed by end_resume(). Looks at the key, which
  // may find it expired and remove it.
  ParkedCommand* resume();
  void end_resume();

  // How long the command that is run again had run before, in cycles of the counter; and that the
  // session's has run so long by now, to be told with its answer. Nothing when it does not wait.
  std::uint64_t resumed_cycles() const { return resumed_ == nullptr ? 0 : resumed_->cycles; }
  void keep_cycles(Session& session, std::uint64_t cycles);

  // Sessions that wait, those of them with a deadline, the keys waited for, and the keys for whose
  // going someone waits. Keys that are left behind count until they are taken apart.
  std::size_t sessions() const { return sessions_; }
  std::size_t with_deadline() const { return deadlines_.size(); }
  std::size_t keys() const { return keys_; }
  std::size_t keys_watched_for_going() const { return keys_when_gone_; }

  // Tells the audit of everything that waiting costs: client_input.
  void testify(memory::Audit& audit) const override;

 private:
  using Keys = types::Table<WaitedKeyTraits>;

  void park(Session& session, BoundCommand& command, resp::Args words, const Wait& wait);
  void line_up(ParkedCommand& command, const Wait& wait);
  void release(ParkedCommand& command);
  class LeftPlaces;
  void end(ParkedCommand& command);
  void count(const ParkedCommand& command, int change);

  WaitedKey& key_for(int db, std::string_view name);
  void add_place(Place& place);
  void remove_place(Place& place);
  void drop(WaitedKey& key);

  void mark(WaitedKey& key);
  // The keys of one database, or of all (db < 0), are to be marked.
  void begin_sweep(int db, bool only_when_gone);
  // Marks some of them; false when all are.
  bool sweep_some();
  void unmark(WaitedKey& key);
  Place* next_to_try(WaitedKey& key);
  bool is_exhausted(const ParkedCommand& command) const;

  // A walk over the keys of a database that are to be marked.
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
  HeldLine for_room_;
  HeldLine for_frees_;
  std::vector<Sweep> sweeps_;
  WaitedKey* first_ready_ = nullptr;
  WaitedKey* last_ready_ = nullptr;
  ParkedCommand* resumed_ = nullptr;
  std::vector<std::uint64_t> exhausted_;  // rivals of whom one found nothing in this pass
  std::size_t sessions_ = 0;
  std::size_t keyless_ = 0;        // of them, those that wait for no key
  std::size_t keyless_bytes_ = 0;  // of their parked commands
  std::size_t keys_ = 0;
  std::size_t keys_when_gone_ = 0;
};

}  // namespace larder::engine
