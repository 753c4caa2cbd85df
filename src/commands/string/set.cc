#include "expiration.h"
#include "larder/base/numbers.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "string_reply.h"

namespace larder::commands {
namespace {

using namespace engine;

enum class Condition : std::uint8_t { none, absent, present, equal };

struct SetOptions {
  Condition condition = Condition::none;
  std::string_view comparison;  // what IFEQ expects
  bool get = false;
  bool keep_ttl = false;
  Expiration expiration;
};

bool read_condition(ArgReader& reader, SetOptions& options) {
  const auto free_for = [&options](Condition wanted) {
    return options.condition == Condition::none || options.condition == wanted;
  };
  if (free_for(Condition::absent) && reader.word("NX")) {
    options.condition = Condition::absent;
  } else if (free_for(Condition::present) && reader.word("XX")) {
    options.condition = Condition::present;
  } else if (options.condition == Condition::none && reader.option("IFEQ")) {
    options.condition = Condition::equal;
    options.comparison = reader.text();
  } else {
    return false;
  }
  return true;
}

// False if an option is wrong; the error has been sent.
bool read_set_options(Call& call, SetOptions& options) {
  ArgReader reader(call, 3);
  while (reader.more()) {
    if (read_condition(reader, options)) continue;
    if (!options.keep_ttl && options.expiration.read(reader)) continue;
    if (reader.word("GET")) {
      options.get = true;
    } else if (!options.expiration.given() && reader.word("KEEPTTL")) {
      options.keep_ttl = true;
    } else {
      reader.fail(errors::kSyntax);
    }
  }
  return !reader.failed();
}

bool holds(const SetOptions& options, const keyspace::Found<types::String>& old) {
  types::String::Scratch scratch;
  switch (options.condition) {
    case Condition::none:
      return true;
    case Condition::absent:
      return old.entry() == nullptr;
    case Condition::present:
      return old.entry() != nullptr;
    case Condition::equal:
      return old && old->text(scratch) == options.comparison;
  }
  return false;
}

// Checks the old value, replies with it if GET was given, and returns whether to continue; if not,
// the reply has been sent, or there is no room for it.
bool check_old_value(Call& call, const SetOptions& options) {
  const auto old = call.db.find<types::String>(
      call.key, options.get ? keyspace::Look::read : keyspace::Look::write);
  const bool needs_string = options.get || options.condition == Condition::equal;
  if (needs_string && old.wrong_type()) {
    call.reply.error(errors::kWrongType);
    return false;
  }
  const bool is_met = holds(options, old);
  const ReplyOrder order = is_met ? ReplyOrder::of_removed : ReplyOrder::before_effects;
  if (options.get && old) {
    return call.reply_first([&] { reply_string(call.reply, *old); }, order) && is_met;
  }
  if (options.get || !is_met) call.reply.null();
  return is_met;
}

// The propagated command has no GET and no condition, which could have another result elsewhere.
void propagate(Call& call, const SetOptions& options, std::optional<std::int64_t> deadline_ms) {
  const std::string_view key = call.key.name;
  const std::string_view value = call.arg(2);
  if (deadline_ms) {
    std::array<char, base::kInt64Chars> digits;
    call.propagate({"SET", key, value, "PXAT", base::print_int64(*deadline_ms, digits)});
  } else if (options.get || options.condition == Condition::equal) {
    options.keep_ttl ? call.propagate({"SET", key, value, "KEEPTTL"})
                     : call.propagate({"SET", key, value});
  }
}

// The key is set and removed at once: listeners get both events, and only the removal is
// propagated.
void expire_at_once(Call& call) {
  call.suppress_effects();
  call.db.look(call.key, keyspace::Look::write);
}

void set_with_options(Call& call) {
  SetOptions options;
  if (!read_set_options(call, options)) return;
  std::optional<std::int64_t> deadline_ms;
  if (options.expiration.given()) {
    deadline_ms = options.expiration.deadline_ms(call, call.now_ms());
    if (!deadline_ms) return;
  }
  if ((options.get || options.condition != Condition::none) && !check_old_value(call, options)) {
    return;
  }
  const auto deadline = deadline_ms        ? keyspace::Deadline::at(*deadline_ms)
                        : options.keep_ttl ? keyspace::Deadline::kept()
                                           : keyspace::Deadline::never();
  call.db.put(call.key, call.arg(2), deadline);
  if (deadline_ms && call.db.is_past(*deadline_ms)) {
    expire_at_once(call);
  } else if (call.effects.listened()) {
    propagate(call, options, deadline_ms);
  }
  if (!options.get) call.reply.ok();
}

void set(Call& call) {
  if (__builtin_expect(call.size() > 3, 0)) return set_with_options(call);
  call.db.put(call.key, call.arg(2));
  call.reply.ok();
}

// With GET the old value is read too.
std::uint32_t key_flags(std::span<const std::string_view> args) {
  for (std::size_t i = 3; i < args.size(); ++i) {
    if (base::equals_ignoring_case(args[i], "GET")) return kRW | kAccess | kUpdate;
  }
  return kOW | kUpdate;
}

}  // namespace

std::span<const engine::Command> string_set() {
  static constexpr Command kCommands[] = {
      {.name = "set",
       .family = Family::string,
       .arity = at_least(3),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(1, kRW | kAccess | kUpdate | kVariableFlags)},
       .key_flags = key_flags,
       .handler = Handler::of<set>(),
       .since = "1.0.0",
       .summary = "Stores a string at a key, optionally under conditions and with a deadline.",
       .complexity = "O(1)",
       .arguments = "key:key#0 value:string condition:oneof?(nx:pure-token@NX xx:pure-token@XX "
                    "comparison-value:string@IFEQ) get:pure-token@GET? "
                    "expiration:oneof?(seconds:integer@EX milliseconds:integer@PX "
                    "unix-time-seconds:unix-time@EXAT unix-time-milliseconds:unix-time@PXAT "
                    "keepttl:pure-token@KEEPTTL)"},
  };
  return kCommands;
}

}  // namespace larder::commands
