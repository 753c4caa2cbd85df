#include "step_snapshot.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "larder/engine/command.h"
#include "larder/memory/ledger.h"

namespace larder::persistence {
namespace {

using End = SnapshotResult::End;
using keyspace::Entry;
using keyspace::Form;
using keyspace::Intent;

// Larger values are written in steps.
constexpr std::size_t kLarge = 64 << 10;

void set_mark(Entry& entry, std::uint8_t mark) {
  entry.marks(static_cast<std::uint8_t>((entry.marks() & ~Entry::kSnapshotMarks) | mark));
}

// The order's name, whatever the working folder is later.
std::string whole_path(const std::string& name) {
  std::error_code failed;
  const std::filesystem::path path = std::filesystem::absolute(name, failed);
  return failed ? name : path.string();
}

SnapshotConsumer::File file_of(const BackgroundSnapshot::Parts& parts, const SnapshotOrder& order) {
  const std::string name = whole_path(order.name);
  const std::size_t folder = name.rfind('/') + 1;
  return {.calls = parts.calls,
          .syncing = order.syncing,
          .name = name,
          .temporary = name.substr(0, folder) + temporary_snapshot(::getpid())};
}

SnapshotSource source_of(const BackgroundSnapshot::Parts& parts, const SnapshotOrder& order) {
  SnapshotSource source = parts.snapshots.source(order.purpose);
  source.most_version = order.most_version;
  source.without_keys = order.without_keys;
  if (order.without_functions) source.functions = nullptr;
  return source;
}

// Leaves the stack of a value that is given up.
struct Unwind {};

// Whether a command of this family may change a value of this type in place.
bool edits(engine::Family family, std::uint32_t key_flags, types::Type type) {
  using engine::Family;
  if ((key_flags & engine::kRW) == 0) return false;
  switch (type) {
    case types::Type::string:
      return family == Family::string || family == Family::bitmap || family == Family::hyperloglog;
    case types::Type::list:
      return family == Family::list;
    case types::Type::set:
      return family == Family::set;
    case types::Type::sorted_set:
      return family == Family::sorted_set || family == Family::geo;
    case types::Type::hash:
      return family == Family::hash;
    case types::Type::stream:
      break;
  }
  return family == Family::stream;
}

}  // namespace

void HoldTimes::begin() {
  if (!since_us_) since_us_ = clock_.steady_now_us();
}

std::int64_t HoldTimes::lasts_ms() const {
  return since_us_ ? (clock_.steady_now_us() - *since_us_) / 1000 : 0;
}

void HoldTimes::end() {
  if (!since_us_) return;
  metrics_.snapshot_longest_hold_ms =
      std::max(metrics_.snapshot_longest_hold_ms.value(), lasts_ms());
  since_us_.reset();
}

StepSnapshot::StepSnapshot(const BackgroundSnapshot::Parts& parts, const SnapshotOrder& order,
                           std::uint8_t mark)
    : parts_(parts),
      source_(source_of(parts, order)),
      outlet_(order.outlet),
      mark_(mark),
      now_ms_(source_.clock.unix_ms()),
      outcome_{.end = End::failed,
               .reason = {},
               .version = source_.version(),
               .hashes_without_deadlines = source_.dropped_deadlines()},
      pipe_(*this,
            {.worker = parts.worker,
             .limit_bytes = static_cast<std::size_t>(parts.settings.snapshot_memory_limit.value()),
             .form = source_.options(),
             .file = file_of(parts, order)}),
      unwritten_(source_.keyspace.graveyard()),
      now_{RdbRecords(pipe_.now().output(), source_.keyspace.access(), source_.options())},
      later_{RdbRecords(pipe_.later().output(), source_.keyspace.access(), source_.options())},
      holds_(source_.clock, parts.metrics),
      paced_until_us_(source_.clock.steady_us()) {}

StepSnapshot::~StepSnapshot() {
  if (!result()) cancel();
}

base::Result<void> StepSnapshot::start() {
  for (std::size_t i = 0; i < source_.keyspace.databases(); ++i) {
    const keyspace::Database& db = source_.keyspace.db(i);
    sizes_.push_back({db.size(), db.volatile_size()});
  }
  now_.writer.begin(now_ms_, memory::used_bytes());
  source_.each_library([this](std::string_view code) { now_.writer.function(code); });
  if (source_.without_keys) db_ = source_.keyspace.databases();
  source_.keyspace.before_changes().add(*this);
  parts_.gates.hold_writes(this);
  in_keyspace_ = true;
  parts_.log.notice(outlet_ == nullptr ? "Background saving started"
                                       : "Background RDB transfer started");
  note_bytes();
  return {};
}

void StepSnapshot::leave_keyspace() {
  if (!std::exchange(in_keyspace_, false)) return;
  source_.keyspace.before_changes().remove(*this);
  parts_.gates.hold_writes(nullptr);
  parts_.waiters.for_snapshot().resume(parts_.waiters.for_snapshot().size());
  holds_.end();
}

// May be called by a hook, so the hooks stay until the next run().
void StepSnapshot::stop(End end, std::string reason) {
  if (state_ == State::stopping) return;
  state_ = State::stopping;
  outcome_.end = end;
  outcome_.reason = std::move(reason);
  pipe_.cancel();
  unwinds_ = true;
  if (fiber_.is_active()) fiber_.resume();
  unwritten_.drop_all();
}

void StepSnapshot::cancel() {
  if (state_ == State::walking) stop(End::cancelled, {});
  leave_keyspace();
  parts_.worker.finish();
  end_when_idle();
}

bool StepSnapshot::abandon(std::int64_t us) {
  if (state_ == State::walking) stop(End::cancelled, {});
  leave_keyspace();
  const std::int64_t until_us = source_.clock.steady_now_us() + us;
  for (std::int64_t left = us; !pipe_.is_idle() && left > 0;
       left = until_us - source_.clock.steady_now_us()) {
    parts_.worker.wait(left);
    parts_.worker.deliver();
  }
  if (!pipe_.is_idle()) pipe_.remove_file();
  end_when_idle();
  return result().has_value();
}

void StepSnapshot::end_when_idle() {
  if (!pipe_.is_idle() || result()) return;
  if (state_ == State::finishing) {
    outcome_.end = pipe_.failure() == nullptr ? End::done : End::failed;
    if (pipe_.failure() != nullptr) outcome_.reason = *pipe_.failure();
    state_ = State::complete;
  }
  outcome_.copied_bytes = parts_.metrics.saving.held_peak;
  end(outcome_);
}

bool StepSnapshot::is_written_in_steps(const Entry& entry) {
  return entry.form() == Form::storage &&
         types::row(entry.type()).footprint(entry.storage()) >= kLarge;
}

bool StepSnapshot::is_ahead(int db, std::uint64_t hash, const Entry& entry) const {
  if ((entry.marks() & Entry::kSnapshotMarks) == mark_) return false;
  const auto number = static_cast<std::size_t>(db);
  if (number != db_) return number > db_;
  return source_.keyspace.db(number).entries().cursor_of(hash) >= position_;
}

void StepSnapshot::before_change(int db, std::uint64_t hash, Entry& entry, Intent intent) {
  if (state_ != State::walking) return;
  if (!unwritten_.empty() && entry.form() == Form::storage) {
    if (UnwrittenValue* const unwritten = unwritten_.find(entry.storage()))
      before_change_of_unwritten(*unwritten, intent);
  }
  if (!is_ahead(db, hash, entry)) return;
  set_mark(entry, mark_);
  if (!is_written_in_steps(entry)) return write(entry, db);
  before_change_of_unwritten(add_unwritten(entry, db), intent);
}

// A value that is removed is kept until it is written, unless too many are.
void StepSnapshot::before_change_of_unwritten(UnwrittenValue& value, Intent intent) {
  if (intent == Intent::edits) return open_elements(value);
  if (keeps_most()) write_at_once(value);
}

// Its elements may change.
void StepSnapshot::open_elements(UnwrittenValue& value) {
  pipe_.lend(unwritten_.overlay_bytes());
  if (!value.overlay || is_overlay_full()) write_at_once(value);
}

bool StepSnapshot::is_overlay_full() const {
  return unwritten_.overlay_bytes() >= pipe_.most_lent_bytes() || is_short_of_blocks();
}

bool StepSnapshot::keeps_most() const { return unwritten_.kept_bytes() > limit_bytes(); }

// The overlay writes records, not commands.
bool StepSnapshot::copies_elements(types::Type type, const void* storage) const {
  return source_.purpose != RdbPurpose::aof_commands && ElementOverlay::supports(type, storage);
}

bool StepSnapshot::is_short_of_blocks() const {
  return pipe_.free_blocks() < pipe_.most_blocks() / 8;
}

// While elements may be copied, most of the memory is left to the copies. Otherwise a quarter of
// the blocks is left to old values of keys that change, as by the walk.
bool StepSnapshot::must_wait_for_worker() {
  const std::size_t quarter = pipe_.most_blocks() / 4;
  if (!unwritten_.first().overlay) return pipe_.free_blocks() < quarter;
  return pipe_.free_blocks() < kFewestFree || pipe_.posted_blocks() > quarter;
}

// A new key ahead does not belong to the snapshot.
void StepSnapshot::placed(int db, std::uint64_t hash, Entry& entry, const Entry* before) {
  if (state_ == State::walking && before == nullptr && is_ahead(db, hash, entry)) {
    set_mark(entry, mark_);
  }
}

bool StepSnapshot::defers_expiry(int db, std::uint64_t hash, const Entry& entry) {
  if (state_ != State::walking || entry.form() != Form::storage) return false;
  const bool is_fixed = !copies_elements(entry.type(), entry.storage()) || is_overlay_full();
  return is_fixed && (unwritten_.find(entry.storage()) != nullptr ||
                      (is_written_in_steps(entry) && is_ahead(db, hash, entry)));
}

// Eviction and expiry wait instead of blocking the event loop until there is room.
bool StepSnapshot::defers_removals() {
  if (state_ != State::walking || !(is_short_of_blocks() || keeps_most())) return false;
  removals_wait_ = true;
  relieve();
  holds_.begin();
  return true;
}

void StepSnapshot::before_flush(int db) {
  const bool is_passed = static_cast<std::size_t>(db) < db_ && unwritten_.empty();
  const bool is_empty = source_.keyspace.db(static_cast<std::size_t>(db)).size() == 0;
  if (state_ == State::walking && !is_passed && !is_empty) stop(End::outdated, {});
}

void StepSnapshot::before_swap(int a, int b) {
  const auto last = static_cast<std::size_t>(std::max(a, b));
  if (state_ == State::walking && a != b && last >= db_) stop(End::outdated, {});
}

void StepSnapshot::before_arrival(int db) {
  if (state_ == State::walking && static_cast<std::size_t>(db) >= db_) stop(End::outdated, {});
}

bool StepSnapshot::holds(const engine::Command& command, std::uint32_t key_flags, int db,
                         std::string_view name) {
  if (state_ != State::walking || !may_hold(command, key_flags)) return false;
  if (!must_hold(command, key_flags, db, name)) return false;
  ++parts_.metrics.snapshot_holds;
  holds_.begin();
  return true;
}

// Without looking at the key: while there is room, only changes of large values that are not tables
// must wait.
bool StepSnapshot::may_hold(const engine::Command& command, std::uint32_t key_flags) const {
  if (!unwritten_.empty() || is_short_of_blocks() || source_.purpose == RdbPurpose::aof_commands) {
    return true;
  }
  return edits(command.family, key_flags, types::Type::string) ||
         edits(command.family, key_flags, types::Type::list) ||
         edits(command.family, key_flags, types::Type::stream);
}

bool StepSnapshot::must_hold(const engine::Command& command, std::uint32_t key_flags, int db,
                             std::string_view name) {
  const auto key = keyspace::Key::of(name);
  Entry* const entry =
      source_.keyspace.db(static_cast<std::size_t>(db)).entries().find(key.name, key.hash);
  if (entry == nullptr) return false;
  const bool is_edited =
      entry->form() == Form::storage && edits(command.family, key_flags, entry->type());
  if (!unwritten_.empty() && entry->form() == Form::storage) {
    UnwrittenValue* const unwritten = unwritten_.find(entry->storage());
    if (unwritten != nullptr) return is_edited ? must_hold_edit(*unwritten) : keeps_most();
  }
  if (!is_ahead(db, key.hash, *entry)) return false;
  if (is_short_of_blocks()) return relieve(), was_short_ = true;
  return is_written_in_steps(*entry) && must_hold_large(*entry, db, is_edited);
}

bool StepSnapshot::must_hold_edit(UnwrittenValue& value) {
  const bool is_in_element = value.overlay && value.overlay->is_within_long_element();
  if (value.overlay && !is_in_element && !is_overlay_full()) return false;
  was_in_element_ |= is_in_element;
  was_short_ |= is_short_of_blocks();
  unwritten_.write_next(value);
  return true;
}

// A large value ahead, which the command edits, replaces or removes.
bool StepSnapshot::must_hold_large(Entry& entry, int db, bool is_edited) {
  if (keeps_most()) return true;
  if (!is_edited) return false;
  if (copies_elements(entry.type(), entry.storage()) && !is_overlay_full()) return false;
  set_mark(entry, mark_);
  unwritten_.write_next(add_unwritten(entry, db));
  return true;
}

std::uint64_t StepSnapshot::limit_bytes() const {
  return static_cast<std::uint64_t>(parts_.settings.snapshot_memory_limit.value());
}

void StepSnapshot::select(Records& records, int db) {
  if (records.db == db) return;
  records.db = db;
  Sizes& sizes = sizes_[static_cast<std::size_t>(db)];
  if (sizes.written) return records.writer.select_again(db);
  sizes.written = true;
  records.writer.select(db, sizes.keys, sizes.deadlines);
}

void StepSnapshot::write(const Entry& entry, int db) {
  Records& records = fiber_.is_active() ? later_ : now_;
  select(records, db);
  records.writer.key(entry, now_ms_);
  ++parts_.metrics.saving.keys_done;
}

UnwrittenValue& StepSnapshot::add_unwritten(const Entry& entry, int db) {
  UnwrittenValue& value =
      unwritten_.add({.db = db,
                      .head = {entry.key(), entry.deadline(), now_.writer.use_of(entry)},
                      .type = entry.type(),
                      .storage = const_cast<void*>(entry.storage())});
  if (copies_elements(value.type, value.storage)) {
    unwritten_.watch_elements(value, *this, now_ms_);
  }
  ++parts_.metrics.saving.keys_done;
  return value;
}

void StepSnapshot::write_at_once(UnwrittenValue& value) {
  const void* const storage = value.storage;
  without_pauses_ = true;
  unwritten_.write_next(value);
  while (unwritten_.find(storage) != nullptr) continue_value();
  without_pauses_ = false;
}

// On its own stack.
void StepSnapshot::run() {
  try {
    UnwrittenValue& value = unwritten_.first();
    if (value.overlay && !value.overlay->count()) return;
    select(now_, value.db);
    if (value.overlay) return now_.writer.key(value.head(), *value.overlay);
    now_.writer.key(value.head(), value.value(), now_ms_);
  } catch (const Unwind&) {
  }
}

void StepSnapshot::pause() {
  fiber_.pause();
  if (unwinds_) throw Unwind{};
}

void StepSnapshot::pause_if_late() {
  const bool goes_on =
      without_pauses_ || pipe_.is_cancelled() || (slice_ != nullptr && !slice_->spent());
  if (!goes_on) pause();
}

void StepSnapshot::finish_element() {
  without_pauses_ = true;
  fiber_.resume();
  without_pauses_ = false;
}

void StepSnapshot::continue_value() {
  fiber_.is_active() ? fiber_.resume() : fiber_.start(*this);
  if (fiber_.is_active()) return;
  unwritten_.drop_first();
  if (later_.db >= 0) now_.db = -1;
  later_.db = -1;
  pipe_.merge();
  value_written_ = true;
}

void StepSnapshot::passed_on() {
  if (!fiber_.is_inside()) return;
  pause_if_late();
  while (!without_pauses_ && !pipe_.is_cancelled() && must_wait_for_worker()) pause();
}

// A value in steps pauses before this happens, so it is a command that needs the block.
void StepSnapshot::wait_for_block() {
  constexpr std::int64_t kWaitUs = 1000;
  constexpr std::int64_t kMostUs = 1'000'000;
  const std::int64_t most_us =
      std::min(kMostUs, parts_.settings.snapshot_max_hold_ms.value() * 1000) - stood_still_us_;
  const std::int64_t began_us = source_.clock.steady_now_us();
  while (pipe_.free_blocks() == 0 && !pipe_.is_cancelled()) {
    relieve();
    parts_.worker.wait(kWaitUs);
    parts_.worker.deliver();
    if (source_.clock.steady_now_us() - began_us > most_us) pipe_.cancel();
  }
  stood_still_us_ += source_.clock.steady_now_us() - began_us;
}

}  // namespace larder::persistence
