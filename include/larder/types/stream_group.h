#pragma once

// The consumer groups of a stream. An entry that was delivered and not acknowledged is one Pending,
// which is in the index of its group and in the index of its consumer.
//
//   Group  --> pending: by id ------> Pending <------ pending: by id <-- Consumer
//          --> consumers: by name ----------------------------------------->

#include <cstdint>
#include <string_view>

#include "larder/types/name_index.h"
#include "larder/types/ordered_index.h"
#include "larder/types/stream_id.h"

namespace larder::types {

struct Consumer;

struct Pending {
  Pending(StreamId entry_id, std::int64_t now_ms) : id(entry_id), delivered_ms(now_ms) {}

  // Null only before the first Stream::assign().
  Consumer* consumer() { return consumer_; }
  const Consumer* consumer() const { return consumer_; }

  StreamId id;
  std::int64_t delivered_ms;
  std::uint64_t deliveries = 1;

 private:
  friend class Stream;
  Consumer* consumer_ = nullptr;
};

inline StreamId id_of_pending(const Pending* const& pending) { return pending->id; }
using PendingIndex = OrderedIndex<Pending*, id_of_pending>;

// Their names follow them in the same block.
struct Consumer {
  static constexpr std::int64_t kNever = -1;

  std::int64_t seen_ms;             // unix time of its last attempt
  std::int64_t active_ms = kNever;  // of the last one that gave it an entry
  PendingIndex pending;
  std::uint32_t name_bytes;

  std::string_view name() const { return {reinterpret_cast<const char*>(this + 1), name_bytes}; }
};

struct Group {
  static constexpr std::int64_t kUnknown = -1;

  StreamId last_id;                      // the last entry delivered
  std::int64_t entries_read = kUnknown;  // the number of entries ever added up to that one
  PendingIndex pending;
  NameIndex<Consumer> consumers;
  std::uint32_t name_bytes;

  std::string_view name() const { return {reinterpret_cast<const char*>(this + 1), name_bytes}; }
  Consumer* consumer(std::string_view wanted) { return consumers.find(wanted); }
  const Consumer* consumer(std::string_view wanted) const { return consumers.find(wanted); }
  Pending* find(StreamId id) {
    const auto cursor = pending.find(id);
    return pending.valid(cursor) ? pending[cursor] : nullptr;
  }
  const Pending* find(StreamId id) const {
    const auto cursor = pending.find(id);
    return pending.valid(cursor) ? pending[cursor] : nullptr;
  }
};

}  // namespace larder::types
