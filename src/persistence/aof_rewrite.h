#pragma once

// Rewrites the append-only file: a snapshot becomes the new base, and from its moment on effects go
// to a new increment. When both are on disk the manifest names them, and what they replace is
// removed. Files are switched and manifests written by the worker, in these steps:
//
//   begin    writes the rest of the old increment, creates the new one, names it in the manifest
//   snapshot writes the base
//   publish  names the base in the manifest, and removes the files of the history
//
// While appendonly is `no` there is no increment, and so no first step: the manifest then names
// only the base, as in Redis.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "journal_file.h"
#include "journal_stream.h"
#include "journal_writer.h"
#include "larder/disk/worker.h"
#include "larder/persistence/aof_manifest.h"
#include "larder/persistence/background_snapshot.h"
#include "larder/persistence/metrics.h"

namespace larder::persistence {

// The form of new bases, by aof-use-rdb-preamble.
BaseFormat base_format(const JournalSettings& settings);
RdbPurpose base_purpose(const JournalSettings& settings);

// Writes the manifest so that either the old or the new one is there.
base::Result<void> write_manifest(JournalCalls& calls, const AofNames& names,
                                  const AofManifest& manifest);

class AofRewrite final : private SnapshotOwner {
 public:
  class Owner {
   public:
    // A base that is on disk contains everything before this position.
    virtual void rewritten(std::uint64_t position) = 0;

   protected:
    ~Owner() = default;
  };
  struct Parts {
    disk::Worker& worker;
    JournalCalls& calls;
    base::Log& log;
    const base::Clock& clock;
    BackgroundSnapshot& background;
    const JournalSettings& settings;
    const AofNames& names;
    Metrics& metrics;
    AofManifest& manifest;
  };
  // What is written, unless appendonly is `no`.
  struct Increment {
    JournalFile& file;
    JournalStream& stream;
    JournalWriter& writer;
    Owner& owner;
  };
  // What the increment is that is being written now; without one always `named`.
  enum class Files : std::uint8_t {
    named,    // in the manifest
    unnamed,  // the append-only file begins, and has no base yet
    unsound,  // in the manifest, but its end could not be synced
  };
  explicit AofRewrite(const Parts& parts) : parts_(parts), files_(Files::named) {}
  AofRewrite(const Parts& parts, const Increment& increment, Files files)
      : parts_(parts), increment_(increment), files_(files) {}

  enum class Answer : std::uint8_t { started, scheduled, already, failed };
  // Not within a transaction.
  Answer start();
  // When nothing else is saved any more.
  void schedule() { is_scheduled_ = true; }
  // To be called some times a second: what is scheduled, or due by the size of the file.
  void beat();
  // Sets INFO's fields.
  void note_figures() const;
  // Ends it. The files stay as they are.
  void cancel();

  bool is_running() const { return is_beginning_ || is_saving_ || is_publishing_; }
  bool is_scheduled() const { return is_scheduled_; }
  Files files() const { return files_; }
  void distrust() { files_ = Files::unsound; }

  // The bytes of the base and of all increments but the last.
  std::uint64_t older_bytes() const { return older_bytes_; }
  std::uint64_t all_bytes() const {
    return older_bytes_ + (increment_ ? increment_->file.bytes() : 0);
  }
  // What automatic rewrites compare with.
  std::uint64_t bytes_then() const { return bytes_then_; }
  void found_bytes(std::uint64_t older, std::uint64_t base);
  // Ends the delay after failures: a rewrite that a client requests starts at once.
  void forget_failures();
  std::int64_t running_us() const { return parts_.clock.steady_us() - started_us_; }

 private:
  struct Begin final : disk::Task {
    explicit Begin(AofRewrite& owner) : rewrite(owner) {}
    void work() override;
    void done() override { rewrite.begun(); }

    AofRewrite& rewrite;
    std::uint64_t position = 0;
    AofFile next;
    AofManifest manifest;
    bool is_named = false;
    bool syncs_old = false;
    std::uint64_t old_bytes = 0;
    std::string failure;
  };
  struct Publish final : disk::Task {
    explicit Publish(AofRewrite& owner) : rewrite(owner) {}
    void work() override;
    void done() override { rewrite.published(); }

    AofRewrite& rewrite;
    AofManifest manifest;
    bool keeps_history = false;
    std::uint64_t base_bytes = 0;
    std::string failure;
    std::string not_removed;  // a file of the history, and why
  };

  void snapshot_ended(const SnapshotResult& result) override;
  void begin_increment();
  void begun();
  void publish();
  void published();
  void fail(const std::string& reason);
  void note_end(bool succeeded);
  bool is_due();
  bool is_limited();

  Parts parts_;
  std::optional<Increment> increment_;
  Files files_;
  bool is_scheduled_ = false;
  bool is_beginning_ = false;
  bool is_saving_ = false;
  bool is_publishing_ = false;
  std::string failure_;  // of the running one
  AofFile base_;         // that is being written
  Begin begin_{*this};
  Publish publish_{*this};
  std::int64_t started_us_ = 0;
  std::uint64_t older_bytes_ = 0;
  std::uint64_t bytes_then_ = 0;
  std::int64_t retry_us_ = 0;
  // After several failures automatic rewrites wait ever longer.
  int delay_minutes_ = 0;
  std::int64_t delayed_until_us_ = 0;
};

}  // namespace larder::persistence
