#pragma once

// Sessions whose next command is delayed until something has happened: there is room below
// maxmemory, flushed data is freed, or the pause of clients is over. The connection keeps its
// input; other clients are served in the meantime.

#include <cstddef>
#include <cstdint>

namespace larder::engine {

class Session;

// A queue; the sessions contain its links. All functions are O(1) for each session.
class HeldSessions {
 public:
  HeldSessions() = default;
  ~HeldSessions();
  HeldSessions(const HeldSessions&) = delete;
  HeldSessions& operator=(const HeldSessions&) = delete;

  // Adds the session at the end, once. `wanted_bytes` is the room below maxmemory that its command
  // needs; 0 if that is not known.
  void add(Session& session, std::uint64_t wanted_bytes = 0);
  bool has(const Session& session) const;
  void remove(Session& session);
  // The first `most` sessions continue; of those behind the first, only sessions whose need for
  // room is not known.
  void resume(std::size_t most);
  // The room that the first session needs; 0 if that is not known, or if there is no session.
  std::uint64_t wanted_bytes() const;
  // Whether a command of the session, which is not in the queue, must wait behind the others. A
  // session that was resumed because there was the room that it had asked for need not, once.
  bool must_wait(Session& session) const;

  bool empty() const { return first_ == nullptr; }
  std::size_t size() const { return size_; }

 private:
  Session* first_ = nullptr;
  Session* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace larder::engine
