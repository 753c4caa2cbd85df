#include "own_deadlines.h"

#include <utility>

namespace larder::replication {

OwnDeadlines::OwnDeadlines(const Parts& parts) : parts_(parts) { parts_.executor.attach(*this); }

OwnDeadlines::~OwnDeadlines() {
  if (listens_) parts_.keyspace.log().unlisten();
}

void OwnDeadlines::be(Role role) {
  role_ = role;
  if (role_ == Role::primary) forget_all(-1);
  listen();
  show();
}

// The log costs something while it has a reader.
void OwnDeadlines::listen() {
  const bool wanted = role_ == Role::writable_replica || !places_.deadlines.empty();
  if (wanted == listens_) return;
  listens_ = wanted;
  wanted ? parts_.keyspace.log().listen() : parts_.keyspace.log().unlisten();
}

void OwnDeadlines::read(std::span<const keyspace::Change> changes) {
  if (!listens_) return;
  for (const keyspace::Change& change : changes) {
    const bool names_key =
        change.event != keyspace::Event::flush && change.event != keyspace::Event::swapdb;
    names_key ? look_at(change) : forget_all(change.db);
  }
  show();
}

// A key that the primary has changed is the primary's.
void OwnDeadlines::look_at(const keyspace::Change& change) {
  const bool is_own = role_ == Role::writable_replica && !parts_.keyspace.removals().repeats();
  if (!is_own && places_.deadlines.empty()) return;
  const auto key = keyspace::Key::of(change.key);
  const Place place{change.db, key.hash};
  const keyspace::Entry* const entry =
      parts_.keyspace.db(static_cast<std::size_t>(change.db)).entries().find(key.name, key.hash);
  if (is_own && entry != nullptr && entry->has_deadline()) {
    note(place, entry->deadline_ms());
  } else {
    forget(place);
  }
}

void OwnDeadlines::note(Place place, std::int64_t deadline_ms) {
  forget(place);
  if (size() < kMost) {
    places_.deadlines.emplace(place, deadline_ms);
    places_.due.emplace(deadline_ms, place);
  } else if (!std::exchange(is_full_, true)) {
    parts_.log.warning(
        "Clients gave a deadline to so many keys of this replica that not all of them will be "
        "removed when they expire.");
  }
}

void OwnDeadlines::forget(Place place) {
  const auto found = places_.deadlines.find(place);
  if (found == places_.deadlines.end()) return;
  places_.due.erase({found->second, place});
  places_.deadlines.erase(found);
}

void OwnDeadlines::forget_all(int db) {
  auto& deadlines = places_.deadlines;
  is_full_ = false;
  const bool has_others = !deadlines.empty() && (deadlines.begin()->first.first != db ||
                                                 deadlines.rbegin()->first.first != db);
  if (db < 0 || !has_others) {
    if (!deadlines.empty()) forgotten_.push_back(std::exchange(places_, {}));
    return;
  }
  const auto first = deadlines.lower_bound({db, 0});
  const auto end = deadlines.lower_bound({db + 1, 0});
  for (auto each = first; each != end; ++each) places_.due.erase({each->second, each->first});
  deadlines.erase(first, end);
}

void OwnDeadlines::show() {
  parts_.metrics.slave_expires_tracked_keys = static_cast<std::int64_t>(places_.due.size());
}

void OwnDeadlines::free_forgotten(base::Budget& budget) {
  while (!forgotten_.empty() && !budget.spent()) {
    Places& places = forgotten_.back();
    if (places.due.empty()) {
      forgotten_.pop_back();
      continue;
    }
    places.due.erase(places.due.begin());
    places.deadlines.erase(places.deadlines.begin());
  }
}

std::size_t OwnDeadlines::size() const {
  std::size_t size = places_.due.size();
  for (const Places& places : forgotten_) size += places.due.size();
  return size;
}

void OwnDeadlines::expire(base::Budget budget) {
  using keyspace::Hold;
  free_forgotten(budget);
  if (places_.due.empty()) return listen();
  const keyspace::Removals& removals = parts_.keyspace.removals();
  const bool must_wait = removals.held(Hold::pause) || removals.held(Hold::loading) ||
                         removals.held(Hold::journal) || parts_.keyspace.defers_removals();
  bool has_removed = false;
  while (!must_wait && !places_.due.empty() && !budget.spent()) {
    const auto [deadline_ms, place] = *places_.due.begin();
    if (deadline_ms > parts_.keyspace.clock().unix_ms()) break;
    forget(place);
    keyspace::Database& db = parts_.keyspace.db(static_cast<std::size_t>(place.first));
    keyspace::Entry* const entry = db.find_hashed(place.second);
    if (entry == nullptr || !entry->expired(db.now_ms())) continue;
    db.erase(entry, place.second, keyspace::Cause::expired, keyspace::Event::expired);
    has_removed = true;
  }
  if (has_removed) parts_.executor.settle_background();
  show();
}

}  // namespace larder::replication
