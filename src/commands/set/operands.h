#pragma once

// The sets that a command works on, and where the result of one is stored.

#include <array>
#include <span>
#include <vector>

#include "larder/engine/call.h"
#include "larder/eviction/evictor.h"
#include "larder/keyspace/settings.h"
#include "larder/types/set.h"

namespace larder::commands {

// Views, which are valid until the database changes.
class Operands {
 public:
  using Operand = types::ReadOnly<types::Set>;

  // Reads the sets at the arguments from `first` on, `count` of them; keys that are not there
  // are empty sets. False if one holds another type; the error has been sent.
  bool read(engine::Call& call, std::size_t first, std::size_t count);

  std::span<Operand> sets() { return {count_ <= kFew ? few_.data() : many_.data(), count_}; }
  std::size_t largest_size();
  // One of the sets is empty, so the intersection is empty.
  bool any_empty() const { return any_empty_; }

 private:
  static constexpr std::size_t kFew = 16;

  std::size_t count_ = 0;
  bool any_empty_ = false;
  std::array<Operand, kFew> few_;
  std::vector<Operand, memory::Allocator<Operand, memory::Owner::runtime>> many_;
};

// The reply of SUNION or SDIFF, of which the size is known at its end.
class CollectedReply {
 public:
  CollectedReply(engine::Call& call, const types::SetLimits& limits)
      : call_(call), limits_(limits), items_(call.reply.begin_set()) {}

  void add(const types::String& member);
  // Redis collects these members in a temporary set. INFO counts it as freed lazily, if it is large
  // and the directive for such sets says so.
  void end(const keyspace::Settings& settings);

 private:
  bool would_be_table() const;

  engine::Call& call_;
  const types::SetLimits limits_;
  const resp::Writer::Mark items_;
  std::uint64_t size_ = 0;
  std::size_t longest_ = 0;
  bool all_integers_ = true;
};

// Stores the result at the command's first key, or removes the key if the result is empty, and
// replies with its size, or with an error if there is no room. Takes the result.
void store_result(engine::Call& call, types::Set result, keyspace::Event event,
                  eviction::Evictor& evictor);

}  // namespace larder::commands
