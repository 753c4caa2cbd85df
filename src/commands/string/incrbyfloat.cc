#include <cmath>

#include "larder/base/numbers.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

// The stored number, 0 for a missing key; nothing if the value is not a number.
std::optional<long double> number_in(const keyspace::Found<types::String>& text) {
  if (!text) return 0.0L;
  types::String::Scratch scratch;
  return base::parse_long_double(text->text(scratch));
}

void incrbyfloat(Call& call) {
  const auto text = call.db.find<types::String>(call.key, keyspace::Look::write);
  if (text.wrong_type()) return call.reply.error(errors::kWrongType);
  const auto value = number_in(text);
  const auto amount = base::parse_long_double(call.arg(2));
  if (!value || !amount) return call.reply.error(errors::kNotAFloat);
  const long double sum = *value + *amount;
  if (std::isnan(sum) || std::isinf(sum)) {
    return call.reply.error("ERR increment would produce NaN or Infinity");
  }
  std::array<char, base::kLongDoubleChars> room;
  const std::string_view digits = base::print_long_double(sum, room);
  call.db.put(call.key, digits, keyspace::Deadline::kept(), keyspace::Event::incrbyfloat);
  call.reply.bulk(digits);
  // Another machine could round differently.
  call.propagate({"SET", call.key.name, digits, "KEEPTTL"});
}

}  // namespace

std::span<const engine::Command> string_incrbyfloat() {
  static constexpr Command kCommands[] = {
      {.name = "incrbyfloat",
       .family = Family::string,
       .arity = exactly(3),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kAccess | kUpdate)},
       .handler = Handler::of<incrbyfloat>(),
       .since = "2.6.0",
       .summary = "Adds a number, which may have a fraction, to the number stored at a key.",
       .complexity = "O(1)",
       .arguments = "key:key#0 increment:double"},
  };
  return kCommands;
}

}  // namespace larder::commands
