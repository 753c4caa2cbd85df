#include <string>

#include "larder/base/numbers.h"
#include "larder/base/text.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/command_table.h"

namespace larder::commands {
namespace {

using namespace engine;

enum class Unit : std::uint8_t { seconds, milliseconds };

struct Conditions {
  bool none = false;     // NX: there is no deadline yet
  bool some = false;     // XX: there is one
  bool later = false;    // GT: the new one is later
  bool earlier = false;  // LT: the new one is earlier
};

// False if an option is wrong; the error has been sent.
bool read(Call& call, Conditions& conditions) {
  for (std::size_t i = 3; i < call.size(); ++i) {
    const std::string_view word = call.arg(i);
    if (base::equals_ignoring_case(word, "NX")) {
      conditions.none = true;
    } else if (base::equals_ignoring_case(word, "XX")) {
      conditions.some = true;
    } else if (base::equals_ignoring_case(word, "GT")) {
      conditions.later = true;
    } else if (base::equals_ignoring_case(word, "LT")) {
      conditions.earlier = true;
    } else {
      call.reply.error("ERR Unsupported option " + std::string(word));
      return false;
    }
  }
  if (conditions.none && (conditions.some || conditions.later || conditions.earlier)) {
    call.reply.error("ERR NX and XX, GT or LT options at the same time are not compatible");
  } else if (conditions.later && conditions.earlier) {
    call.reply.error("ERR GT and LT options at the same time are not compatible");
  } else {
    return true;
  }
  return false;
}

// No deadline counts as an infinitely late one.
bool hold(const Conditions& conditions, std::optional<std::int64_t> old_ms, std::int64_t new_ms) {
  if (conditions.none && old_ms) return false;
  if (conditions.some && !old_ms) return false;
  if (conditions.later && (!old_ms || new_ms <= *old_ms)) return false;
  return !(conditions.earlier && old_ms && new_ms >= *old_ms);
}

// The Unix time in ms that the second argument means; nothing if it is wrong; the error has been
// sent.
std::optional<std::int64_t> read_deadline(Call& call, Unit unit, std::int64_t from_ms) {
  ArgReader args(call, 2);
  std::int64_t ms = args.integer();
  if (args.failed()) return std::nullopt;
  if ((unit == Unit::seconds && __builtin_mul_overflow(ms, 1000, &ms)) ||
      ms > INT64_MAX - from_ms) {
    call.reply.error("ERR invalid expire time in '" + call.command.full_name() + "' command");
    return std::nullopt;
  }
  return ms + from_ms;
}

void expire_from(Call& call, Unit unit, std::int64_t from_ms) {
  Conditions conditions;
  if (call.size() > 3 && !read(call, conditions)) return;
  const auto deadline_ms = read_deadline(call, unit, from_ms);
  if (!deadline_ms) return;
  keyspace::Entry* entry = call.db.look(call.key, keyspace::Look::write);
  if (entry == nullptr || !hold(conditions, entry->deadline(), *deadline_ms)) {
    return call.reply.integer(0);
  }
  if (call.db.is_past(*deadline_ms)) {
    call.db.erase(call.key);
    call.propagate({"DEL", call.key.name});
  } else {
    call.db.expire_at(call.key, entry, *deadline_ms);
    std::array<char, base::kInt64Chars> digits;
    call.propagate({"PEXPIREAT", call.key.name, base::print_int64(*deadline_ms, digits)});
  }
  call.reply.integer(1);
}

void expire(Call& call) { expire_from(call, Unit::seconds, call.now_ms()); }

void pexpire(Call& call) { expire_from(call, Unit::milliseconds, call.now_ms()); }

void expireat(Call& call) { expire_from(call, Unit::seconds, 0); }

void pexpireat(Call& call) { expire_from(call, Unit::milliseconds, 0); }

}  // namespace

std::span<const engine::Command> generic_expire() {
  static constexpr Command kCommands[] = {
      {.name = "expire",
       .family = Family::generic,
       .arity = at_least(3),
       .flags = kWrites | kFast,
       .categories = kKeyspace,
       .extends = true,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<expire>(),
       .since = "1.0.0",
       .summary = "Sets the deadline of a key, in seconds from now.",
       .complexity = "O(1)",
       .arguments = "key:key#0 seconds:integer condition:oneof?(nx:pure-token@NX "
                    "xx:pure-token@XX gt:pure-token@GT lt:pure-token@LT)"},
      {.name = "expireat",
       .family = Family::generic,
       .arity = at_least(3),
       .flags = kWrites | kFast,
       .categories = kKeyspace,
       .extends = true,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<expireat>(),
       .since = "1.2.0",
       .summary = "Sets the deadline of a key, as a Unix time in seconds.",
       .complexity = "O(1)",
       .arguments = "key:key#0 unix-time-seconds:unix-time condition:oneof?(nx:pure-token@NX "
                    "xx:pure-token@XX gt:pure-token@GT lt:pure-token@LT)"},
      {.name = "pexpire",
       .family = Family::generic,
       .arity = at_least(3),
       .flags = kWrites | kFast,
       .categories = kKeyspace,
       .extends = true,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<pexpire>(),
       .since = "2.6.0",
       .summary = "Sets the deadline of a key, in milliseconds from now.",
       .complexity = "O(1)",
       .arguments = "key:key#0 milliseconds:integer condition:oneof?(nx:pure-token@NX "
                    "xx:pure-token@XX gt:pure-token@GT lt:pure-token@LT)"},
      {.name = "pexpireat",
       .family = Family::generic,
       .arity = at_least(3),
       .flags = kWrites | kFast,
       .categories = kKeyspace,
       .extends = true,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<pexpireat>(),
       .since = "2.6.0",
       .summary = "Sets the deadline of a key, as a Unix time in milliseconds.",
       .complexity = "O(1)",
       .arguments = "key:key#0 unix-time-milliseconds:unix-time condition:oneof?(nx:pure-token@NX "
                    "xx:pure-token@XX gt:pure-token@GT lt:pure-token@LT)"},
  };
  return kCommands;
}

}  // namespace larder::commands
