#include "field_list.h"
#include "larder/engine/command.h"
#include "open_hash.h"

namespace larder::commands {
namespace {

using namespace engine;

FieldReply persist(types::Hash& hash, std::string_view field, std::int64_t now_ms) {
  if (!hash.contains(field, now_ms)) return kNoField;
  if (!hash.deadline(field, now_ms)) return kNoDeadline;
  hash.set_deadline(field, std::nullopt, now_ms);
  return kSet;
}

void hpersist(Call& call) {
  const auto found = find_hash_to_change(call);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType);
  const auto fields = read_fields(call, 2);
  if (!fields) return;
  call.reply.array(fields->size());
  if (!found) {
    for (std::size_t i = 0; i < fields->size(); ++i) call.reply.integer(kNoField);
    return;
  }
  const std::int64_t now_ms = call.expired_until_ms();
  HashEdit hash(call.db, call.key, found.entry(), keyspace::Event::hpersist);
  bool changed = false;
  for (std::size_t i = fields->first; i < fields->end; ++i) {
    const FieldReply answer = persist(*hash, call.arg(i), now_ms);
    changed |= answer == kSet;
    call.reply.integer(answer);
  }
  if (!changed) hash.discard();
}

}  // namespace

std::span<const engine::Command> hash_hpersist() {
  static constexpr Command kCommands[] = {
      {.name = "hpersist",
       .family = Family::hash,
       .arity = at_least(5),
       .flags = kWrites | kFast,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<hpersist>(),
       .since = "7.4.0",
       .summary = "Removes the deadlines of fields of a hash.",
       .complexity = "O(N) for N fields",
       .arguments = "key:key#0 fields:block@FIELDS(numfields:integer field:string*)"},
  };
  return kCommands;
}

}  // namespace larder::commands
