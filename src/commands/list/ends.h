#pragma once

// Functions that the commands on the ends of lists share.

#include <optional>
#include <string_view>

#include "../string/string_reply.h"
#include "larder/base/text.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/keyspace/edit.h"
#include "larder/types/list.h"

namespace larder::commands {

using types::ListEnd;

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
enum class Popped : std::uint8_t { nothing, some, answered_error };
// Takes from the first of the keys that has a list, and answers with the key and the elements.
Popped pop_first_list(engine::Call& call, const types::ListLimits& limits,
                      const PopRequest& request);

}  // namespace larder::commands
