#pragma once

// Moves effects from the ring to the increment, and syncs it as appendfsync says, in the worker's
// threads; reports to the loop which effects are durable.
//
// - always: every move is synced. One sync serves all effects that came before it. After a sync the
//   next one waits up to the time that the last one took, until as many effects have come
//   as are expected from the clients that got their replies, or until no more come: otherwise two
//   groups of clients would take turns, each with half of the syncs. If a sync takes long, several
//   overlap, each with its share of the effects: while one group is synced, the replies and next
//   requests of the others take their time. Each sync takes time of the loop, so that fewer overlap
//   while the loop is busy: then results wait until it takes them.
// - everysec: a move every few milliseconds, a sync once a second.
// - no: the same without syncs.

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>

#include "journal_file.h"
#include "journal_stream.h"
#include "larder/base/clock.h"
#include "larder/base/log.h"
#include "larder/disk/worker.h"
#include "larder/engine/observer.h"
#include "larder/persistence/settings.h"

namespace larder::persistence {

class JournalWriter {
 public:
  // Receives the results.
  class Owner {
   public:
    // Everything before `written` is in the file, everything before `synced` on disk.
    virtual void moved() = 0;
    // It will be tried again.
    virtual void write_failed(int reason) = 0;
    // The system may have dropped what was written and not synced: nothing more is moved to this
    // file until restart().
    virtual void sync_failed(int reason) = 0;
    virtual void works_again() = 0;

   protected:
    ~Owner() = default;
  };
  struct Parts {
    disk::Worker& worker;
    const base::Clock& clock;
    engine::Observer& observer;
    const JournalSettings& settings;
    JournalFile& file;
    JournalStream& stream;
    Owner& owner;
  };
  explicit JournalWriter(const Parts& parts);

  // The stream was published up to this position.
  void published(std::uint64_t end);
  // To be called some times a second.
  void beat();
  // While a snapshot is written, and no-appendfsync-on-rewrite is set, nothing is synced.
  void spare_disk(bool spares) { spares_ = spares; }
  // Moves what was published at once, if that is allowed.
  void go_on();
  // What came before this position is on disk by other means, and the rest is for another file,
  // which is open.
  void restart(std::uint64_t position);

  std::uint64_t written() const { return parts_.file.written(); }
  std::uint64_t synced() const { return synced_; }
  bool is_syncing() const;
  bool has_failed() const { return failed_at_ != JournalFailure::At::nothing; }
  std::uint64_t delayed_syncs() const { return delayed_syncs_; }

  // Writes and syncs everything now, in this thread. No task of the journal may be posted.
  JournalFailure finish();

 private:
  // One move, and its sync. The worker writes the results, from which the loop takes them.
  struct Round final : disk::Task {
    Round(JournalWriter& owner_, std::size_t descriptor_)
        : owner(owner_), descriptor(descriptor_) {}
    void work() override { owner.work(*this); }
    void done() override { owner.done(*this); }

    JournalWriter& owner;
    const std::size_t descriptor;
    bool is_posted = false;
    bool syncs = false;
    std::int64_t posted_us = 0;
    // Waits until this number of effects has come, or until this time; 0: does not wait.
    std::uint64_t awaited_effects = 0;
    std::int64_t wait_until_us = 0;
    std::int64_t most_quiet_us = 0;
    std::atomic<bool> has_moved = false;

    JournalFailure failure;
    std::uint64_t moved_to = 0;
    std::uint64_t effects = 0;  // that it moved
    std::int64_t write_us = 0;
    std::int64_t sync_us = 0;
    std::int64_t synced_at_us = 0;
  };
  // What is expected from the clients that got their replies after a sync: the number of effects
  // with theirs.
  struct Expected {
    std::uint64_t effects = 0;
    std::int64_t until_us = 0;
  };

  void work(Round& round);
  void done(Round& round);
  void post();
  void post(Round& round);
  Round* next_round();
  void expect(Round& round) const;
  bool is_sync_due(std::int64_t now_us) const;
  std::uint64_t syncing_effects() const;
  bool is_always() const {
    return parts_.settings.appendfsync.as<SyncPolicy>() == SyncPolicy::always;
  }
  std::size_t most_syncs() const;
  void wait_for_more(const Round& round);
  void wake_if_enough();
  void note_failure(const Round& round);
  void note_sync(const Round& round);
  bool has_more() const;

  const Parts parts_;
  std::uint64_t published_;
  std::uint64_t synced_;
  bool spares_ = false;
  std::int64_t synced_us_ = 0;          // when the last sync began
  std::int64_t unsynced_since_us_ = 0;  // 0: nothing to sync
  std::int64_t retry_us_ = 0;
  JournalFailure::At failed_at_ = JournalFailure::At::nothing;
  std::uint64_t delayed_syncs_ = 0;

  // One is posted only when the others have moved their effects.
  std::array<Round, kJournalSyncs> rounds_{{{*this, 0}, {*this, 1}, {*this, 2}, {*this, 3}}};
  std::int64_t posted_us_ = 0;
  std::int64_t last_sync_us_ = 0;
  std::int64_t delivery_us_ = 0;  // from the end of a sync to note_sync(), on average
  Expected expected_;
  // The number of effects at the last move; for the round that moves, and between rounds for the
  // loop.
  std::uint64_t moved_effects_ = 0;
  // The loop wakes the round that waits when this number of effects has come; 0: none waits.
  std::uint64_t awaited_effects_ = 0;
  std::mutex arrival_;
  std::condition_variable arrived_;
};

}  // namespace larder::persistence
