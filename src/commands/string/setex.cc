#include "expiration.h"
#include "larder/base/numbers.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void set_for(Call& call, Expiration::Form form) {
  const Expiration expiration{form, call.arg(2)};
  const auto deadline_ms = expiration.deadline_ms(call, call.now_ms());
  if (!deadline_ms) return;
  call.db.put(call.key, call.arg(3), keyspace::Deadline::at(*deadline_ms));
  std::array<char, base::kInt64Chars> digits;
  call.propagate(
      {"SET", call.key.name, call.arg(3), "PXAT", base::print_int64(*deadline_ms, digits)});
  call.reply.ok();
}

void setex(Call& call) { set_for(call, Expiration::Form::ex); }

void psetex(Call& call) { set_for(call, Expiration::Form::px); }

}  // namespace

std::span<const engine::Command> string_setex() {
  static constexpr Command kCommands[] = {
      {.name = "setex",
       .family = Family::string,
       .arity = exactly(4),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(1, kOW | kUpdate)},
       .handler = Handler::of<setex>(),
       .since = "2.0.0",
       .summary = "Stores a string at a key with a time to live in seconds.",
       .complexity = "O(1)",
       .arguments = "key:key#0 seconds:integer value:string",
       .deprecated_since = "2.6.12",
       .replaced_by = "`SET` with `EX`"},
      {.name = "psetex",
       .family = Family::string,
       .arity = exactly(4),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(1, kOW | kUpdate)},
       .handler = Handler::of<psetex>(),
       .since = "2.6.0",
       .summary = "Stores a string at a key with a time to live in milliseconds.",
       .complexity = "O(1)",
       .arguments = "key:key#0 milliseconds:integer value:string",
       .deprecated_since = "2.6.12",
       .replaced_by = "`SET` with `PX`"},
  };
  return kCommands;
}

}  // namespace larder::commands
