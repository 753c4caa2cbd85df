#pragma once

// With `appendfsync always`: replies wait for the changes that they may show. After each command
// its session gets the position up to which the journal must be on disk before the reply may be
// sent.

#include <cstdint>
#include <vector>

#include "journal_stream.h"
#include "larder/engine/executor.h"
#include "larder/memory/heap.h"
#include "pending_keys.h"

namespace larder::persistence {

class ReadBarrier final : private engine::CommandSink {
 public:
  ReadBarrier(engine::Executor& executor, const engine::Propagation& effects,
              const JournalStream& stream);
  ~ReadBarrier() override;
  ReadBarrier(const ReadBarrier&) = delete;
  ReadBarrier& operator=(const ReadBarrier&) = delete;

  // At the allocator's sizes.
  std::size_t held_bytes() const;

 private:
  // More keys of one transaction count as all keys.
  static constexpr std::size_t kMostKeys = 4096;

  void over(engine::Session& session, const engine::BoundCommand* command,
            resp::Args args) override;
  void wrote(engine::Session& session, const engine::BoundCommand& command, resp::Args args);
  void read(engine::Session& session, const engine::BoundCommand& command, resp::Args args) const;
  // Calls fn for the hash of each key; false if the command may touch others.
  template <typename Fn>
  static bool each_key(const engine::Session& session, const engine::BoundCommand& command,
                       resp::Args args, Fn fn);

  engine::Executor& executor_;
  const engine::Propagation& effects_;
  const JournalStream& stream_;
  PendingKeys* const pending_;
  std::uint64_t seen_;  // the end of the stream after the last command
  // Of the commands of the open transaction that may have changed something.
  std::vector<std::uint64_t, memory::Allocator<std::uint64_t, memory::Owner::journal>> keys_;
  bool all_keys_ = false;
};

}  // namespace larder::persistence
