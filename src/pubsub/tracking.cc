#include "larder/pubsub/tracking.h"

#include <algorithm>
#include <array>
#include <string>

#include "invalidation.h"
#include "larder/base/assert.h"
#include "larder/base/hash.h"
#include "larder/engine/keys.h"
#include "larder/engine/transaction.h"
#include "larder/keyspace/events.h"
#include "larder/memory/heap.h"

namespace larder::pubsub {
namespace {

constexpr auto kOwner = memory::Owner::tracking;
// While there are too many keys, each command removes this many more than it has added.
constexpr std::size_t kForgottenAtOnce = 100;

}  // namespace

std::uint64_t TrackerTraits::hash(const Tracker& tracker) {
  return base::hash_bytes(tracker.key());
}

void Tracker::detach(engine::Session&) { home.drop(*this); }

std::size_t Tracker::bytes() const {
  std::size_t bytes = memory::size_class(sizeof(Tracker));
  if (prefixes.capacity() > 0) {
    bytes += memory::size_class(prefixes.capacity() * sizeof(TrackedPrefix*));
  }
  return bytes;
}

Tracking::~Tracking() { LARDER_ASSERT(first_ == nullptr); }

Tracker& Tracking::tracker_for(engine::Session& session) {
  if (Tracker* const known = attached(session)) return *known;
  auto* const tracker = memory::make<Tracker>(kOwner, *this, session);
  tracker->next = first_;
  if (first_ != nullptr) first_->previous = tracker;
  first_ = tracker;
  trackers_.insert(tracker, TrackerTraits::hash(*tracker));
  session.attach(engine::Attached::tracking, *tracker);
  return *tracker;
}

Tracker* Tracking::find(std::uint64_t id) const {
  const std::string_view key{reinterpret_cast<const char*>(&id), sizeof id};
  return trackers_.find(key, base::hash_bytes(key));
}

bool Tracking::is_reader(std::uint64_t id) const {
  const Tracker* const tracker = find(id);
  return tracker != nullptr && tracker->is_reader();
}

void Tracking::start(engine::Session& session, const TrackingMode& mode,
                     std::span<const std::string_view> prefixes) {
  Tracker& tracker = tracker_for(session);
  if (!tracker.tracks && clients_++ == 0) {
    parts_.keyspace.log().listen();
    parts_.executor.add(static_cast<engine::CommandSink&>(*this));
  }
  tracker.tracks = true;
  tracker.mode = mode;
  tracker.broken = false;
  if (mode.redirect != 0) redirect_target(tracker);
  if (!mode.broadcast) return;
  if (prefixes.empty()) prefixes_.add(tracker, {});
  for (const std::string_view prefix : prefixes) prefixes_.add(tracker, prefix);
}

// The keys that the session has read stay in the table; its number is no longer valid. When the
// last session stops tracking, the table is freed.
void Tracking::end(Tracker& tracker) {
  if (!tracker.tracks) return;
  prefixes_.remove(tracker);
  tracker.tracks = false;
  tracker.broken = false;
  tracker.mode = {};
  tracker.caching = nullptr;
  if (--clients_ > 0) return;
  parts_.keyspace.log().unlisten();
  parts_.executor.remove(*this);
  keys_.clear();
}

void Tracking::stop(engine::Session& session) {
  Tracker* const tracker = attached(session);
  if (tracker == nullptr) return;
  end(*tracker);
  if (tracker->is_redirect_target) return;
  session.forget(engine::Attached::tracking);
  drop(*tracker);
}

void Tracking::drop(Tracker& tracker) {
  end(tracker);
  trackers_.erase(&tracker, TrackerTraits::hash(tracker));
  (tracker.previous == nullptr ? first_ : tracker.previous->next) = tracker.next;
  if (tracker.next != nullptr) tracker.next->previous = tracker.previous;
  memory::destroy(kOwner, &tracker);
}

void Tracking::choose(engine::Session& session, const engine::BoundCommand& client) {
  attached(session)->caching = &client;
}

// The keys that a script reads count as read by the client that runs it. CLIENT CACHING
// stays in effect until the script is over.
void Tracking::over_within(engine::Session& session, const engine::BoundCommand& command,
                           resp::Args words) {
  std::size_t added = 0;
  Tracker* const tracker = attached(session);
  if (tracker != nullptr && tracker->tracks && command.row->has(engine::kReads) &&
      tracker->remembers()) {
    added = remember(*tracker, command, words);
  }
  const std::size_t too_many = excess();
  if (too_many > 0) forget_some(std::min(too_many, added + kForgottenAtOnce));
}

void Tracking::over(engine::Session& session, const engine::BoundCommand* command,
                    resp::Args words) {
  std::size_t added = 0;
  Tracker* const tracker = attached(session);
  if (tracker != nullptr && tracker->tracks) {
    // Of a script, the keys that its commands read are remembered.
    const bool reads = command != nullptr && command->row->has(engine::kReads) &&
                       command->row->family != engine::Family::scripting;
    if (reads && tracker->remembers()) added = remember(*tracker, *command, words);
    const bool is_clients = command != nullptr && command->parent == tracker->caching;
    if (!is_clients && engine::Transaction::of(session) == nullptr) tracker->caching = nullptr;
  }
  const std::size_t too_many = excess();
  if (too_many > 0) forget_some(std::min(too_many, added + kForgottenAtOnce));
}

std::size_t Tracking::remember(Tracker& tracker, const engine::BoundCommand& command,
                               resp::Args words) {
  const auto found = engine::find_key_spans(*command.row, words);
  if (!found) return 0;
  std::size_t added = 0;
  engine::for_each_key(*found, [&](std::size_t position, std::uint32_t) {
    if (keys_.remember(words[position], tracker.session.id, *this)) ++added;
    return true;
  });
  return added;
}

std::size_t Tracking::excess() const {
  const auto most = static_cast<std::size_t>(parts_.settings.tracking_table_max_keys.value());
  return most == 0 || keys_.size() <= most ? 0 : keys_.size() - most;
}

void Tracking::forget_some(std::size_t most) {
  for (; most > 0; --most) {
    keys_.forget_any(parts_.rng, [this](TrackedKey& key) { invalidate_readers(key, nullptr); });
  }
}

bool Tracking::trim() {
  base::Budget budget(parts_.clock, kTrimUs);
  while (const std::size_t too_many = excess()) {
    forget_some(std::min(too_many, kForgottenAtOnce));
    if (budget.spent()) return excess() == 0;
  }
  return true;
}

bool Tracking::end_turn() {
  if (prefixes_.has_changes()) {
    prefixes_.take_changes([this](const TrackedPrefix& prefix, const TrackedPrefixes::Keys& keys) {
      broadcast(prefix, keys);
    });
  }
  const bool trimmed = trim();
  if (!keys_.has_removed_tables()) return !trimmed;
  base::Budget budget(parts_.clock, kFreeUs);
  return !keys_.free_some(budget) || !trimmed;
}

void Tracking::read(std::span<const keyspace::Change> changes) {
  if (clients_ == 0) return;
  for (const keyspace::Change& change : changes) {
    if (change.event == keyspace::Event::flush) {
      note_flush();
    } else if (change.event != keyspace::Event::swapdb) {
      note(change);
    }
  }
}

// A group may have been created together with its stream.
void Tracking::note(const keyspace::Change& change) {
  if (!keyspace::concerns_key(change.event) && change.event != keyspace::Event::xgroup_create)
    return;
  const engine::Session* const running = parts_.executor.running();
  if (prefixes_.size() > 0) {
    const bool is_own = running != nullptr && change.cause == keyspace::Cause::command;
    prefixes_.note(change.key, is_own ? running->id : 0);
  }
  if (keys_.size() == 0) return;
  keys_.forget(change.key, base::hash_bytes(change.key),
               [this, running](TrackedKey& key) { invalidate_readers(key, running); });
}

// Copies of keys of other databases become invalid too, since only names are stored.
void Tracking::note_flush() {
  Invalidation everything = Invalidation::everything(texts_);
  for (Tracker* tracker = first_; tracker != nullptr;) {
    Tracker* const next = tracker->next;
    if (tracker->tracks) send_invalidation(*tracker, everything);
    tracker = next;
  }
  keys_.clear();
}

// Sends the invalidation to the readers; to `but` only without NOLOOP.
void Tracking::invalidate_readers(TrackedKey& key, const engine::Session* but) {
  const std::array<std::string_view, 1> name = {key.name()};
  Invalidation invalidation(texts_, name);
  for (const std::uint64_t id : key.all()) {
    Tracker* const tracker = find(id);
    if (tracker == nullptr || !tracker->is_reader()) continue;
    if (tracker->mode.no_loop && &tracker->session == but) continue;
    send_invalidation(*tracker, invalidation);
  }
}

void Tracking::broadcast(const TrackedPrefix& prefix, const TrackedPrefixes::Keys& keys) {
  std::vector<std::string_view> names;
  names.reserve(keys.size());
  for (const ChangedKey* key : keys) names.push_back(key->name());
  Invalidation common(texts_, names);
  for (Tracker* tracker : prefix.trackers) {
    if (!tracker->mode.no_loop) {
      send_invalidation(*tracker, common);
      continue;
    }
    std::vector<std::string_view> of_others;
    for (const ChangedKey* key : keys) {
      if (key->writer != tracker->session.id) of_others.push_back(key->name());
    }
    if (of_others.empty()) continue;
    Invalidation own(texts_, of_others);
    send_invalidation(*tracker, own);
  }
}

// RESP2 has no pushes: only another session can get invalidations, in a channel, while it is
// subscribed.
void Tracking::send_invalidation(Tracker& tracker, Invalidation& invalidation) {
  const bool redirects = tracker.mode.redirect != 0;
  engine::Session* const invalidation_target =
      redirects ? redirect_target(tracker) : &tracker.session;
  if (invalidation_target == nullptr) return send_redirection_broken(tracker);
  if (!invalidation_target->reply.resp3() && !(redirects && invalidation_target->is_subscribed()))
    return;
  invalidation_target->push(invalidation.in(invalidation_target->reply.protocol()));
}

// The session that gets the invalidations instead of the tracker; numbers of sessions are never
// reused.
engine::Session* Tracking::redirect_target(Tracker& tracker) {
  if (tracker.broken) return nullptr;
  if (const Tracker* const known = find(tracker.mode.redirect)) return &known->session;
  engine::Session* const session = parts_.sessions.find(tracker.mode.redirect);
  tracker.broken = session == nullptr || session->closing != engine::Closing::no;
  if (tracker.broken) return nullptr;
  tracker_for(*session).is_redirect_target = true;
  return session;
}

void Tracking::send_redirection_broken(Tracker& tracker) {
  if (!tracker.session.reply.resp3()) return;
  const std::string words =
      ">2\r\n$21\r\ntracking-redir-broken\r\n:" + std::to_string(tracker.mode.redirect) + "\r\n";
  resp::SharedText& text = texts_.make(words.size());
  std::copy(words.begin(), words.end(), text.bytes());
  tracker.session.push(text);
  text.release();
}

void Tracking::report_bytes(memory::Audit& audit) const {
  std::size_t bytes = keys_.held_bytes() + prefixes_.held_bytes() + trackers_.bytes();
  for (const Tracker* tracker = first_; tracker != nullptr; tracker = tracker->next) {
    bytes += tracker->bytes();
  }
  audit.found(kOwner, static_cast<std::int64_t>(bytes));
  texts_.report_bytes(audit);
}

}  // namespace larder::pubsub
