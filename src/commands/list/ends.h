#pragma once

// What the commands on lists share: ranges of indices, the two ends, and elements there.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "../string/string_reply.h"
#include "larder/base/text.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/keyspace/edit.h"
#include "larder/keyspace/events.h"
#include "larder/types/list.h"

namespace larder::commands::events {

constexpr keyspace::Event push(types::ListEnd end) {
  return end == types::ListEnd::head ? keyspace::Event::lpush : keyspace::Event::rpush;
}
constexpr keyspace::Event pop(types::ListEnd end) {
  return end == types::ListEnd::head ? keyspace::Event::lpop : keyspace::Event::rpop;
}

}  // namespace larder::commands::events

namespace larder::commands {

using types::ListEnd;

// Indices from `first` up to, not including, `end`.
struct ListRange {
  std::int64_t first;
  std::int64_t end;

  bool empty() const { return first >= end; }
  std::int64_t size() const { return empty() ? 0 : end - first; }

  // From `start` to `stop` inclusive, both from the end where they are negative.
  static ListRange of(std::int64_t start, std::int64_t stop, std::int64_t elements) {
    if (start < 0) start = std::max<std::int64_t>(start + elements, 0);
    if (stop < 0) stop += elements;
    return {start, std::min(stop, elements - 1) + 1};
  }
};

// LEFT or RIGHT, in any letter case.
inline std::optional<ListEnd> read_end(std::string_view word) {
  if (base::equals_ignoring_case(word, "LEFT")) return ListEnd::head;
  if (base::equals_ignoring_case(word, "RIGHT")) return ListEnd::tail;
  return std::nullopt;
}
constexpr std::string_view name_of(ListEnd end) { return end == ListEnd::head ? "LEFT" : "RIGHT"; }

// The first element from that end. The list has elements.
inline types::List::Cursor at_end(const types::List& list, ListEnd end) {
  return list.at(end == ListEnd::head ? 0 : -1);
}

// Writes `count` elements from that end on, without a head; the list has as many.
void reply_from_end(resp::Writer& reply, const types::List& list, ListEnd end, std::size_t count);

// Removes `count` elements at that end.
void take(keyspace::Database& db, const keyspace::Key& key, keyspace::Entry* entry,
          const types::ListLimits& limits, ListEnd end, std::size_t count);

// LMPOP and BLMPOP: `numkeys key ... LEFT|RIGHT [COUNT count]` from argument `first` on.
struct PopRequest {
  resp::Args keys;
  ListEnd end = ListEnd::head;
  std::size_t count = 1;
};
// Nothing if an error has been sent.
std::optional<PopRequest> read_pop_request(engine::Call& call, std::size_t first);
enum class Popped : std::uint8_t { nothing, some, answered_error, lacks_room };
// Takes from the first of the keys that has a list, and answers with the key and the elements.
Popped pop_first_list(engine::Call& call, const types::ListLimits& limits,
                      const PopRequest& request);

}  // namespace larder::commands
