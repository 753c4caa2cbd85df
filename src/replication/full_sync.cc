#include "full_sync.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace larder::replication {
namespace {

using End = persistence::SnapshotResult::End;

// The newest form of files that replicas of other makes read.
constexpr int kCommonVersion = 10;

}  // namespace

FullSync::Group FullSync::waiting() const {
  Group group;
  for (Follower* const replica : replicas_.all()) {
    if (replica->state() != Follower::State::waits_for_start) continue;
    if (group.empty() || group.front()->description.same_contents(replica->description)) {
      group.push_back(replica);
    }
  }
  return group;
}

FullSync::Group FullSync::receivers() const {
  Group group;
  for (Follower* const replica : replicas_.all()) {
    if (payload_ != nullptr && replica->payload() == payload_) group.push_back(replica);
  }
  return group;
}

FullSync::Form FullSync::form_for(const Group& group) const {
  const Follower::Description& first = group.front()->description;
  const bool is_part = first.without_keys || first.without_functions;
  const bool all_can = std::all_of(group.begin(), group.end(), [](const Follower* replica) {
    return replica->description.reads_eof;
  });
  const bool uses_pipe = all_can && (parts_.settings.repl_diskless_sync.value() || is_part);
  return uses_pipe ? Form::pipe : Form::file;
}

bool FullSync::is_due(const Group& group) const {
  if (form_for(group) == Form::file) return true;
  const auto most =
      static_cast<std::size_t>(parts_.settings.repl_diskless_sync_max_replicas.value());
  if (most > 0 && group.size() >= most) return true;
  const std::int64_t waited_ms = replicas_.now_ms() - group.front()->waits_since_ms();
  return waited_ms >= parts_.settings.repl_diskless_sync_delay.value() * 1000;
}

void FullSync::wait_for(Follower& replica) {
  if (payload_ != nullptr && pipe_ == nullptr && contents_.same_contents(replica.description) &&
      contents_.reads_field_deadlines == replica.description.reads_field_deadlines) {
    parts_.log.notice("Waiting for end of BGSAVE for SYNC");
    return replica.snapshot_started(payload_, id_, offset_);
  }
  if (pipe_ != nullptr) {
    parts_.log.notice("Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC");
  } else if (parts_.snapshot.is_running()) {
    parts_.log.notice(
        "Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC");
  } else if (!is_due({&replica})) {
    parts_.log.notice("Delay next BGSAVE for diskless SYNC");
  }
}

std::shared_ptr<SyncPayload> FullSync::make_payload(Form form) {
  if (form == Form::pipe) {
    spills_.push_back(std::make_shared<Spill>(parts_.worker, parts_.log));
    std::shared_ptr<PipePayload> made = PipePayload::make(spills_.back());
    pipe_ = made.get();
    return made;
  }
  std::shared_ptr<OpenFile> file = OpenFile::make_unnamed(parts_.worker);
  return file == nullptr ? nullptr : std::make_shared<FilePayload>(std::move(file));
}

void FullSync::start(const Group& group) {
  const Form form = form_for(group);
  parts_.log.notice(std::string("Starting BGSAVE for SYNC with target: ") +
                    (form == Form::pipe ? "replicas sockets" : "disk"));
  payload_ = make_payload(form);
  if (payload_ == nullptr) {
    parts_.log.warning(std::string("Can't write a snapshot for replicas: ") + std::strerror(errno));
    return fail(group);
  }
  contents_ = group.front()->description;
  contents_.reads_field_deadlines = std::all_of(
      group.begin(), group.end(),
      [](const Follower* replica) { return replica->description.reads_field_deadlines; });
  replicas_.open_stream();
  // The stream of a primary goes on in the database in which it is, which the file contains.
  if (parts_.feed.source() == Feed::Source::own_effects) parts_.feed.select_anew();
  id_ = parts_.history.id();
  offset_ = parts_.history.offset();
  const int version =
      contents_.reads_field_deadlines ? persistence::kNewestRdbVersion : kCommonVersion;
  const auto started = parts_.snapshot.start({.name = "replicas.rdb",
                                              .calls = &payload_->calls(),
                                              .outlet = pipe_ == nullptr ? nullptr : this,
                                              .most_version = version,
                                              .without_keys = contents_.without_keys,
                                              .without_functions = contents_.without_functions,
                                              .by_process = was_outdated_},
                                             *this);
  if (!started) return fail(group);
  for (Follower* const replica : group) {
    replica->snapshot_started(payload_, id_, offset_);
    if (pipe_ != nullptr) replica->begin_to_receive();
  }
}

void FullSync::fail(const Group& group) {
  parts_.log.warning("BGSAVE for replication failed");
  payload_ = nullptr;
  pipe_ = nullptr;
  for (Follower* const replica : group) replica->close();
}

// Those of payloads that nobody reads any more.
void FullSync::drop_spills() {
  std::erase_if(spills_, [](const std::shared_ptr<Spill>& spill) {
    return spill.use_count() == 1 && spill->is_idle();
  });
}

std::uint64_t FullSync::spilled_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& spill : spills_) bytes += spill->bytes();
  return bytes;
}

std::size_t FullSync::held_bytes() const {
  std::size_t bytes = 0;
  for (const auto& spill : spills_) bytes += spill->held_bytes();
  return bytes;
}

bool FullSync::end_turn() {
  drop_spills();
  if (payload_ != nullptr && receivers().empty()) {
    if (pipe_ != nullptr) {
      parts_.log.notice("Diskless rdb transfer, last replica dropped, killing fork child.");
    }
    stop();
  }
  if (pipe_ != nullptr && pipe_->fill()) {
    for (Follower* const replica : receivers()) replica->wake();
  }
  if (payload_ != nullptr || parts_.snapshot.is_running()) return false;
  const Group group = waiting();
  if (group.empty() || !is_due(group)) return false;
  start(group);
  return true;
}

void FullSync::stop() {
  if (payload_ == nullptr) return;
  if (pipe_ != nullptr) pipe_->close();
  parts_.snapshot.cancel();
}

void FullSync::snapshot_ended(const persistence::SnapshotResult& result) {
  const Group group = receivers();
  const std::shared_ptr<SyncPayload> payload = std::exchange(payload_, nullptr);
  const bool is_pipe = std::exchange(pipe_, nullptr) != nullptr;
  const bool is_done = result.end == End::done && payload->complete();
  was_outdated_ = result.end == End::outdated;
  if (!is_done) {
    if (!result.reason.empty()) parts_.log.warning(result.reason);
    parts_.log.warning("SYNC failed. BGSAVE did not complete: its replicas synchronize again");
    for (Follower* const replica : group) replica->close();
    return;
  }
  if (is_pipe) {
    parts_.log.notice("Background RDB transfer terminated with success");
    parts_.log.notice("Diskless rdb transfer, done reading from pipe, " +
                      std::to_string(group.size()) + " replicas still up.");
  } else {
    parts_.log.notice("Background saving terminated with success");
  }
  persistence::log_dropped_deadlines(parts_.log, result.version, result.hashes_without_deadlines);
  for (Follower* const replica : group) is_pipe ? replica->wake() : replica->begin_to_receive();
}

// More than usual is read from the pipe: onto the disk, or without it up to what the output of a
// replica may hold.
void FullSync::relieve() {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 30;
  if (pipe_ == nullptr) return;
  const std::uint64_t hard = parts_.limits.value(config::ClientClass::replica).hard_bytes;
  pipe_->fill_more({.on_disk = replicas_.spill_room(), .in_memory = hard == 0 ? kMost : hard});
}

// Nothing else wakes the event loop when a process writes to the pipe.
std::int64_t FullSync::wakes_us() const {
  return pipe_ == nullptr ? 0 : parts_.clock.steady_us() + 1000;
}

}  // namespace larder::replication
