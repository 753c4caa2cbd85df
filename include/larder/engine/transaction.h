#pragma once

// The commands between MULTI and EXEC, with copies of their words, because the read buffer is
// reused. A session in a transaction has one object; its two gates (gates.h) are closed during that
// time.
//
//   Block -> Block -> ...      each: Queued | word views | bytes of the words | Queued | ...

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "larder/engine/session.h"
#include "larder/resp/request.h"

namespace larder::engine {

struct BoundCommand;

struct QueuedCommand {
  BoundCommand* command;
  std::uint64_t hash;  // of its first key, if it has one
  resp::Args words;
  QueuedCommand* next;
};

class Transaction final : public Attachment {
 public:
  // The session's transaction, or null outside of MULTI.
  static Transaction* of(const Session& session) {
    return static_cast<Transaction*>(session.attachment(Attached::transaction));
  }

  // MULTI, for a session without a transaction.
  static Transaction& begin(Session& session);
  // From now on the session runs commands instead of queueing them, although its transaction has
  // not ended. The loader of a file uses this to run a large queue in pieces, without EXEC: no
  // client can see a part of the transaction.
  static void stop_queueing(Session& session);
  // Ends the transaction, whether it ran or not.
  static void end(Session& session);

  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // Cost: copies the words; occasionally one allocation.
  void add(BoundCommand& command, resp::Args words, std::uint64_t hash);

  const QueuedCommand* first() const { return first_; }
  std::size_t size() const { return size_; }
  // True if one of the commands is refused without room.
  bool grows() const { return grows_; }
  // True if room is made for one of them.
  bool wants_room() const { return wants_room_; }
  // True if one of them may change data.
  bool writes() const { return writes_; }
  // True if one of them may change data, here or on followers.
  bool replicates() const { return replicates_; }

  // How many of its commands have run already, before EXEC had to wait: they run again, but MONITOR
  // does not show them again.
  std::size_t ran() const { return ran_; }
  void note_ran(std::size_t commands) { ran_ = std::max(ran_, commands); }

  // A command could not be queued: EXEC will refuse.
  void abort() { aborted_ = true; }
  bool is_aborted() const { return aborted_; }

  // The queue's bytes of client_input.
  std::size_t bytes() const override { return bytes_; }
  void detach(Session& session) override;
  bool free_in_steps(std::size_t& pieces) override;
  void report_bytes(memory::Audit& audit) const override;

 private:
  struct Block;

  Transaction();
  ~Transaction() override;

  std::byte* room(std::size_t bytes);
  void drop_block();

  Block* blocks_ = nullptr;  // newest first
  std::size_t block_count_ = 0;
  QueuedCommand* first_ = nullptr;
  QueuedCommand* last_ = nullptr;
  std::size_t size_ = 0;
  std::size_t ran_ = 0;
  std::size_t bytes_;
  bool grows_ = false;
  bool wants_room_ = false;
  bool writes_ = false;
  bool replicates_ = false;
  bool aborted_ = false;
};

}  // namespace larder::engine
