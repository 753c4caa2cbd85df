#pragma once

// Sessions whose next command is put off until something has happened: room was made below
// maxmemory, or what a flush removed is freed. The connection keeps what it was sent; others are
// served meanwhile.

#include <cstddef>
#include <vector>

#include "larder/memory/heap.h"

namespace larder::engine {

class Session;

class HeldLine {
 public:
  HeldLine() = default;
  ~HeldLine();
  HeldLine(const HeldLine&) = delete;
  HeldLine& operator=(const HeldLine&) = delete;

  // Puts the session at the end, once.
  void add(Session& session);
  // Cost: a look at each session of the line.
  void remove(Session& session);
  // The first `most` sessions go on.
  void resume(std::size_t most);

  bool empty() const { return sessions_.empty(); }
  std::size_t size() const { return sessions_.size(); }
  // What the line takes of client_input, at the allocator's sizes.
  std::size_t held_bytes() const;

 private:
  std::vector<Session*, memory::Allocator<Session*, memory::Owner::client_input>> sessions_;
};

}  // namespace larder::engine
