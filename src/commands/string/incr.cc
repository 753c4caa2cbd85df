#include "larder/base/numbers.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void add(Call& call, std::int64_t amount) {
  const auto text = call.db.find<types::String>(call.key, keyspace::Look::write);
  if (text.wrong_type()) return call.reply.error(errors::kWrongType);
  std::int64_t value = 0;
  if (text) {
    const auto number = text->integer();
    if (!number) return call.reply.error(errors::kNotAnInteger);
    value = *number;
  }
  if (__builtin_add_overflow(value, amount, &value)) {
    return call.reply.error("ERR increment or decrement would overflow");
  }
  if (text) {
    call.db.edit<types::String>(call.key, text.entry(), keyspace::Event::incrby).number(value);
  } else {
    std::array<char, base::kInt64Chars> digits;
    call.db.put(call.key, base::print_int64(value, digits), keyspace::Deadline::never(),
                keyspace::Event::incrby);
  }
  call.reply.integer(value);
}

void incr(Call& call) { add(call, 1); }

void decr(Call& call) { add(call, -1); }

void incrby(Call& call) {
  ArgReader args(call, 2);
  const std::int64_t amount = args.integer();
  if (!args.failed()) add(call, amount);
}

void decrby(Call& call) {
  ArgReader args(call, 2);
  const std::int64_t amount = args.integer();
  if (amount == INT64_MIN) args.fail("ERR decrement would overflow");
  if (!args.failed()) add(call, -amount);
}

}  // namespace

std::span<const engine::Command> string_incr() {
  static constexpr Command kCommands[] = {
      {.name = "incr",
       .family = Family::string,
       .arity = exactly(2),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kAccess | kUpdate)},
       .handler = Handler::of<incr>(),
       .since = "1.0.0",
       .summary = "Adds one to the integer stored at a key; no key counts as zero.",
       .complexity = "O(1)",
       .arguments = "key:key#0"},
      {.name = "decr",
       .family = Family::string,
       .arity = exactly(2),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kAccess | kUpdate)},
       .handler = Handler::of<decr>(),
       .since = "1.0.0",
       .summary = "Takes one from the integer stored at a key; no key counts as zero.",
       .complexity = "O(1)",
       .arguments = "key:key#0"},
      {.name = "incrby",
       .family = Family::string,
       .arity = exactly(3),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kAccess | kUpdate)},
       .handler = Handler::of<incrby>(),
       .since = "1.0.0",
       .summary = "Adds a number to the integer stored at a key; no key counts as zero.",
       .complexity = "O(1)",
       .arguments = "key:key#0 increment:integer"},
      {.name = "decrby",
       .family = Family::string,
       .arity = exactly(3),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kAccess | kUpdate)},
       .handler = Handler::of<decrby>(),
       .since = "1.0.0",
       .summary = "Takes a number from the integer stored at a key; no key counts as zero.",
       .complexity = "O(1)",
       .arguments = "key:key#0 decrement:integer"},
  };
  return kCommands;
}

}  // namespace larder::commands
