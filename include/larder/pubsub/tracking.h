#pragma once

// Client-side caching: sends invalidations to clients when keys that they have read change. It
// stores which session has read which key, by the key specifications of the commands, and reads the
// log of changes. It examines commands and changes only while a session tracks.
//
//   Tracker (one for each session) <--- TrackedKeys: key -> numbers of sessions
//                                  <--- TrackedPrefixes: prefix -> sessions, keys that changed
//
// Invalidations of keys are sent at once (after the reply to the session that changed them), those
// of prefixes at the end of the turn.

#include <cstdint>
#include <span>
#include <string_view>

#include "larder/base/clock.h"
#include "larder/base/rng.h"
#include "larder/engine/executor.h"
#include "larder/engine/sinks.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/audit.h"
#include "larder/pubsub/settings.h"
#include "larder/pubsub/tracked_keys.h"
#include "larder/pubsub/tracked_prefixes.h"
#include "larder/pubsub/tracker.h"
#include "larder/resp/shared_text.h"

namespace larder::pubsub {

class Invalidation;

class Tracking final : public engine::ChangeSink,
                       public engine::CommandSink,
                       public memory::AuditedOwner,
                       private TrackedKeys::Readers {
 public:
  // The most time that end_turn() removes keys and frees them; messages to clients come on top.
  static constexpr std::int64_t kTrimUs = 200;
  static constexpr std::int64_t kFreeUs = 200;

  struct Parts {
    const TrackingSettings& settings;
    keyspace::Keyspace& keyspace;
    engine::Executor& executor;
    engine::Sessions& sessions;
    const base::Clock& clock;
    base::Rng& rng;
  };
  explicit Tracking(const Parts& parts) : parts_(parts), texts_(memory::Owner::tracking) {}
  // There must be no tracking sessions any more.
  ~Tracking() override;
  Tracking(const Tracking&) = delete;
  Tracking& operator=(const Tracking&) = delete;

  // Starts tracking, or changes the mode. Prefixes are for mode.broadcast and are added to earlier
  // ones; no prefix means the empty prefix.
  void start(engine::Session& session, const TrackingMode& mode,
             std::span<const std::string_view> prefixes);
  void stop(engine::Session& session);
  // CLIENT CACHING, for a session in one of the modes that need it.
  void choose(engine::Session& session, const engine::BoundCommand& client);

  // The session's mode; null if it does not track.
  static const Tracker* of(const engine::Session& session) {
    const auto* tracker = attached(session);
    return tracker != nullptr && tracker->tracks ? tracker : nullptr;
  }

  void read(std::span<const keyspace::Change> changes) override;
  void over(engine::Session& session, const engine::BoundCommand* command,
            resp::Args words) override;
  void over_within(engine::Session& session, const engine::BoundCommand& command,
                   resp::Args words) override;
  // Sends the invalidations of prefixes, reduces the keys to their limit and frees removed ones,
  // for a part of a millisecond. True if some are left.
  bool end_turn();

  std::size_t clients() const { return clients_; }
  const TrackedKeys& keys() const { return keys_; }
  const TrackedPrefixes& prefixes() const { return prefixes_; }

  void report_bytes(memory::Audit& audit) const override;

 private:
  friend class Tracker;

  static Tracker* attached(const engine::Session& session) {
    return static_cast<Tracker*>(session.attachment(engine::Attached::tracking));
  }
  Tracker& tracker_for(engine::Session& session);
  Tracker* find(std::uint64_t id) const;
  bool is_reader(std::uint64_t id) const override;
  void end(Tracker& tracker);
  void drop(Tracker& tracker);

  std::size_t remember(Tracker& tracker, const engine::BoundCommand& command, resp::Args words);
  std::size_t excess() const;
  void forget_some(std::size_t most);
  bool trim();

  void note(const keyspace::Change& change);
  void note_flush();
  void broadcast(const TrackedPrefix& prefix, const TrackedPrefixes::Keys& keys);
  void invalidate_readers(TrackedKey& key, const engine::Session* but);
  void send_invalidation(Tracker& tracker, Invalidation& invalidation);
  engine::Session* redirect_target(Tracker& tracker);
  void send_redirection_broken(Tracker& tracker);

  Parts parts_;
  resp::SharedTexts texts_;
  TrackedKeys keys_;
  TrackedPrefixes prefixes_;
  types::Table<TrackerTraits> trackers_;
  Tracker* first_ = nullptr;
  std::size_t clients_ = 0;
};

}  // namespace larder::pubsub
