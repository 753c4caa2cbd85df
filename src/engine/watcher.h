#pragma once

// A session that watches, and its watches: each is in the list of its key and of its watcher.

#include <cstdint>
#include <limits>
#include <vector>

#include "larder/engine/watch_set.h"
#include "larder/memory/heap.h"

namespace larder::engine {

struct WatchedKey::Watch {
  WatchedKey* key;
  Watcher* watcher;
  Watch* previous;
  Watch* next;
  Watch* next_of_watcher;
  bool existed;  // for the session: expired keys do not exist
  bool expired;  // the key was past its deadline and was still in the table
};

class Watcher final : public Attachment {
 public:
  // A database of which it watches existing keys, and its replacement counter at that time.
  struct Watched {
    int db;
    std::uint64_t replaced;
  };

  // A database of which it watches keys that did not exist, and its count of swaps at that time.
  struct Awaited {
    int db;
    std::uint64_t swaps;
  };

  static Watcher* of(const Session& session) {
    return static_cast<Watcher*>(session.attachment(Attached::watcher));
  }

  Watcher(WatchSet& home_, Watcher* next_) : home(home_), next(next_) {}

  void detach(Session& session) override;
  // The block of a key counts for each of its watches.
  std::size_t bytes() const override { return held_bytes + databases_bytes(); }
  std::size_t databases_bytes() const {
    const auto block = [](std::size_t bytes) { return bytes == 0 ? 0 : memory::size_class(bytes); };
    return block(databases.capacity() * sizeof(Watched)) +
           block(awaited.capacity() * sizeof(Awaited));
  }
  bool free_in_steps(std::size_t& pieces) override;

  WatchSet& home;
  Watcher* previous = nullptr;
  Watcher* next;
  WatchedKey::Watch* first = nullptr;
  std::size_t watches = 0;
  std::size_t held_bytes = memory::size_class(sizeof(Watcher));
  std::vector<Watched, memory::Allocator<Watched, memory::Owner::client_input>> databases;
  std::vector<Awaited, memory::Allocator<Awaited, memory::Owner::client_input>> awaited;
  // The earliest deadline of its keys, in unix ms.
  std::int64_t deadline_ms = std::numeric_limits<std::int64_t>::max();
  // Is marked as changed, or has ended: further changes of its keys are ignored.
  bool dirty = false;
};

}  // namespace larder::engine
