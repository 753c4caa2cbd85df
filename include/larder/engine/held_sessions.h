#pragma once

// Sessions whose next command is delayed until something has happened: there is room below
// maxmemory, flushed data is freed, or the pause of clients is over. The connection keeps its
// input; other clients are served in the meantime.

#include <cstddef>

namespace larder::engine {

class Session;

// A queue; the sessions contain its links. All functions are O(1) for each session.
class HeldSessions {
 public:
  HeldSessions() = default;
  ~HeldSessions();
  HeldSessions(const HeldSessions&) = delete;
  HeldSessions& operator=(const HeldSessions&) = delete;

  // Adds the session at the end, once.
  void add(Session& session);
  void remove(Session& session);
  // The first `most` sessions continue.
  void resume(std::size_t most);

  bool empty() const { return first_ == nullptr; }
  std::size_t size() const { return size_; }

 private:
  Session* first_ = nullptr;
  Session* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace larder::engine
