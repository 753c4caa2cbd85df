#pragma once

// How a handler says what its session shall wait for. Blocking re-runs the command: the handler
// runs once, finds nothing, asks to wait and returns without a reply; whenever one of the keys
// may have what it waits for, the same handler runs again with the same words and either
// replies, which ends the wait, or asks to wait again, which keeps its place in the line.
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

// Whether the command takes away what it waited for, so that the next in line may find nothing
// (BLPOP), or leaves it for everybody (XREAD). When a taker that was run again goes on waiting, its
// rivals are not tried; a watcher is always tried.
enum class WaitMode : std::uint8_t { takes, watches };

// What a session gets when its time is over, or CLIENT UNBLOCK says so: "*-1" or "$-1", which in
// RESP3 are both "_"; or, of WAIT and WAITAOF, that there is no copy: ":0", and two of these.
enum class WaitEnd : std::uint8_t { null_array, null, zero, two_zeros };

struct Wait {
  // Waited for in the session's database; a name that stands twice counts once. Without any only
  // the time, CLIENT UNBLOCK or the client ends the wait.
  resp::Args keys;
  // Only a value of this type ends the wait. A string or a hash under the name changes nothing,
  // unless `wakes_when_gone`.
  types::Type type;
  // 0 waits for ever. Of a re-run it is not looked at: the first deadline holds.
  std::int64_t timeout_ms = 0;
  WaitMode mode = WaitMode::takes;
  WaitEnd end = WaitEnd::null_array;
  // Runs again also when a key was removed, expired, flushed, or became another type; the handler
  // then answers the error. For XREADGROUP, and also where its group went.
  bool wakes_when_gone = false;
  // Takers with different numbers are no rivals: consumers of different groups of one stream.
  std::uint64_t rivals = 0;
  // What is run again, where it is not what was sent: XREAD's "$" as the id it meant. As many
  // words as the handler likes, the command's name first.
  resp::Args words = {};
};

enum class TimeoutUnit : std::uint8_t { seconds, milliseconds };

// Reads a timeout into milliseconds, 0 for none: seconds may have a fraction and are rounded up,
// milliseconds are whole. Nothing after answering Redis's error.
std::optional<std::int64_t> read_timeout(Call& call, std::string_view text, TimeoutUnit unit);

}  // namespace larder::engine
