#include "range_query.h"

#include "larder/engine/arg_reader.h"

namespace larder::commands {
namespace {

using namespace engine;

struct Words {
  RangeBy by;
  RangeOrder order;
};

// Reads the options after the range; false if one is wrong; the error has been sent.
bool read_options(Call& call, std::size_t first, RangeUse use, Words& words, RangeQuery& query) {
  ArgReader reader(call, first);
  while (reader.more()) {
    if (use == RangeUse::answer && reader.word("WITHSCORES")) {
      query.show = Show::scores;
    } else if (reader.left() > 2 && reader.word("LIMIT")) {
      query.offset = reader.integer();
      query.count = reader.integer();
    } else if (words.order == RangeOrder::open && reader.word("REV")) {
      words.order = RangeOrder::falling;
    } else if (words.by == RangeBy::open && reader.word("BYLEX")) {
      words.by = RangeBy::text;
    } else if (words.by == RangeBy::open && reader.word("BYSCORE")) {
      words.by = RangeBy::score;
    } else {
      reader.fail(errors::kSyntax);
    }
  }
  if (words.by == RangeBy::open) words.by = RangeBy::rank;
  if (query.count != -1 && words.by == RangeBy::rank) {
    reader.fail(
        "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
  }
  if (query.show == Show::scores && words.by == RangeBy::text) {
    reader.fail("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
  }
  return !reader.failed();
}

template <typename Range>
bool take(Call& call, std::optional<Range> range, std::string_view error, RangeQuery& query) {
  if (!range) {
    call.reply.error(error);
    return false;
  }
  query.range = *range;
  return true;
}

bool read_range(Call& call, std::size_t first, RangeBy by, RangeQuery& query) {
  if (by == RangeBy::rank) {
    ArgReader reader(call, first);
    const std::int64_t start = reader.integer();
    const std::int64_t stop = reader.integer();
    query.range = RangeQuery::Ranks{start, stop};
    return !reader.failed();
  }
  // In a descending range the greater end comes first.
  const std::string_view least = call.arg(query.falling ? first + 1 : first);
  const std::string_view most = call.arg(query.falling ? first : first + 1);
  return by == RangeBy::score ? take(call, read_score_range(least, most), kNotAScoreRange, query)
                              : take(call, read_text_range(least, most), kNotATextRange, query);
}

}  // namespace

std::optional<RangeQuery> RangeQuery::read(Call& call, std::size_t first, RangeBy by,
                                           RangeOrder order, RangeUse use) {
  RangeQuery query;
  Words words{by, order};
  if (!read_options(call, first + 2, use, words, query)) return std::nullopt;
  query.falling = words.order == RangeOrder::falling;
  if (!read_range(call, first, words.by, query)) return std::nullopt;
  return query;
}

types::RankRange RangeQuery::limited(types::RankRange ranks) const {
  const std::size_t size = ranks.size();
  const auto skipped = static_cast<std::size_t>(offset);
  if (offset < 0 || skipped >= size) return {};
  std::size_t taken = size - skipped;
  if (count >= 0 && static_cast<std::size_t>(count) < taken) {
    taken = static_cast<std::size_t>(count);
  }
  if (falling) return {ranks.end - skipped - taken, ranks.end - skipped};
  return {ranks.first + skipped, ranks.first + skipped + taken};
}

types::RankRange RangeQuery::ranks(const types::SortedSet& set) const {
  if (const auto* by_rank = std::get_if<Ranks>(&range)) {
    return rank_range(by_rank->start, by_rank->stop, set.size(), falling);
  }
  const auto* scores = std::get_if<types::ScoreRange>(&range);
  return limited(scores != nullptr ? set.ranks(*scores)
                                   : set.ranks(std::get<types::TextRange>(range)));
}

}  // namespace larder::commands
