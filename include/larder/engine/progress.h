#pragma once

// What a command that works in several turns keeps between its steps. The handler works until
// call.step_is_over(), then hands its progress back and returns without a reply; in a later turn
// the same handler runs again with the same words and takes its progress up:
//
//   std::unique_ptr<Walk> walk = call.progress<Walk>();  // null at the first step
//   if (walk == nullptr) walk.reset(new Walk(call));
//   while (!call.step_is_over()) {
//     if (walk->some()) return answer(call, *walk);
//   }
//   call.go_on_later(std::move(walk));
//
// Inside transactions and scripts a step is never over, so that the command runs at once.
//
// The reply may be refused room while it is written, as that of any command (reply.is_dropping()):
// the handler then goes back to where the piece began, and returns with call.wait_for_room().

#include <cstddef>

#include "larder/memory/heap.h"
#include "larder/resp/reply_buffer.h"

namespace larder::engine {

class LongCommands;

// Charged to client_input, its reply to client_output.
class Progress {
 public:
  // For the command that runs, whose reply uses that pool.
  Progress(LongCommands& commands, resp::ChunkPool& pool);
  virtual ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // What it takes at the allocator's sizes, this object included, its reply not.
  virtual std::size_t bytes() const = 0;

  // The part of the reply that is written. Nothing of it is sent before the rest is known, and it
  // counts for client-output-buffer-limit as what is unsent does.
  resp::ReplyBuffer reply;

  static void* operator new(std::size_t bytes) {
    return memory::allocate(memory::Owner::client_input, bytes);
  }
  static void operator delete(void* block, std::size_t bytes) {
    memory::release(memory::Owner::client_input, block, bytes);
  }

 private:
  LongCommands& commands_;
};

}  // namespace larder::engine
