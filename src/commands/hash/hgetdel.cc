#include "../string/string_reply.h"
#include "field_deadline.h"
#include "field_list.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void hgetdel(Call& call) {
  const auto found = find_hash_to_change(call);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType);
  const auto fields = read_fields(call, 2);
  if (!fields) return;
  if (!found) {
    call.reply.array(fields->size());
    for (std::size_t i = 0; i < fields->size(); ++i) call.reply.null();
    return;
  }
  const std::int64_t now_ms = call.expired_until_ms();
  const Call::RoomForReply room(call, most_value_bytes(call, *found, *fields),
                                ReplyOrder::of_removed);
  if (!room.is_there()) return;
  call.reply.array(fields->size());
  HashEdit hash(call.db, call.key, found.entry(), keyspace::Event::hdel);
  std::size_t removed = 0;
  for (std::size_t i = fields->first; i < fields->end; ++i) {
    const auto value = hash->get(call.arg(i), now_ms);
    if (!value) {
      call.reply.null();
      continue;
    }
    reply_string(call.reply, *value);
    hash->erase(call.arg(i), now_ms);
    propagate_removal(call, call.arg(i));
    ++removed;
  }
  hash.count(removed);
}

}  // namespace

std::span<const engine::Command> hash_hgetdel() {
  static constexpr Command kCommands[] = {
      {.name = "hgetdel",
       .family = Family::hash,
       .arity = at_least(5),
       .flags = kWrites | kFast,
       .keys = {KeySpec::one(1, kRW | kAccess | kDelete)},
       .handler = Handler::of<hgetdel>(),
       .since = "8.0.0",
       .summary = "Returns the values of fields of a hash and removes the fields.",
       .complexity = "O(N) for N fields",
       .arguments = "key:key#0 fields:block@FIELDS(numfields:integer field:string*)"},
  };
  return kCommands;
}

}  // namespace larder::commands
