#pragma once

// Deadlines of parked commands, the earliest first: a binary heap whose elements store their
// positions, so that removal from the middle takes O(log n) too.

#include <cstdint>
#include <vector>

#include "larder/engine/waiting.h"

namespace larder::engine {

class Deadlines {
 public:
  // Both O(log n). Removing a command that has no deadline does nothing.
  void add(ParkedCommand& command);
  void remove(ParkedCommand& command);

  std::size_t size() const { return heap_.size(); }
  ParkedCommand* earliest() const { return heap_.empty() ? nullptr : heap_.front(); }
  // The heap's bytes of client_input, at the allocator's sizes.
  std::size_t held_bytes() const {
    return heap_.capacity() == 0 ? 0 : memory::size_class(heap_.capacity() * sizeof(heap_[0]));
  }

 private:
  void rise(std::size_t at, ParkedCommand& command);
  void sink(std::size_t at, ParkedCommand& command);
  void put(std::size_t at, ParkedCommand& command);

  std::vector<ParkedCommand*, memory::Allocator<ParkedCommand*, memory::Owner::client_input>> heap_;
};

}  // namespace larder::engine
