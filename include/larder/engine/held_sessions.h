#pragma once

// Sessions whose next command is delayed until something has happened: there is room below
// maxmemory, or flushed data is freed. The connection keeps its input; other clients are served in
// the meantime.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "larder/memory/heap.h"

namespace larder::engine {

class Session;

class HeldSessions {
 public:
  HeldSessions() = default;
  ~HeldSessions();
  HeldSessions(const HeldSessions&) = delete;
  HeldSessions& operator=(const HeldSessions&) = delete;

  // Adds the session at the end, once. It may say how much room below maxmemory its command needs.
  void add(Session& session, std::uint64_t wanted_bytes = 0);
  bool has(const Session& session) const;
  // Cost: one check for each session of the queue.
  void remove(Session& session);
  // The first `most` sessions continue; of those behind the first, only sessions that did not say
  // how much room they need.
  void resume(std::size_t most);
  // The room that the first session needs; 0 if it did not say, or if there is none.
  std::uint64_t wanted_bytes() const { return empty() ? 0 : sessions_.front().wanted_bytes; }

  bool empty() const { return sessions_.empty(); }
  std::size_t size() const { return sessions_.size(); }
  // The queue's bytes of client_input, at the allocator's sizes.
  std::size_t held_bytes() const;

 private:
  struct Held {
    Session* session;
    std::uint64_t wanted_bytes;
  };
  std::vector<Held, memory::Allocator<Held, memory::Owner::client_input>> sessions_;
};

}  // namespace larder::engine
