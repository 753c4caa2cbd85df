#pragma once

// A session with client-side caching, or one that gets the invalidations of another session.

#include <cstdint>
#include <string_view>
#include <vector>

#include "larder/engine/session.h"
#include "larder/memory/heap.h"
#include "larder/pubsub/tracked_prefixes.h"

namespace larder::engine {
struct BoundCommand;
}

namespace larder::pubsub {

class Tracking;

// The keys for which a session gets invalidations. Without `broadcast`: those that it has read.
struct TrackingMode {
  bool broadcast = false;      // all keys with one of its prefixes
  bool opt_in = false;         // only keys read just after CLIENT CACHING YES
  bool opt_out = false;        // all but keys read just after CLIENT CACHING NO
  bool no_loop = false;        // not for its own changes
  std::uint64_t redirect = 0;  // the session that gets the invalidations instead; 0: none
};

class Tracker final : public engine::Attachment {
 public:
  Tracker(Tracking& tracking, engine::Session& owner) : home(tracking), session(owner) {}

  void detach(engine::Session& session) override;
  std::size_t bytes() const override;

  // By its session's number.
  std::string_view key() const {
    return {reinterpret_cast<const char*>(&session.id), sizeof session.id};
  }
  bool is_reader() const { return tracks && !mode.broadcast; }
  // Whether the keys of a command that runs now must be stored.
  bool remembers() const {
    if (mode.broadcast || (mode.opt_in && caching == nullptr)) return false;
    return !mode.opt_out || caching == nullptr;
  }

  Tracking& home;
  engine::Session& session;
  Tracker* previous = nullptr;
  Tracker* next = nullptr;
  bool tracks = false;
  // Other sessions redirect to it, or did before.
  bool is_redirect_target = false;
  // The session to redirect to has ended.
  bool broken = false;
  TrackingMode mode;
  // CLIENT, while CLIENT CACHING is in effect: until a command other than CLIENT.
  const engine::BoundCommand* caching = nullptr;
  // In the order of their names.
  std::vector<TrackedPrefix*, memory::Allocator<TrackedPrefix*, memory::Owner::tracking>> prefixes;
};

struct TrackerTraits {
  using Element = Tracker;
  static constexpr memory::Owner kOwner = memory::Owner::tracking;
  static std::string_view key(const Tracker& tracker) { return tracker.key(); }
  static std::uint64_t hash(const Tracker& tracker);
};

}  // namespace larder::pubsub
