#include "expiration.h"
#include "larder/base/numbers.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "string_reply.h"

namespace larder::commands {
namespace {

using namespace engine;

struct Options {
  Expiration expiration;
  bool persist = false;
};

// False if an option is wrong; the error has been sent.
bool read(Call& call, Options& options) {
  ArgReader reader(call, 2);
  while (reader.more()) {
    if (!options.persist && options.expiration.read(reader)) continue;
    if (!options.expiration.given() && reader.word("PERSIST")) {
      options.persist = true;
    } else {
      reader.fail(errors::kSyntax);
    }
  }
  return !reader.failed();
}

// Sets the new deadline, or removes the key if the deadline is in the past.
void expire(Call& call, keyspace::Entry* entry, std::int64_t deadline_ms, bool past) {
  if (past) {
    call.db.erase(call.key);
    return call.propagate({"DEL", call.key.name});
  }
  call.db.expire_at(call.key, entry, deadline_ms);
  std::array<char, base::kInt64Chars> digits;
  call.propagate({"PEXPIREAT", call.key.name, base::print_int64(deadline_ms, digits)});
}

void getex(Call& call) {
  Options options;
  if (!read(call, options)) return;
  const auto value = call.db.find<types::String>(call.key);
  if (value.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!value) return call.reply.null();

  std::optional<std::int64_t> deadline_ms;
  if (options.expiration.given()) {
    deadline_ms = options.expiration.deadline_ms(call, call.now_ms());
    if (!deadline_ms) return;
  }
  if (!call.reply_first([&] { reply_string(call.reply, *value); })) return;
  if (deadline_ms) {
    expire(call, value.entry(), *deadline_ms, call.db.is_past(*deadline_ms));
  } else if (options.persist && value.entry()->has_deadline()) {
    call.db.persist(call.key, value.entry());
    call.propagate({"PERSIST", call.key.name});
  }
}

}  // namespace

std::span<const engine::Command> string_getex() {
  static constexpr Command kCommands[] = {
      {.name = "getex",
       .family = Family::string,
       .arity = at_least(2),
       .flags = kWrites | kFast,
       .extends = true,
       .keys = {KeySpec::one(1, kRW | kAccess | kUpdate)},
       .handler = Handler::of<getex>(),
       .since = "6.2.0",
       .summary = "Returns the string stored at a key and sets or removes the key's deadline.",
       .complexity = "O(1)",
       .arguments = "key:key#0 expiration:oneof?(seconds:integer@EX milliseconds:integer@PX "
                    "unix-time-seconds:unix-time@EXAT unix-time-milliseconds:unix-time@PXAT "
                    "persist:pure-token@PERSIST)"},
  };
  return kCommands;
}

}  // namespace larder::commands
