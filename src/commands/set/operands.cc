#include "operands.h"

#include <algorithm>

#include "../room.h"
#include "../string/string_reply.h"
#include "larder/engine/errors.h"

namespace larder::commands {

bool Operands::read(engine::Call& call, std::size_t first, std::size_t count) {
  count_ = count;
  if (count > kFew) many_.resize(count);
  const std::span<Operand> found = sets();
  for (std::size_t i = 0; i < count; ++i) {
    const auto set = call.db.find<types::Set>(keyspace::Key::of(call.arg(first + i)));
    if (set.wrong_type()) {
      call.reply.error(engine::errors::kWrongType);
      return false;
    }
    if (set) {
      found[i] = set.value();
    } else {
      any_empty_ = true;
    }
  }
  return true;
}

std::size_t Operands::largest_size() {
  std::size_t largest = 0;
  for (const Operand& set : sets()) largest = std::max(largest, set->size());
  return largest;
}

void CollectedReply::add(const types::String& member) {
  ++size_;
  if (all_integers_) all_integers_ = member.integer().has_value();
  if (!member.is_number()) longest_ = std::max(longest_, member.size());
  if (!call_.reply.drops()) reply_string(call_.reply, member);
}

bool CollectedReply::would_be_table() const {
  if (all_integers_) return size_ > limits_.intset_entries;
  return size_ > limits_.listpack_entries || longest_ > limits_.listpack_value;
}

void CollectedReply::end(const keyspace::Settings& settings) {
  call_.reply.end_set(items_, size_);
  if (settings.lazyfree_lazy_server_del.value() && would_be_table()) call_.db.count_result(size_);
}

void store_result(engine::Call& call, types::Set result, keyspace::Event event,
                  eviction::Evictor& evictor) {
  if (result.empty()) {
    result.clear();
    call.db.erase(call.key);
    return call.reply.integer(0);
  }
  if (!has_room_for_made(call, evictor, types::Type::set, result.storage())) return;
  call.db.put_storage(call.key, types::Type::set, result.storage(), event);
  call.reply.integer(static_cast<std::int64_t>(result.size()));
}

}  // namespace larder::commands
