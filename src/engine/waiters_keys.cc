// The keys that sessions wait for: their queues, which keys are ready, and the next session to
// serve.

#include <algorithm>
#include <new>
#include <optional>

#include "larder/base/assert.h"
#include "larder/engine/session.h"
#include "larder/engine/waiters.h"

namespace larder::engine {
namespace {

constexpr auto kOwner = memory::Owner::client_input;

// This many keys that unblock nothing take some hundred microseconds.
constexpr int kTriedInARow = 1024;

bool may_feed(keyspace::Event event) {
  using keyspace::Event;
  const keyspace::EventRow& row = keyspace::row(event);
  if (row.type == types::Type::stream)
    return event == Event::xadd || event == Event::xgroup_destroy;
  return row.scope != keyspace::Scope::deadline;
}

bool are_rivals(const ParkedCommand& one, const ParkedCommand& other) {
  return one.type == other.type && one.mode == WaitMode::takes && other.mode == WaitMode::takes &&
         one.rivals == other.rivals;
}

}  // namespace

WaitedKey& Waiters::key_for(int db, std::string_view name) {
  Keys& keys = by_name_[static_cast<std::size_t>(db)];
  const auto key = keyspace::Key::of(name);
  if (WaitedKey* known = keys.find(name, key.hash)) return *known;
  void* block = memory::allocate(kOwner, sizeof(WaitedKey) + name.size());
  auto* waited = new (block) WaitedKey{.db = db, .name_bytes = name.size(), .hash = key.hash};
  std::copy(name.begin(), name.end(), reinterpret_cast<char*>(waited + 1));
  keys.insert(waited, key.hash);
  ++keys_;
  return *waited;
}

void Waiters::add_place(Place& place) {
  WaitedKey& key = *place.key;
  const ParkedCommand& command = *place.command;
  key.uniform = key.uniform && command.mode == WaitMode::takes &&
                (key.last == nullptr || are_rivals(*key.last->command, command));
  (key.last == nullptr ? key.first : key.last->next) = &place;
  key.last = &place;
  ++key.by_type[static_cast<std::size_t>(command.type)];
  if (command.wakes_when_gone && key.when_gone++ == 0) ++keys_when_gone_;
}

void Waiters::remove_place(Place& place) {
  WaitedKey& key = *place.key;
  const ParkedCommand& command = *place.command;
  if (key.cursor == &place) key.cursor = place.next;
  (place.previous == nullptr ? key.first : place.previous->next) = place.next;
  (place.next == nullptr ? key.last : place.next->previous) = place.previous;
  --key.by_type[static_cast<std::size_t>(command.type)];
  if (command.wakes_when_gone && --key.when_gone == 0) --keys_when_gone_;
  if (key.first == nullptr) drop(key);
}

void Waiters::drop(WaitedKey& key) {
  if (key.ready) unmark(key);
  note_value(key, false);
  by_name_[static_cast<std::size_t>(key.db)].erase(&key, key.hash);
  memory::release(kOwner, &key, key.bytes());
  --keys_;
}

void Waiters::read(std::span<const keyspace::Change> changes) {
  if (sessions_ == 0) return;
  for (const keyspace::Change& change : changes) {
    if (change.event == keyspace::Event::flush) {
      if (keys_when_gone_ > 0) begin_sweep(change.db, /*only_when_gone=*/true);
    } else if (change.event == keyspace::Event::swapdb) {
      begin_sweep(-1, /*only_when_gone=*/false);
    } else if (may_feed(change.event)) {
      const Keys& keys = by_name_[static_cast<std::size_t>(change.db)];
      if (keys.empty()) continue;
      WaitedKey* key = keys.find(change.key, base::hash_bytes(change.key));
      if (key != nullptr) mark(*key);
    }
  }
}

void Waiters::mark(WaitedKey& key) {
  if (key.under_way) key.again = true;
  if (key.ready) return;
  key.ready = true;
  key.previous_ready = last_ready_;
  key.next_ready = nullptr;
  (last_ready_ == nullptr ? first_ready_ : last_ready_->next_ready) = &key;
  last_ready_ = &key;
}

void Waiters::try_again(Session& session) {
  for (const Place& place : session.parked_->places) mark(*place.key);
}

void Waiters::begin_sweep(int db, bool only_when_gone) {
  for (std::size_t i = 0; i < by_name_.size(); ++i) {
    const bool is_meant = db < 0 || i == static_cast<std::size_t>(db);
    if (!is_meant || by_name_[i].empty()) continue;
    const auto known = std::find_if(sweeps_.begin(), sweeps_.end(),
                                    [i](const Sweep& sweep) { return sweep.db == i; });
    if (known == sweeps_.end()) {
      sweeps_.push_back({.db = i, .only_when_gone = only_when_gone});
    } else {
      *known = {.db = i, .only_when_gone = only_when_gone && known->only_when_gone};
    }
  }
}

bool Waiters::sweep_some() {
  if (sweeps_.empty()) return false;
  Sweep& sweep = sweeps_.back();
  sweep.cursor = by_name_[sweep.db].scan(sweep.cursor, [this, &sweep](WaitedKey* key) {
    if (!sweep.only_when_gone || key->when_gone > 0) mark(*key);
  });
  if (sweep.cursor == 0) sweeps_.pop_back();
  return true;
}

void Waiters::unmark(WaitedKey& key) {
  (key.previous_ready == nullptr ? first_ready_ : key.previous_ready->next_ready) = key.next_ready;
  (key.next_ready == nullptr ? last_ready_ : key.next_ready->previous_ready) = key.previous_ready;
  key.ready = key.under_way = key.again = false;
}

bool Waiters::is_exhausted(const ParkedCommand& command) const {
  return command.mode == WaitMode::takes &&
         std::find(exhausted_.begin(), exhausted_.end(), command.rivals) != exhausted_.end();
}

void Waiters::note_value(WaitedKey& key, bool has_value) {
  if (key.has_value == has_value) return;
  key.has_value = has_value;
  has_value ? ++keys_with_value_ : --keys_with_value_;
}

// Continues along the queue to the first session that the key may unblock in its present state.
Place* Waiters::next_to_try(WaitedKey& key) {
  if (key.cursor == nullptr) return nullptr;
  if (key.uniform && is_exhausted(*key.cursor->command)) return nullptr;
  const keyspace::Entry* entry = keyspace_.db(static_cast<std::size_t>(key.db))
                                     .look({key.name(), key.hash}, keyspace::Look::write);
  note_value(key, entry != nullptr);
  const auto type = entry == nullptr ? std::nullopt : std::optional(entry->type());
  const bool feeds = type && key.by_type[static_cast<std::size_t>(*type)] > 0;
  if (!feeds && key.when_gone == 0) return nullptr;
  while (key.cursor != nullptr) {
    Place* place = key.cursor;
    key.cursor = place->next;
    const ParkedCommand& command = *place->command;
    if (command.session == nullptr || is_exhausted(command)) continue;
    // It is tried when there is room for its reply, or when the keys are held no more.
    if (command.session->is_held()) continue;
    if (type == command.type || command.wakes_when_gone) return place;
  }
  return nullptr;
}

void Waiters::PositionQueue::add(ParkedCommand& command) {
  command.previous = nullptr;
  command.next = first_;
  if (first_ != nullptr) first_->previous = &command;
  first_ = &command;
}

void Waiters::PositionQueue::remove(ParkedCommand& command) {
  (command.previous == nullptr ? first_ : command.previous->next) = command.next;
  if (command.next != nullptr) command.next->previous = command.previous;
}

void Waiters::reached(std::uint64_t position) {
  for (ParkedCommand* command = for_positions_.first(); command != nullptr;) {
    ParkedCommand& each = *command;
    command = each.next;
    if (each.position > position) continue;
    for_positions_.remove(each);
    reached_.add(each);
    each.is_reached = true;
    if (each.end == WaitEnd::two_zeros) each.end = WaitEnd::one_and_zero;
  }
}

void Waiters::forget_position(ParkedCommand& command) {
  if (command.position == 0) return;
  (command.is_reached ? reached_ : for_positions_).remove(command);
  command.position = 0;
}

// A command that waits for replicas as well waits on, but not for the position.
ParkedCommand* Waiters::resume_reached() {
  LARDER_ASSERT(resumed_ == nullptr);
  if (reached_.empty()) return nullptr;
  resumed_ = reached_.first();
  resumed_by_ = nullptr;
  forget_position(*resumed_);
  resumed_->session->parked_ = nullptr;
  return resumed_;
}

ParkedCommand* Waiters::resume() {
  if (ParkedCommand* const reached = resume_reached()) return reached;
  for (int tried = 0; tried < kTriedInARow; ++tried) {
    if (first_ready_ == nullptr && !sweep_some()) return nullptr;
    if (first_ready_ == nullptr) continue;
    WaitedKey& key = *first_ready_;
    if (!key.under_way) {
      key.under_way = true;
      key.again = false;
      key.cursor = key.first;
      exhausted_.clear();
    }
    if (Place* place = next_to_try(key)) {
      resumed_ = place->command;
      resumed_by_ = &key;
      resumed_by_name_ = key.name();
      resumed_->session->parked_ = nullptr;
      return resumed_;
    }
    const bool again = key.again;
    unmark(key);
    if (again) mark(key);
  }
  return nullptr;
}

std::span<const std::string_view> Waiters::candidates(
    const Session& session, std::span<const std::string_view> keys) const {
  const bool is_alone = resumed_ != nullptr && resumed_->session == &session &&
                        resumed_by_ != nullptr && first_ready_ == last_ready_ && sweeps_.empty() &&
                        keys_with_value_ == 1;
  return is_alone ? std::span(&resumed_by_name_, 1) : keys;
}

void Waiters::end_resume() {
  ParkedCommand& command = *resumed_;
  resumed_ = nullptr;
  if (resumed_by_ != nullptr) {
    const WaitedKey& key = *resumed_by_;
    const keyspace::Database& db = keyspace_.db(static_cast<std::size_t>(key.db));
    note_value(*resumed_by_, db.entries().find(key.name(), key.hash) != nullptr);
  }
  if (!command.session->is_blocked()) return end(command);
  const bool found_nothing = !command.session->is_held();
  if (command.mode == WaitMode::takes && found_nothing) exhausted_.push_back(command.rivals);
}

}  // namespace larder::engine
