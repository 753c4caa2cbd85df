#pragma once

// How a handler blocks its session. The handler runs once, finds nothing, calls wait_for and
// returns without a reply. Whenever one of the keys may have what the command waits for, the same
// handler runs again with the same words. It either replies, which ends the wait, or calls wait_for
// again, which keeps its place in the queue.
//
//   const auto timeout = read_timeout(call, call.arg(call.size() - 1), TimeoutUnit::seconds);
//   if (!timeout) return;  // the error has been answered
//   ...
//   const Wait wait{.keys = call.args.subspan(1, call.size() - 2),
//                   .type = types::Type::list,
//                   .timeout_ms = *timeout};
//   if (!call.wait_for(wait)) call.reply.null_array();

#include <cstdint>
#include <optional>
#include <string_view>

#include "larder/resp/request.h"
#include "larder/types/type.h"

namespace larder::engine {

struct Call;

// Whether the command removes what it waited for, so that the next session in the queue may find
// nothing (BLPOP), or leaves it for all (XREAD). If a taker runs again and still waits, its rivals
// are not tried; a watcher is always tried.
enum class WaitMode : std::uint8_t { takes, watches };

// The reply when the timeout passes or CLIENT UNBLOCK ends the wait: "*-1" or "$-1", which in RESP3
// are both "_"; or, for WAIT and WAITAOF, the number of copies: ":0", two of these, or ":1" and
// ":0".
enum class WaitEnd : std::uint8_t { null_array, null, zero, two_zeros, one_and_zero };

struct Wait {
  // Keys in the session's database; a name that occurs twice counts once. Without keys only the
  // timeout, CLIENT UNBLOCK or the client ends the wait.
  resp::Args keys;
  // Only a value of this type ends the wait. A string or a hash under the name changes nothing,
  // unless `wakes_when_gone`.
  types::Type type;
  // 0 waits forever. Ignored when the command runs again: the first deadline stays.
  std::int64_t timeout_ms = 0;
  WaitMode mode = WaitMode::takes;
  WaitEnd end = WaitEnd::null_array;
  // Without keys: runs again when the journal has synced its effects up to this position, unless it
  // is 0; `two_zeros` is then `one_and_zero`.
  std::uint64_t position = 0;
  // Runs again also if a key was removed, expired or flushed, or became another type; the handler
  // then replies with the error. For XREADGROUP, also if its group was removed.
  bool wakes_when_gone = false;
  // Takers with different numbers are not rivals: consumers of different groups of one stream.
  std::uint64_t rivals = 0;
  // The words to run again if they differ from those that were sent: XREAD's "$" as the ID that it
  // stood for. Any number of words, the command's name first.
  resp::Args words = {};
};

enum class TimeoutUnit : std::uint8_t { seconds, milliseconds };

// Reads a timeout into milliseconds, 0 for none: seconds may have a fraction and are rounded up,
// milliseconds are whole numbers. Nothing after replying with Redis's error.
std::optional<std::int64_t> read_timeout(Call& call, std::string_view text, TimeoutUnit unit);

}  // namespace larder::engine
