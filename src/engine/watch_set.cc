#include "larder/engine/watch_set.h"

#include <algorithm>
#include <new>

#include "larder/base/assert.h"
#include "larder/keyspace/events.h"
#include "larder/memory/heap.h"
#include "watcher.h"

namespace larder::engine {
namespace {

constexpr auto kOwner = memory::Owner::client_input;

// The number of lookups that a swap makes; more are left to EXEC.
constexpr std::size_t kSearchedAtOnce = 1000;

}  // namespace

void Watcher::detach(Session& session) {
  dirty = true;
  if (watches > kPiecesAtOnce) return session.defer_detach(*this, watches);
  std::size_t all = kPiecesAtOnce;
  free_in_steps(all);
}

bool Watcher::free_in_steps(std::size_t& pieces) {
  home.drop_some(*this, pieces);
  if (first != nullptr) return false;
  (previous == nullptr ? home.first_ : previous->next) = next;
  if (next != nullptr) next->previous = previous;
  memory::destroy(kOwner, this);
  return true;
}

WatchSet::WatchSet(keyspace::Keyspace& keyspace)
    : keyspace_(keyspace),
      by_name_(keyspace.databases()),
      replaced_(keyspace.databases()),
      arrivals_(keyspace.databases()) {}

WatchSet::~WatchSet() { LARDER_ASSERT(first_ == nullptr); }

WatchedKey& WatchSet::key_for(int db, std::string_view name) {
  Keys& keys = by_name_[static_cast<std::size_t>(db)];
  const auto key = keyspace::Key::of(name);
  if (WatchedKey* known = keys.find(name, key.hash)) return *known;
  void* block = memory::allocate(kOwner, sizeof(WatchedKey) + name.size());
  auto* watched = new (block) WatchedKey{.db = db, .name_bytes = name.size(), .hash = key.hash};
  std::copy(name.begin(), name.end(), reinterpret_cast<char*>(watched + 1));
  keys.insert(watched, key.hash);
  ++keys_;
  return *watched;
}

// A lookup without side effects: nothing is touched, counted or removed.
const keyspace::Entry* WatchSet::entry_of(const WatchedKey& key) const {
  return keyspace_.db(static_cast<std::size_t>(key.db)).entries().find(key.name(), key.hash);
}

void WatchSet::note_existing(Watcher& watcher, int db, const keyspace::Entry& entry) const {
  if (entry.has_deadline())
    watcher.deadline_ms = std::min(watcher.deadline_ms, entry.deadline_ms());
  auto& databases = watcher.databases;
  const auto is_known = [db](const Watcher::Watched& one) { return one.db == db; };
  if (!databases.empty() && is_known(databases.back())) return;
  if (std::any_of(databases.begin(), databases.end(), is_known)) return;
  databases.push_back({db, replaced_[static_cast<std::size_t>(db)]});
}

void WatchSet::note_absent(Watcher& watcher, int db) {
  Arrivals& arrivals = arrivals_[static_cast<std::size_t>(db)];
  ++arrivals.watches;
  auto& awaited = watcher.awaited;
  const auto is_known = [db](const Watcher::Awaited& one) { return one.db == db; };
  if (std::any_of(awaited.begin(), awaited.end(), is_known)) return;
  awaited.push_back({db, arrivals.swaps});
}

bool WatchSet::exists_now(const Watch& watch) const {
  const keyspace::Entry* const entry = entry_of(*watch.key);
  return entry != nullptr && !entry->expired(keyspace_.clock().unix_ms());
}

// Whether a swap has brought one of its keys that did not exist.
bool WatchSet::may_have_arrived(const Watcher& watcher) const {
  std::vector<int> to_search;
  for (const Watcher::Awaited& one : watcher.awaited) {
    const Arrivals& arrivals = arrivals_[static_cast<std::size_t>(one.db)];
    const std::uint64_t swaps = arrivals.swaps - one.swaps;
    if (swaps > 1 || (swaps == 1 && arrivals.left)) return true;
    if (swaps == 1) to_search.push_back(one.db);
  }
  if (to_search.empty()) return false;
  for (const Watch* watch = watcher.first; watch != nullptr; watch = watch->next_of_watcher) {
    const bool is_searched =
        std::find(to_search.begin(), to_search.end(), watch->key->db) != to_search.end();
    if (is_searched && !watch->existed && exists_now(*watch)) return true;
  }
  return false;
}

bool WatchSet::was_replaced(const Watcher& watcher) const {
  return std::any_of(watcher.databases.begin(), watcher.databases.end(), [this](const auto& one) {
    return replaced_[static_cast<std::size_t>(one.db)] != one.replaced;
  });
}

Watcher& WatchSet::watcher_of(Session& session) {
  if (Watcher* const watcher = Watcher::of(session)) return *watcher;
  auto* const watcher = memory::make<Watcher>(kOwner, *this, first_);
  if (first_ != nullptr) first_->previous = watcher;
  first_ = watcher;
  session.attach(Attached::watcher, *watcher);
  return *watcher;
}

// Searches the shorter of the two lists.
bool WatchSet::is_watched_by(const WatchedKey& key, const Watcher& watcher) {
  if (key.watches <= watcher.watches) {
    for (const Watch* watch = key.first; watch != nullptr; watch = watch->next) {
      if (watch->watcher == &watcher) return true;
    }
    return false;
  }
  for (const Watch* watch = watcher.first; watch != nullptr; watch = watch->next_of_watcher) {
    if (watch->key == &key) return true;
  }
  return false;
}

void WatchSet::watch(Session& session, std::string_view name) {
  Watcher& watcher = watcher_of(session);
  if (watcher.dirty || was_replaced(watcher)) return;
  session.free_left_before_adding(1);
  WatchedKey& key = key_for(session.db, name);
  if (!is_watched_by(key, watcher)) add_watch(watcher, key);
}

void WatchSet::add_watch(Watcher& watcher, WatchedKey& key) {
  auto* const watch =
      new (memory::allocate(kOwner, sizeof(Watch))) Watch{.key = &key,
                                                          .watcher = &watcher,
                                                          .previous = nullptr,
                                                          .next = key.first,
                                                          .next_of_watcher = watcher.first,
                                                          .existed = false,
                                                          .expired = false};
  const keyspace::Entry* const entry = entry_of(key);
  watch->expired = entry != nullptr && entry->expired(keyspace_.clock().unix_ms());
  watch->existed = entry != nullptr && !watch->expired;
  if (watch->existed) {
    note_existing(watcher, key.db, *entry);
  } else {
    note_absent(watcher, key.db);
  }
  if (key.first != nullptr) key.first->previous = watch;
  key.first = watch;
  ++key.watches;
  watcher.first = watch;
  watcher.held_bytes += memory::size_class(sizeof(Watch)) + memory::size_class(key.bytes());
  if (watcher.watches++ == 0 && sessions_++ == 0) keyspace_.log().listen();
}

// Removes the watch from its key's list; the key is removed with its last watch.
void WatchSet::drop(Watch& watch) {
  WatchedKey& key = *watch.key;
  (watch.previous == nullptr ? key.first : watch.previous->next) = watch.next;
  if (watch.next != nullptr) watch.next->previous = watch.previous;
  if (!watch.existed) --arrivals_[static_cast<std::size_t>(key.db)].watches;
  memory::release(kOwner, &watch, sizeof watch);
  if (--key.watches > 0) return;
  by_name_[static_cast<std::size_t>(key.db)].erase(&key, key.hash);
  memory::release(kOwner, &key, key.bytes());
  --keys_;
}

void WatchSet::drop_some(Watcher& watcher, std::size_t& pieces) {
  if (watcher.watches == 0) return;
  for (; watcher.first != nullptr && pieces > 0; --pieces) {
    Watch& watch = *watcher.first;
    watcher.first = watch.next_of_watcher;
    --watcher.watches;
    watcher.held_bytes -=
        memory::size_class(sizeof(Watch)) + memory::size_class(watch.key->bytes());
    drop(watch);
  }
  if (watcher.first == nullptr && --sessions_ == 0) keyspace_.log().unlisten();
}

// Many watches are kept until the transaction is over.
void WatchSet::mark_dirty(Watcher& watcher) {
  watcher.dirty = true;
  std::size_t all = Attachment::kPiecesAtOnce;
  if (watcher.watches <= all) drop_some(watcher, all);
}

void WatchSet::unwatch(Session& session) {
  Watcher* const watcher = Watcher::of(session);
  if (watcher == nullptr) return;
  session.forget(Attached::watcher);
  watcher->detach(session);
}

bool WatchSet::has_changed(const Session& session) const {
  const Watcher* const watcher = Watcher::of(session);
  if (watcher == nullptr) return false;
  return watcher->dirty || was_replaced(*watcher) ||
         watcher->deadline_ms <= keyspace_.clock().unix_ms() || may_have_arrived(*watcher);
}

bool WatchSet::is_dirty(const Session& session) {
  const Watcher* const watcher = Watcher::of(session);
  return watcher != nullptr && (watcher->dirty || watcher->home.was_replaced(*watcher));
}

std::size_t WatchSet::watched_by(const Session& session) {
  const Watcher* const watcher = Watcher::of(session);
  return watcher == nullptr ? 0 : watcher->watches;
}

void WatchSet::read(std::span<const keyspace::Change> changes) {
  if (sessions_ == 0) return;
  for (const keyspace::Change& change : changes) {
    if (change.event == keyspace::Event::flush) {
      note_flush(change.db);
    } else if (change.event == keyspace::Event::swapdb) {
      note_swap(change.db);
    } else {
      const Keys& keys = by_name_[static_cast<std::size_t>(change.db)];
      if (keys.empty()) continue;
      WatchedKey* key = keys.find(change.key, base::hash_bytes(change.key));
      if (key == nullptr) continue;
      const bool own = keyspace::concerns_key(change.event);
      for (Watch* watch = key->first; watch != nullptr;) {
        Watch* const next = watch->next;
        if (watch->expired && change.cause == keyspace::Cause::expired) {
          watch->expired = false;
        } else if (!watch->watcher->dirty && (own || !watch->existed)) {
          mark_dirty(*watch->watcher);
        }
        watch = next;
      }
    }
  }
}

// A flush does not change a watched key that did not exist, but removes one that a swap has
// brought.
void WatchSet::note_flush(int db) {
  for (std::size_t at = 0; at < replaced_.size(); ++at) {
    if (db >= 0 && at != static_cast<std::size_t>(db)) continue;
    ++replaced_[at];
    arrivals_[at].left = true;
  }
}

// A swap changes a watched key that exists before or after it.
void WatchSet::note_swap(int db) {
  const auto at = static_cast<std::size_t>(db);
  ++replaced_[at];
  Arrivals& arrivals = arrivals_[at];
  if (arrivals.watches == 0) return;
  arrivals.left = true;
  if (std::min(keyspace_.db(at).size(), by_name_[at].size()) <= kSearchedAtOnce) {
    return search_arrivals(at);
  }
  ++arrivals.swaps;
  arrivals.left = false;
}

void WatchSet::search_arrivals(std::size_t db) {
  std::vector<Watcher*> concerned;
  const keyspace::EntryTable& entries = keyspace_.db(db).entries();
  if (entries.size() < by_name_[db].size()) {
    entries.for_each([&](const keyspace::Entry* entry) {
      WatchedKey* const key = by_name_[db].find(entry->key(), keyspace::EntryTraits::hash(*entry));
      if (key != nullptr) note_arrival(*key, *entry, concerned);
    });
  } else {
    by_name_[db].for_each([&](WatchedKey* key) {
      const keyspace::Entry* const entry = entry_of(*key);
      if (entry != nullptr) note_arrival(*key, *entry, concerned);
    });
  }
  for (Watcher* watcher : concerned) mark_dirty(*watcher);
}

// Each affected session only once.
void WatchSet::note_arrival(WatchedKey& key, const keyspace::Entry& entry,
                            std::vector<Watcher*>& concerned) const {
  const bool expired = entry.expired(keyspace_.clock().unix_ms());
  for (Watch* watch = key.first; watch != nullptr; watch = watch->next) {
    watch->expired = expired;
    if (expired || watch->watcher->dirty) continue;
    watch->watcher->dirty = true;
    concerned.push_back(watch->watcher);
  }
}

void WatchSet::report_bytes(memory::Audit& audit) const {
  std::size_t bytes = 0;
  for (const Keys& keys : by_name_) {
    bytes += keys.bytes();
    keys.for_each([&bytes](const WatchedKey* key) {
      bytes += memory::size_class(key->bytes()) + key->watches * memory::size_class(sizeof(Watch));
    });
  }
  for (const Watcher* watcher = first_; watcher != nullptr; watcher = watcher->next) {
    bytes += memory::size_class(sizeof(Watcher)) + watcher->databases_bytes();
  }
  audit.found(memory::Owner::client_input, static_cast<std::int64_t>(bytes));
}

}  // namespace larder::engine
