#pragma once

// The append-only file while it is written: its parts, and what connects them.

#include <memory>
#include <optional>
#include <string>

#include "aof_rewrite.h"
#include "journal_file.h"
#include "journal_ring.h"
#include "journal_stream.h"
#include "journal_writer.h"
#include "larder/persistence/journal.h"
#include "read_barrier.h"

namespace larder::persistence {

class OpenJournal final : private engine::EffectSink,
                          private JournalWriter::Owner,
                          private AofRewrite::Owner {
 public:
  struct Parts {
    const Journal::Parts& journal;
    JournalCalls& calls;
    const AofNames& names;
    AofManifest& manifest;
  };
  // `file` is the increment of this place.
  OpenJournal(const Parts& parts, std::unique_ptr<JournalRing> ring, int file,
              const RingPlace& place, AofRewrite::Files files);
  // What was not written stays in the ring.
  ~OpenJournal() override;
  OpenJournal(const OpenJournal&) = delete;
  OpenJournal& operator=(const OpenJournal&) = delete;

  AofRewrite& rewrite() { return rewrite_; }
  const AofRewrite& rewrite() const { return rewrite_; }
  std::uint64_t end() const { return stream_.end(); }
  std::uint64_t synced() const { return writer_.synced(); }

  // Writes and syncs everything, when nothing is posted.
  JournalFailure finish();
  // After finish(), if nothing more follows.
  void seal() { file_.seal(); }
  // Takes no effects until resume().
  void pause() { parts_.executor.unfollow(*this); }
  void resume() { parts_.executor.follow(*this); }
  // appendfsync has changed.
  void apply_policy();
  void beat();
  // Waits until no task of the journal is posted.
  void settle() { parts_.worker.finish(); }

  std::string lines() const;
  std::size_t held_bytes() const;

 private:
  void take(const engine::Effect& effect) override;
  void flush() override;
  void moved() override;
  void write_failed(int reason) override;
  void sync_failed(int reason) override;
  void works_again() override;
  void rewritten(std::uint64_t position) override;

  bool waits_for_sync() const;
  void release();
  void go_on_if_busy();
  void hold_writers();
  void release_writers();
  void refuse_writes(const std::string& text);

  const Journal::Parts parts_;
  std::unique_ptr<JournalRing> ring_;
  JournalFile file_;
  JournalStream stream_;
  JournalWriter writer_;
  AofRewrite rewrite_;
  std::optional<ReadBarrier> barrier_;
  std::uint64_t published_;
  bool turn_begins_ = true;
  bool holds_writers_ = false;
  bool spares_ = false;
  std::uint64_t holds_ = 0;
  std::int64_t logged_us_ = 0;
};

}  // namespace larder::persistence
