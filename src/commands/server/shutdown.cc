#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/gates.h"
#include "larder/engine/host.h"

namespace larder::commands {
namespace {

using namespace engine;

struct Request {
  ShutdownOptions options;
  bool abort = false;
};

// Each of `nosave` and `save` excludes the other, and `abort` all.
bool is_sound(const Request& request) {
  const ShutdownOptions& options = request.options;
  const bool any = options.save || options.nosave || options.now || options.force;
  return !(options.save && options.nosave) && !(request.abort && any);
}

// False if an option is wrong; the error has been sent.
bool read(Call& call, Request& request) {
  ArgReader reader(call, 1);
  while (reader.more()) {
    if (reader.word("NOSAVE")) {
      request.options.nosave = true;
    } else if (reader.word("SAVE")) {
      request.options.save = true;
    } else if (reader.word("NOW")) {
      request.options.now = true;
    } else if (reader.word("FORCE")) {
      request.options.force = true;
    } else if (reader.word("ABORT")) {
      request.abort = true;
    } else {
      reader.fail(errors::kSyntax);
    }
  }
  if (!is_sound(request)) reader.fail(errors::kSyntax);
  return !reader.failed();
}

// While a script runs the data is not in a state that may be saved.
void shutdown(Call& call, Shutdown& shutdown, GateBoard& gates) {
  Request request;
  if (!read(call, request)) return;
  if (request.abort) {
    if (!shutdown.abort()) return call.reply.error("ERR No shutdown in progress.");
    return call.reply.ok();
  }
  const std::uint32_t busy = gates.closed() & bit(Gate::busy);
  if (busy != 0 && !request.options.nosave) return call.reply.error(gates.error(busy));
  if (!shutdown.begin(request.options)) {
    return call.reply.error("ERR Errors trying to SHUTDOWN. Check logs.");
  }
  // No reply: the connection ends with the process, or the shutdown is given up, which is an error.
  // Later commands are not run.
  if (shutdown.is_waiting() && call.wait_for({.keys = {}, .type = {}, .end = WaitEnd::zero}))
    return;
  call.session.close(Closing::after_reply);
}

}  // namespace

std::span<const engine::Command> server_shutdown() {
  static constexpr Command kCommands[] = {
      {.name = "shutdown",
       .family = Family::server,
       .arity = at_least(1),
       .flags = kAdmin | kNoScript | kLoading | kStale | kNoMulti | kAllowBusy,
       .handler = Handler::of<shutdown>(),
       .since = "1.0.0",
       .summary = "Shuts the server down, or aborts a shutdown that waits.",
       .complexity = "O(N) where N is the number of all keys, when they are saved; O(1) otherwise",
       .arguments = "save-selector:oneof?(nosave:pure-token@NOSAVE save:pure-token@SAVE) "
                    "now:pure-token@NOW? force:pure-token@FORCE? abort:pure-token@ABORT?"},
  };
  return kCommands;
}

}  // namespace larder::commands
