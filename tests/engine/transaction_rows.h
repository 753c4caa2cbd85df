#pragma once

// The commands of transactions, for tests, and one that calls a function of the test.

#include <functional>

#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/executor.h"

namespace larder::engine {

// The function that the command `act` calls.
struct ScriptedAction {
  std::function<void()> act;
};

inline void test_multi(Call& call) {
  Transaction::begin(call.session);
  call.reply.ok();
}
inline void test_exec(Call& call, Executor& executor) { executor.run_transaction(call); }
inline void test_discard(Call& call, WatchSet& watches) {
  Transaction::end(call.session);
  watches.unwatch(call.session);
  call.reply.ok();
}
inline void test_watch(Call& call, WatchSet& watches) {
  for (const std::string_view key : call.args.subspan(1)) watches.watch(call.session, key);
  call.reply.ok();
}
inline void test_act(Call& call, ScriptedAction& prompt) {
  prompt.act();
  call.suppress_effects();
  call.reply.ok();
}

inline std::span<const Command> transaction_rows() {
  static constexpr Command kRows[] = {
      {.name = "multi",
       .arity = exactly(1),
       .flags = kNotQueued,
       .handler = Handler::of<test_multi>()},
      {.name = "exec",
       .arity = exactly(1),
       .flags = kRunsQueue,
       .handler = Handler::of<test_exec>()},
      {.name = "discard",
       .arity = exactly(1),
       .flags = kNotQueued,
       .handler = Handler::of<test_discard>()},
      {.name = "watch",
       .arity = at_least(2),
       .flags = kNotQueued,
       .handler = Handler::of<test_watch>()},
      {.name = "act", .arity = exactly(1), .handler = Handler::of<test_act>()},
      {.name = "barred",
       .arity = exactly(1),
       .flags = kNoMulti,
       .handler = Handler::of<test_act>()},
      {.name = "admin", .arity = exactly(1), .flags = kAdmin, .handler = Handler::of<test_act>()},
  };
  return kRows;
}

}  // namespace larder::engine
