#include "larder/engine/watch_set.h"

#include <algorithm>
#include <new>

#include "larder/base/assert.h"
#include "larder/engine/key_events.h"
#include "larder/memory/heap.h"
#include "watcher.h"

namespace larder::engine {
namespace {

constexpr auto kOwner = memory::Owner::client_input;

}  // namespace

void Watcher::detach(Session& session) {
  dirty = true;
  if (watches > kPiecesAtOnce) return session.leave_behind(*this, watches);
  std::size_t all = kPiecesAtOnce;
  take_apart(all);
}

bool Watcher::take_apart(std::size_t& pieces) {
  home.drop_some(*this, pieces);
  if (first != nullptr) return false;
  (previous == nullptr ? home.first_ : previous->next) = next;
  if (next != nullptr) next->previous = previous;
  memory::destroy(kOwner, this);
  return true;
}

WatchSet::WatchSet(keyspace::Keyspace& keyspace)
    : keyspace_(keyspace), by_name_(keyspace.databases()) {}

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

// Looks without a trace: nothing is touched, counted or removed.
bool WatchSet::exists(const WatchedKey& key, bool& expired) const {
  const keyspace::Entry* entry =
      keyspace_.db(static_cast<std::size_t>(key.db)).entries().find(key.name(), key.hash);
  expired = entry != nullptr && entry->expired(keyspace_.clock().unix_ms());
  return entry != nullptr && !expired;
}

void WatchSet::watch(Session& session, std::string_view name) {
  Watcher* watcher = Watcher::of(session);
  if (watcher == nullptr) {
    watcher = memory::make<Watcher>(kOwner, *this, first_);
    if (first_ != nullptr) first_->previous = watcher;
    first_ = watcher;
    session.attach(Attached::watcher, *watcher);
  }
  if (watcher->dirty) return;
  WatchedKey& key = key_for(session.db, name);
  // Whichever of the two lists is shorter tells whether it is watched already.
  if (key.watches <= watcher->watches) {
    for (const Watch* w = key.first; w != nullptr; w = w->next) {
      if (w->watcher == watcher) return;
    }
  } else {
    for (const Watch* w = watcher->first; w != nullptr; w = w->next_of_watcher) {
      if (w->key == &key) return;
    }
  }
  auto* const watch =
      new (memory::allocate(kOwner, sizeof(Watch))) Watch{.key = &key,
                                                          .watcher = watcher,
                                                          .previous = nullptr,
                                                          .next = key.first,
                                                          .next_of_watcher = watcher->first,
                                                          .existed = false,
                                                          .expired = false};
  watch->existed = exists(key, watch->expired);
  if (key.first != nullptr) key.first->previous = watch;
  key.first = watch;
  ++key.watches;
  watcher->first = watch;
  watcher->held_bytes += memory::size_class(sizeof(Watch)) + memory::size_class(key.bytes());
  if (watcher->watches++ == 0 && sessions_++ == 0) keyspace_.log().listen();
}

// Takes the watch out of its key's list; the key goes with the last.
void WatchSet::drop(Watch& watch) {
  WatchedKey& key = *watch.key;
  (watch.previous == nullptr ? key.first : watch.previous->next) = watch.next;
  if (watch.next != nullptr) watch.next->previous = watch.previous;
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

// Many watches stay until the transaction is over.
void WatchSet::spoil(Watcher& watcher) {
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

bool WatchSet::has_lost(const Session& session) const {
  const Watcher* const watcher = Watcher::of(session);
  if (watcher == nullptr) return false;
  if (watcher->dirty) return true;
  for (const Watch* watch = watcher->first; watch != nullptr; watch = watch->next_of_watcher) {
    if (!watch->existed) continue;
    bool expired = false;
    if (!exists(*watch->key, expired)) return true;
  }
  return false;
}

bool WatchSet::is_dirty(const Session& session) {
  const Watcher* const watcher = Watcher::of(session);
  return watcher != nullptr && watcher->dirty;
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
      const bool own = concerns_key(change.event);
      for (Watch* watch = key->first; watch != nullptr;) {
        Watch* const next = watch->next;
        if (watch->expired && change.cause == keyspace::Cause::expired) {
          watch->expired = false;
        } else if (!watch->watcher->dirty && (own || !watch->existed)) {
          spoil(*watch->watcher);
        }
        watch = next;
      }
    }
  }
}

// Each affected session once.
void WatchSet::note(bool is_concerned, Watcher& watcher, std::vector<Watcher*>& concerned) {
  if (!is_concerned || watcher.dirty) return;
  watcher.dirty = true;
  concerned.push_back(&watcher);
}

// A watch of a key that was not there is not concerned when all go.
void WatchSet::note_flush(int db) {
  std::vector<Watcher*> concerned;
  for (std::size_t i = 0; i < by_name_.size(); ++i) {
    if (db >= 0 && i != static_cast<std::size_t>(db)) continue;
    by_name_[i].for_each([&](WatchedKey* key) {
      for (Watch* watch = key->first; watch != nullptr; watch = watch->next) {
        watch->expired = false;
        note(watch->existed, *watch->watcher, concerned);
      }
    });
  }
  for (Watcher* watcher : concerned) spoil(*watcher);
}

// What was under the name, or is now, concerns who watches it.
void WatchSet::note_swap(int db) {
  std::vector<Watcher*> concerned;
  by_name_[static_cast<std::size_t>(db)].for_each([&](WatchedKey* key) {
    bool expired = false;
    const bool is_there = exists(*key, expired);
    for (Watch* watch = key->first; watch != nullptr; watch = watch->next) {
      note(watch->existed || is_there, *watch->watcher, concerned);
      watch->expired = expired;
    }
  });
  for (Watcher* watcher : concerned) spoil(*watcher);
}

void WatchSet::testify(memory::Audit& audit) const {
  std::size_t bytes = 0;
  for (const Keys& keys : by_name_) {
    bytes += keys.bytes();
    keys.for_each([&bytes](const WatchedKey* key) {
      bytes += memory::size_class(key->bytes()) + key->watches * memory::size_class(sizeof(Watch));
    });
  }
  for (const Watcher* watcher = first_; watcher != nullptr; watcher = watcher->next) {
    bytes += memory::size_class(sizeof(Watcher));
  }
  audit.found(memory::Owner::client_input, static_cast<std::int64_t>(bytes));
}

}  // namespace larder::engine
