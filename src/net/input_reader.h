#pragma once

// Reads the input of connections and runs its requests in batches. While the next connection is
// read from its socket, the keys of the previous ones are fetched into the cache: a connection's
// first batch runs when two others have been read, or at the end of the turn.

#include <cstddef>
#include <memory>
#include <utility>

#include "connection_queue.h"
#include "input_batches.h"
#include "larder/engine/executor.h"

namespace larder::net {

class Connection;
class MemoryGate;

class InputReader {
 public:
  // What each connection stores for the reader.
  struct Slot {
    ConnectionVisits::Place place = ConnectionVisits::kNowhere;
  };

  InputReader(engine::Executor& executor, const MemoryGate& memory)
      : executor_(executor), memory_(memory) {}

  // A connection's socket is readable. Runs the batches that must run before it can be read: its
  // own previous one, and the oldest one, whose buffer is needed. Reads, and plans the new batch; a
  // large batch runs at once.
  void run_and_read(Connection& connection);
  // The same for a connection whose input is to be discarded.
  void run_and_discard(Connection& connection);
  // Runs everything that was read.
  void run_all();

  // From here until end_within() a command of one batch is still running, and other connections are
  // read through batches of their own. Those that were read before are run first.
  void begin_within();
  void end_within() { batches_ = std::move(outer_); }

  // The connection can continue with requests that it had sent already: it does in the next turn.
  void continue_later(Connection& connection);
  // Runs the requests of those connections.
  void run_continued();
  // The connection is closed.
  void forget(Connection& connection);
  bool has_continued() const { return !continued_.empty(); }

  // Counts the connections that are not read because of their unsent output.
  void count_paused() { ++paused_; }
  void count_resumed() { --paused_; }
  std::size_t paused() const { return paused_; }

  // Splits and plans the input of the batch after its first `from` bytes, and fetches its keys.
  void plan_to_run(Connection& connection, InputBatch& batch, std::size_t from);
  InputBatch& without_buffer() { return batches_->without_buffer(); }

  std::size_t held_bytes() const {
    const std::size_t outer = outer_ == nullptr ? 0 : outer_->held_bytes();
    return outer + batches_->held_bytes() + continued_.held_bytes();
  }

 private:
  void run(InputBatch& batch);
  // Returns its buffer for new input.
  InputBatch& run_oldest();
  void plan(Connection& connection, InputBatch& batch, std::size_t from);
  void fetch_entries(const InputBatch& batch);

  engine::Executor& executor_;
  const MemoryGate& memory_;
  std::unique_ptr<InputBatches> batches_ = std::make_unique<InputBatches>();
  std::unique_ptr<InputBatches> outer_;  // between begin_within() and end_within()
  ConnectionVisits continued_;
  std::size_t paused_ = 0;
};

}  // namespace larder::net
