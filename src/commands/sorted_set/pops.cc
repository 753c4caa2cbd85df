#include "pops.h"

#include <algorithm>

#include "larder/base/numbers.h"
#include "larder/base/text.h"

namespace larder::commands {
namespace {

using types::SortedSet;

void reply_ends(resp::Writer& reply, const SortedSet& set, PopFrom from, std::size_t count,
                PopShape shape) {
  if (shape != PopShape::bare) reply.array(shape == PopShape::pairs ? count : 2 * count);
  SortedSet::Cursor at = set.at(from == PopFrom::least ? 0 : set.size() - 1);
  for (; count > 0; --count) {
    if (shape == PopShape::pairs) reply.array(2);
    reply_string(reply, at.member());
    reply.real(at.score());
    from == PopFrom::least ? at.next() : at.previous();
  }
}

}  // namespace

void pop(engine::Call& call, const keyspace::Key& key, keyspace::Entry* entry, PopFrom from,
         std::size_t count, PopShape shape) {
  const bool least = from == PopFrom::least;
  {
    keyspace::Edit<SortedSet> edit(call.db, key, entry,
                                   least ? keyspace::Event::zpopmin : keyspace::Event::zpopmax);
    const std::size_t size = edit->size();
    count = std::min(count, size);
    reply_ends(call.reply, *edit, from, count, shape);
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
