#include <cmath>

#include "larder/base/numbers.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/command.h"
#include "open_hash.h"

namespace larder::commands {
namespace {

using namespace engine;

// The field's value; nothing when there is no such field.
std::optional<types::String> value_in(const FoundHash& found, std::string_view field,
                                      std::int64_t now_ms) {
  return found ? found->get(field, now_ms) : std::nullopt;
}

void store(Call& call, const FoundHash& found, std::string_view digits, keyspace::Event event,
           types::Settings& settings, std::int64_t now_ms) {
  HashEdit hash(call.db, call.key, found.entry(), event);
  hash->set(call.arg(2), digits, types::HashLimits::of(settings), now_ms,
            types::FieldDeadline::keep);
}

void hincrby(Call& call, types::Settings& settings) {
  ArgReader args(call, 3);
  const std::int64_t amount = args.integer();
  if (args.failed()) return;
  const auto found = find_hash_to_change(call);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType);
  const std::int64_t now_ms = call.expired_until_ms();
  std::int64_t value = 0;
  if (const auto old = value_in(found, call.arg(2), now_ms)) {
    const auto number = old->integer();
    if (!number) return call.reply.error("ERR hash value is not an integer");
    value = *number;
  }
  if (__builtin_add_overflow(value, amount, &value)) {
    return call.reply.error("ERR increment or decrement would overflow");
  }
  std::array<char, base::kInt64Chars> digits;
  store(call, found, base::print_int64(value, digits), keyspace::Event::hincrby, settings, now_ms);
  call.reply.integer(value);
}

// Another machine could round differently, so the sum is propagated. Setting a field removes its
// deadline unless the command keeps it.
void propagate_sum(Call& call, std::string_view digits, bool has_deadline) {
  if (has_deadline) {
    call.propagate({"HSETEX", call.key.name, "KEEPTTL", "FIELDS", "1", call.arg(2), digits});
  } else {
    call.propagate({"HSET", call.key.name, call.arg(2), digits});
  }
}

void hincrbyfloat(Call& call, types::Settings& settings) {
  const auto amount = base::parse_long_double(call.arg(3));
  if (!amount) return call.reply.error(errors::kNotAFloat);
  if (std::isinf(*amount)) return call.reply.error("ERR value is NaN or Infinity");
  const auto found = find_hash_to_change(call);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType);
  const std::int64_t now_ms = call.expired_until_ms();
  std::optional<long double> value = 0.0L;
  if (const auto old = value_in(found, call.arg(2), now_ms)) {
    types::String::Scratch scratch;
    value = base::parse_long_double(old->text(scratch));
  }
  if (!value) return call.reply.error("ERR hash value is not a float");
  const long double sum = *value + *amount;
  if (std::isnan(sum) || std::isinf(sum)) {
    return call.reply.error("ERR increment would produce NaN or Infinity");
  }
  std::array<char, base::kLongDoubleChars> room;
  const std::string_view digits = base::print_long_double(sum, room);
  const bool has_deadline = found && found->deadline(call.arg(2), now_ms).has_value();
  store(call, found, digits, keyspace::Event::hincrbyfloat, settings, now_ms);
  call.reply.bulk(digits);
  propagate_sum(call, digits, has_deadline);
}

}  // namespace

std::span<const engine::Command> hash_hincrby() {
  static constexpr Command kCommands[] = {
      {.name = "hincrby",
       .family = Family::hash,
       .arity = exactly(4),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kAccess | kUpdate)},
       .handler = Handler::of<hincrby>(),
       .since = "2.0.0",
       .summary = "Adds a number to the integer in a field; no field counts as zero.",
       .complexity = "O(1)",
       .arguments = "key:key#0 field:string increment:integer"},
      {.name = "hincrbyfloat",
       .family = Family::hash,
       .arity = exactly(4),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kAccess | kUpdate)},
       .handler = Handler::of<hincrbyfloat>(),
       .since = "2.6.0",
       .summary = "Adds a number, which may have a fraction, to the number in a field.",
       .complexity = "O(1)",
       .arguments = "key:key#0 field:string increment:double"},
  };
  return kCommands;
}

}  // namespace larder::commands
