#pragma once

// Sessions whose next command is delayed until something has happened: there is room below
// maxmemory, or flushed data is freed. The connection keeps its input; other clients are served in
// the meantime.

#include <cstddef>
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

  // Adds the session at the end, once.
  void add(Session& session);
  // Cost: one check for each session of the queue.
  void remove(Session& session);
  // The first `most` sessions continue.
  void resume(std::size_t most);

  bool empty() const { return sessions_.empty(); }
  std::size_t size() const { return sessions_.size(); }
  // The queue's bytes of client_input, at the allocator's sizes.
  std::size_t held_bytes() const;

 private:
  std::vector<Session*, memory::Allocator<Session*, memory::Owner::client_input>> sessions_;
};

}  // namespace larder::engine
