#pragma once

// The state of a command that works in several turns, between its steps. The handler works until
// call.step_is_over(), then returns its progress without a reply; in a later turn the same handler
// runs again with the same words and continues from its progress:
//
//   std::unique_ptr<Walk> walk = call.progress<Walk>();  // null at the first step
//   if (walk == nullptr) walk.reset(new Walk(call));
//   while (!call.step_is_over()) {
//     if (walk->some()) return answer(call, *walk);
//   }
//   call.continue_later(std::move(walk));
//
// In transactions and scripts a step is never over, so the command runs at once.
//
// If the reply gets no more room while it is written (reply.is_dropping()), as for any command, the
// handler undoes the current piece and returns with call.wait_for_memory().

#include <cstddef>

#include "larder/memory/heap.h"
#include "larder/resp/reply_buffer.h"

namespace larder::engine {

class LongCommands;

// Charged to client_input, its reply to client_output.
class Progress {
 public:
  // For the running command, whose reply uses that pool.
  Progress(LongCommands& commands, resp::ChunkPool& pool);
  virtual ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Its bytes at the allocator's sizes, including this object, without its reply.
  virtual std::size_t bytes() const = 0;

  // The written part of the reply. It is sent when the reply is complete, and counts as unsent
  // output for client-output-buffer-limit.
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
