#include "larder/persistence/journal.h"

#include <cstring>

#include "aof_loader.h"
#include "open_journal.h"
#include "ring_recovery.h"

namespace larder::persistence {

// INFO's fields of the append-only file, while there is one.
class Journal::Figures final : public info::Group {
 public:
  Figures(info::Reporter& reporter, const Journal& journal) : Group(reporter), journal_(journal) {}
  void refresh() override {
    lines_ = std::string();
    if (journal_.rewrite_) journal_.rewrite_->note_figures();
    if (!journal_.is_on()) return;
    journal_.open_->rewrite().note_figures();
    lines_ = journal_.open_->lines();
  }

 private:
  const Journal& journal_;
  info::Lines lines_{*this, "persistence"};
};

Journal::Journal(const Parts& parts, JournalCalls* calls)
    : parts_(parts),
      calls_(calls == nullptr ? system_calls_ : *calls),
      names_(AofNames::in_working_folder(parts.settings.appenddirname.value(),
                                         parts.settings.appendfilename.value())),
      figures_(std::make_unique<Figures>(parts.reporter, *this)) {
  parts_.settings.appendonly.watch([this]() -> base::Result<void> {
    if (parts_.settings.appendonly.value()) return turn_on();
    turn_off();
    return {};
  });
  parts_.settings.appendfsync.watch([this]() -> base::Result<void> {
    if (open_) open_->apply_policy();
    return {};
  });
}

Journal::~Journal() {
  end_rewrite();
  parts_.settings.appendonly.watch({});
  parts_.settings.appendfsync.watch({});
}

bool Journal::is_safe() const {
  return open_ == nullptr || open_->rewrite().files() != AofRewrite::Files::unnamed;
}

Loading Journal::load(LoadingHost& host) {
  const auto fail = [this](const base::Error& error) {
    parts_.log.warning(error.text);
    return Loading::failed;
  };
  if (const auto read = read_manifest(); !read) return fail(read.error());
  if (const auto adopted = adopt_single_file(); !adopted) return fail(adopted.error());
  remove_temporary_file();
  if (manifest_.empty()) return Loading::no_file;
  if (const auto applied = recover_from_ring(calls_, parts_.log, names_, manifest_); !applied) {
    return fail(
        {"The journal ring cannot be written to the append only file: " + applied.error().text});
  }
  AofLoader loader({parts_.snapshots, parts_.executor, parts_.commands, parts_.sessions,
                    parts_.settings, names_},
                   &host);
  return loader.load(manifest_);
}

base::Result<void> Journal::begin() {
  const bool is_new = manifest_.empty();
  if (is_new && parts_.snapshots.parts().keyspace.size() > 0) return begin_unnamed();
  if (auto made = make_files(); !made) return made;
  auto opened = open_increment(manifest_.incr.back());
  note_state();
  return opened;
}

// Effects go to an increment that the manifest names when the base is complete.
base::Result<void> Journal::begin_unnamed() {
  const AofFile incr = manifest_.next_incr(names_);
  if (auto made = make_increment(incr); !made) return made;
  if (auto opened = open_increment(incr); !opened) return opened;
  note_state();
  const bool waits = parts_.effects.in_group() || parts_.background.is_running();
  if (!waits && open_->rewrite().start() == AofRewrite::Answer::failed) {
    turn_off();
    return base::Error{"The base of the append only file cannot be written"};
  }
  if (waits) {
    open_->rewrite().schedule();
    parts_.log.notice(
        "AOF was enabled but there is already another background operation. An AOF background was "
        "scheduled to start when possible.");
  }
  return {};
}

base::Result<void> Journal::turn_on() {
  if (is_on()) return {};
  // It would not contain what is written from now on.
  if (rewrite_ && rewrite_->is_running()) parts_.log.notice("Killing running AOF rewrite");
  end_rewrite();
  auto done = read_manifest();
  if (done) done = begin_unnamed();
  if (done) return {};
  parts_.log.warning(done.error().text);
  return base::Error{"Unable to turn on AOF. Check server logs."};
}

void Journal::turn_off() {
  if (!is_on()) return;
  if (open_->rewrite().is_running()) parts_.log.notice("Killing running AOF rewrite");
  open_->rewrite().cancel();
  if (finish()) open_->seal();
  next_position_ = open_->end();
  open_.reset();
  calls_.remove(names_.path(names_.ring()).c_str());
  note_state();
}

void Journal::note_state() {
  parts_.metrics.aof_enabled = is_on() ? 1 : 0;
  if (!is_on()) parts_.metrics.aof_rewrite_in_progress = 0;
}

base::Result<void> Journal::finish() {
  if (!is_on()) return {};
  parts_.log.notice("Calling fsync() on the AOF file.");
  const JournalFailure failure = open_->finish();
  if (!failure) return {};
  const base::Error error{std::string("Fail to fsync the AOF file: ") +
                          std::strerror(failure.reason) + "."};
  parts_.log.warning(error.text);
  return error;
}

void Journal::close() {
  end_rewrite();
  if (!is_on()) return;
  open_->rewrite().cancel();
  const bool is_whole = static_cast<bool>(finish());
  if (is_whole) open_->seal();
  open_.reset();
  // Otherwise the next start finds the rest there.
  if (is_whole) calls_.remove(names_.path(names_.ring()).c_str());
}

Journal::Answer Journal::rewrite() {
  if (const auto prepared = prepare_rewrite(); !prepared) {
    parts_.log.warning(prepared.error().text);
    return Answer::failed;
  }
  AofRewrite& rewrite = is_on() ? open_->rewrite() : *rewrite_;
  if (rewrite.is_running()) return Answer::already;
  rewrite.forget_failures();
  if (parts_.effects.in_group()) {
    rewrite.schedule();
    return Answer::scheduled;
  }
  switch (rewrite.start()) {
    case AofRewrite::Answer::started:
      return Answer::started;
    case AofRewrite::Answer::scheduled:
      return Answer::scheduled;
    case AofRewrite::Answer::already:
      return Answer::already;
    case AofRewrite::Answer::failed:
      break;
  }
  return Answer::failed;
}

// Clients that wait for keys are not served while the commands run.
base::Result<void> Journal::reload() {
  const std::uint32_t closed = parts_.gates.closed();
  const Snapshots::Parts& parts = parts_.snapshots.parts();
  if (is_on()) {
    if (auto finished = finish(); !finished) return finished;
  } else if (!rewrite_) {
    if (auto read = read_manifest(); !read) return read;
  }
  if (manifest_.empty()) return base::Error{"there is no append only file"};
  AofLoader loader({parts_.snapshots, parts_.executor, parts_.commands, parts_.sessions,
                    parts_.settings, names_},
                   nullptr);
  if (auto good = loader.check_base(manifest_); !good) {
    parts_.log.warning("The append only file cannot be loaded: " + good.error().text);
    return good;
  }
  if (is_on()) open_->pause();
  parts_.gates.close(engine::Gate::paused_writes);
  parts.keyspace.flush_all();
  parts_.snapshots.clear_functions();
  const Loading loaded = loader.load(manifest_);
  if ((closed & bit(engine::Gate::paused_writes)) == 0) {
    parts_.gates.open(engine::Gate::paused_writes);
  }
  // Listeners learn of all that in one change: any key may have another value.
  parts.keyspace.log().clear();
  parts.keyspace.log().add_flush(-1, parts.keyspace.size());
  if (is_on()) open_->resume();
  if (loaded == Loading::done) return {};
  return base::Error{"the append only file was not loaded"};
}

std::uint64_t Journal::synced() const { return open_->synced(); }

void Journal::beat() {
  if (is_on()) open_->beat();
  if (rewrite_) rewrite_->beat();
}

void Journal::report_bytes(memory::Audit& audit) const {
  std::int64_t bytes = 0;
  if (is_on()) {
    bytes = static_cast<std::int64_t>(open_->held_bytes()) + JournalRing::mapped_bytes();
  }
  audit.found(memory::Owner::journal, bytes);
}

}  // namespace larder::persistence
