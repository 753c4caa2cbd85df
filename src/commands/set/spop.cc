#include "../string/string_reply.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/edit.h"
#include "larder/keyspace/settings.h"
#include "larder/types/set.h"

namespace larder::commands {
namespace {

using namespace engine;

constexpr std::string_view kNotPositive = "ERR value is out of range, must be positive";

// The member is random, so SREM of this member is propagated.
void propagate_removal(Call& call, const types::String& member) {
  types::String::Scratch scratch;
  call.propagate({"SREM", call.arg(1), member.text(scratch)});
}

void pop_one(Call& call, keyspace::Entry* entry) {
  const types::String member = entry->value<types::Set>()->random(call.rng());
  if (!call.reply_removed([&] { reply_string(call.reply, member); })) return;
  keyspace::Edit<types::Set> set(call.db, call.key, entry, keyspace::Event::spop);
  propagate_removal(call, member);
  types::String::Scratch scratch;
  set->remove(member.text(scratch));
}

void pop_all(Call& call, const keyspace::Settings& settings, keyspace::Entry* entry) {
  const auto set = entry->value<types::Set>();
  const auto reply = [&] {
    call.reply.set(set->size());
    set->for_each([&call](const types::String& member) { reply_string(call.reply, member); });
  };
  if (!call.reply_removed(reply)) return;
  call.db.count_changes(set->size());
  // Redis replies with the set through a temporary copy of it.
  const bool is_table = set->table() != nullptr;
  if (is_table && settings.lazyfree_lazy_server_del.value()) {
    call.db.count_result(set->size());
  }
  call.db.erase(entry, call.key.hash, keyspace::Cause::command, keyspace::Event::spop);
  call.db.log_also(keyspace::Event::del, call.key);
  call.propagate({settings.lazyfree_lazy_server_del.value() ? "UNLINK" : "DEL", call.arg(1)});
}

void pop_some(Call& call, keyspace::Entry* entry, std::size_t count) {
  // Which members it will be is not known before.
  const Call::RoomForReply room(call, entry->footprint(), ReplyOrder::of_removed);
  if (!room.is_there()) return;
  keyspace::Edit<types::Set> set(call.db, call.key, entry, keyspace::Event::spop);
  call.reply.set(count);
  set.count(count);
  set->take(count, call.rng(), [&call](const types::String& member) {
    reply_string(call.reply, member);
    propagate_removal(call, member);
  });
}

// The count, if given; false if it is invalid; the error has been sent.
bool read_count(Call& call, std::optional<std::size_t>& count) {
  if (call.size() == 2) return true;
  if (call.size() > 3) return call.reply.error(errors::kSyntax), false;
  ArgReader reader(call, 2);
  const std::int64_t value = reader.integer(kNotPositive);
  if (value < 0) reader.fail(kNotPositive);
  count = static_cast<std::size_t>(value);
  return !reader.failed();
}

void spop(Call& call, keyspace::Settings& settings) {
  std::optional<std::size_t> count;
  if (!read_count(call, count)) return;
  keyspace::Entry* entry = call.db.look(call.key, keyspace::Look::write);
  if (entry == nullptr) return count ? call.reply.set(0) : call.reply.null();
  if (entry->type() != types::Type::set) return call.reply.error(errors::kWrongType);
  if (!count) return pop_one(call, entry);
  if (*count == 0) return call.reply.set(0);
  if (*count >= entry->value<types::Set>()->size()) {
    return pop_all(call, settings, entry);
  }
  pop_some(call, entry, *count);
}

}  // namespace

std::span<const engine::Command> set_spop() {
  static constexpr Command kCommands[] = {
      {.name = "spop",
       .family = Family::set,
       .arity = at_least(2),
       .flags = kWrites | kFast,
       .keys = {KeySpec::one(1, kRW | kAccess | kDelete)},
       .handler = Handler::of<spop>(),
       .since = "1.0.0",
       .summary = "Removes random members and returns them.",
       .complexity = "O(N) for N members",
       .arguments = "key:key#0 count:integer?",
       .tips = "nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
