#include "pops.h"

#include <algorithm>

#include "larder/base/numbers.h"
#include "larder/base/text.h"

namespace larder::commands {
namespace {

using types::SortedSet;

bool has_pairs(PopShape shape) {
  return shape == PopShape::pairs || shape == PopShape::key_and_pairs;
}

void reply_head(resp::Writer& reply, std::string_view key, std::size_t count, PopShape shape) {
  if (shape == PopShape::key_and_pairs || shape == PopShape::key_and_one) {
    reply.array(shape == PopShape::key_and_one ? 3 : 2);
    reply.bulk(key);
  }
  if (shape != PopShape::key_and_one) reply.array(has_pairs(shape) ? count : 2 * count);
}

void reply_ends(resp::Writer& reply, const SortedSet& set, PopFrom from, std::size_t count,
                PopShape shape) {
  SortedSet::Cursor at = set.at(from == PopFrom::least ? 0 : set.size() - 1);
  for (; count > 0 && !reply.drops(); --count) {
    if (has_pairs(shape)) reply.array(2);
    reply_string(reply, at.member());
    reply.real(at.score());
    from == PopFrom::least ? at.next() : at.previous();
  }
}

}  // namespace

void pop(engine::Call& call, const keyspace::Key& key, keyspace::Entry* entry, PopFrom from,
         std::size_t count, PopShape shape) {
  const bool least = from == PopFrom::least;
  const auto set = entry->value<SortedSet>();
  const std::size_t size = set->size();
  count = std::min(count, size);
  const auto reply = [&] {
    reply_head(call.reply, key.name, count, shape);
    reply_ends(call.reply, *set, from, count, shape);
  };
  if (!call.reply_removed(reply)) return;
  {
    keyspace::Edit<SortedSet> edit(call.db, key, entry,
                                   least ? keyspace::Event::zpopmin : keyspace::Event::zpopmax);
    edit.count(count);
    edit->erase(least ? types::RankRange{0, count} : types::RankRange{size - count, size});
  }
  std::array<char, base::kInt64Chars> digits;
  call.propagate({least ? "ZPOPMIN" : "ZPOPMAX", key.name, base::print_uint64(count, digits)});
}

std::optional<PopFrom> read_pop_from(std::string_view word) {
  if (base::equals_ignoring_case(word, "MIN")) return PopFrom::least;
  if (base::equals_ignoring_case(word, "MAX")) return PopFrom::greatest;
  return std::nullopt;
}

}  // namespace larder::commands
