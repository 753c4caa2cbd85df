#include "../string/string_reply.h"
#include "field_deadline.h"
#include "field_list.h"
#include "larder/base/text.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

struct HgetexRequest {
  std::optional<std::int64_t> deadline_ms;
  bool persist = false;
  FieldList fields{};

  bool changes() const { return deadline_ms || persist; }
};

// Nothing if an argument is wrong; the error has been sent.
std::optional<HgetexRequest> read(Call& call, std::int64_t now_ms) {
  HgetexRequest request;
  std::size_t position = 2;
  if (base::equals_ignoring_case(call.arg(2), "PERSIST")) {
    request.persist = true;
    position = 3;
  } else if (const auto form = time_form(call.arg(2))) {
    request.deadline_ms = read_deadline(call, call.arg(3), *form, now_ms);
    if (!request.deadline_ms) return std::nullopt;
    position = 4;
  }
  const auto fields = read_fields(call, position);
  if (!fields) return std::nullopt;
  request.fields = *fields;
  return request;
}

// Changes the deadline of a field that exists; true when that was a change.
bool change(Call& call, types::Hash& hash, std::string_view field, const HgetexRequest& request) {
  if (request.deadline_ms) {
    expire_field(call, hash, field, *request.deadline_ms);
    return true;
  }
  const std::int64_t until_ms = call.expired_until_ms();
  if (!hash.deadline(field, until_ms)) return false;
  hash.set_deadline(field, std::nullopt, until_ms);
  call.propagate({"HPERSIST", call.key.name, "FIELDS", "1", field});
  return true;
}

keyspace::Event event_of(const Call& call, const HgetexRequest& request) {
  if (request.persist) return keyspace::Event::hpersist;
  return call.db.is_past(*request.deadline_ms) ? keyspace::Event::hdel : keyspace::Event::hexpire;
}

void reply_values(Call& call, const FoundHash& found, const FieldList& fields) {
  call.reply.array(fields.size());
  for (std::size_t i = fields.first; i < fields.end; ++i) {
    const auto value = found ? found->get(call.arg(i), call.expired_until_ms()) : std::nullopt;
    value ? reply_string(call.reply, *value) : call.reply.null();
  }
}

void reply_and_change(Call& call, const FoundHash& found, const HgetexRequest& request) {
  HashEdit hash(call.db, call.key, found.entry(), event_of(call, request));
  bool changed = false;
  for (std::size_t i = request.fields.first; i < request.fields.end; ++i) {
    const auto value = hash->get(call.arg(i), call.expired_until_ms());
    if (!value) {
      call.reply.null();
      continue;
    }
    reply_string(call.reply, *value);
    changed |= change(call, *hash, call.arg(i), request);
  }
  if (!changed) hash.discard();
}

void hgetex(Call& call) {
  const auto found = find_hash_to_change(call);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType);
  const auto request = read(call, call.now_ms());
  if (!request) return;
  const auto reply = [&] { reply_values(call, found, request->fields); };
  if (!found || !request->changes()) return (void)call.reply_first(reply);
  const Call::RoomForReply room(call, most_value_bytes(call, *found, request->fields),
                                ReplyOrder::before_effects);
  if (!room.is_there()) return;
  call.reply.array(request->fields.size());
  reply_and_change(call, found, *request);
}

}  // namespace

std::span<const engine::Command> hash_hgetex() {
  static constexpr Command kCommands[] = {
      {.name = "hgetex",
       .family = Family::hash,
       .arity = at_least(5),
       .flags = kWrites | kFast,
       .extends = true,
       .keys = {KeySpec::one(1, kRW | kAccess | kUpdate)},
       .handler = Handler::of<hgetex>(),
       .since = "8.0.0",
       .summary = "Returns the values of fields of a hash and sets or removes their deadlines.",
       .complexity = "O(N) for N fields",
       .arguments = "key:key#0 expiration:oneof?(seconds:integer@EX milliseconds:integer@PX "
                    "unix-time-seconds:unix-time@EXAT unix-time-milliseconds:unix-time@PXAT "
                    "persist:pure-token@PERSIST) "
                    "fields:block@FIELDS(numfields:integer field:string*)"},
  };
  return kCommands;
}

}  // namespace larder::commands
