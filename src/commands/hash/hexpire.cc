#include "field_deadline.h"
#include "field_list.h"
#include "larder/base/text.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

enum class DeadlineCondition : std::uint8_t { none, absent, present, later, earlier };

DeadlineCondition condition_in(std::string_view word) {
  constexpr struct {
    std::string_view word;
    DeadlineCondition condition;
  } kWords[] = {{"NX", DeadlineCondition::absent},
                {"XX", DeadlineCondition::present},
                {"GT", DeadlineCondition::later},
                {"LT", DeadlineCondition::earlier}};
  for (const auto& [name, condition] : kWords) {
    if (base::equals_ignoring_case(word, name)) return condition;
  }
  return DeadlineCondition::none;
}

// No deadline counts as later than any deadline.
bool holds(DeadlineCondition condition, std::optional<std::int64_t> old, std::int64_t deadline_ms) {
  switch (condition) {
    case DeadlineCondition::none:
      return true;
    case DeadlineCondition::absent:
      return !old;
    case DeadlineCondition::present:
      return old.has_value();
    case DeadlineCondition::later:
      return old && deadline_ms > *old;
    case DeadlineCondition::earlier:
      return !old || deadline_ms < *old;
  }
  return false;
}

struct Request {
  std::int64_t deadline_ms;
  DeadlineCondition condition;
  FieldList fields;
};

// Nothing if an argument is wrong; the error has been sent.
std::optional<Request> read(Call& call, TimeForm form, std::int64_t now_ms) {
  const auto deadline_ms = read_deadline(call, call.arg(2), form, now_ms);
  if (!deadline_ms) return std::nullopt;
  const DeadlineCondition condition = condition_in(call.arg(3));
  const auto fields =
      read_fields(call, condition == DeadlineCondition::none ? 3 : 4, kNumFieldsNotPositive);
  if (!fields) return std::nullopt;
  return Request{*deadline_ms, condition, *fields};
}

FieldReply expire(Call& call, types::Hash& hash, std::string_view field, const Request& request) {
  const std::int64_t until_ms = call.expired_until_ms();
  if (!hash.contains(field, until_ms)) return kNoField;
  if (!holds(request.condition, hash.deadline(field, until_ms), request.deadline_ms)) {
    return kNotMet;
  }
  expire_field(call, hash, field, request.deadline_ms);
  return call.db.is_past(request.deadline_ms) ? kRemoved : kSet;
}

void run(Call& call, TimeForm form) {
  const auto found = find_hash_to_change(call);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType);
  const auto request = read(call, form, call.now_ms());
  if (!request) return;
  call.reply.array(request->fields.size());
  if (!found) {
    for (std::size_t i = 0; i < request->fields.size(); ++i) call.reply.integer(kNoField);
    return;
  }
  const bool past = call.db.is_past(request->deadline_ms);
  HashEdit hash(call.db, call.key, found.entry(),
                past ? keyspace::Event::hdel : keyspace::Event::hexpire);
  bool changed = false;
  for (std::size_t i = request->fields.first; i < request->fields.end; ++i) {
    const FieldReply answer = expire(call, *hash, call.arg(i), *request);
    changed |= answer == kSet || answer == kRemoved;
    call.reply.integer(answer);
  }
  if (!changed) hash.discard();
}

void hexpire(Call& call) { run(call, {true, false}); }
void hpexpire(Call& call) { run(call, {false, false}); }
void hexpireat(Call& call) { run(call, {true, true}); }
void hpexpireat(Call& call) { run(call, {false, true}); }

}  // namespace

std::span<const engine::Command> hash_hexpire() {
  static constexpr Command kCommands[] = {
      {.name = "hexpire",
       .family = Family::hash,
       .arity = at_least(6),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<hexpire>(),
       .since = "7.4.0",
       .summary = "Sets the deadlines of fields of a hash, in seconds from now.",
       .complexity = "O(N) for N fields",
       .arguments = "key:key#0 seconds:integer condition:oneof?(nx:pure-token@NX xx:pure-token@XX "
                    "gt:pure-token@GT lt:pure-token@LT) "
                    "fields:block@FIELDS(numfields:integer field:string*)"},
      {.name = "hpexpire",
       .family = Family::hash,
       .arity = at_least(6),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<hpexpire>(),
       .since = "7.4.0",
       .summary = "Sets the deadlines of fields of a hash, in milliseconds from now.",
       .complexity = "O(N) for N fields",
       .arguments =
           "key:key#0 milliseconds:integer condition:oneof?(nx:pure-token@NX xx:pure-token@XX "
           "gt:pure-token@GT lt:pure-token@LT) "
           "fields:block@FIELDS(numfields:integer field:string*)"},
      {.name = "hexpireat",
       .family = Family::hash,
       .arity = at_least(6),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<hexpireat>(),
       .since = "7.4.0",
       .summary = "Sets the deadlines of fields of a hash, as a Unix time in seconds.",
       .complexity = "O(N) for N fields",
       .arguments = "key:key#0 unix-time-seconds:unix-time condition:oneof?(nx:pure-token@NX "
                    "xx:pure-token@XX "
                    "gt:pure-token@GT lt:pure-token@LT) "
                    "fields:block@FIELDS(numfields:integer field:string*)"},
      {.name = "hpexpireat",
       .family = Family::hash,
       .arity = at_least(6),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<hpexpireat>(),
       .since = "7.4.0",
       .summary = "Sets the deadlines of fields of a hash, as a Unix time in milliseconds.",
       .complexity = "O(N) for N fields",
       .arguments = "key:key#0 unix-time-milliseconds:unix-time condition:oneof?(nx:pure-token@NX "
                    "xx:pure-token@XX "
                    "gt:pure-token@GT lt:pure-token@LT) "
                    "fields:block@FIELDS(numfields:integer field:string*)"},
  };
  return kCommands;
}

}  // namespace larder::commands
