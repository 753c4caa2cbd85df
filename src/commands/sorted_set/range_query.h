#pragma once

// ZRANGE and its variants: one query, parsed from their arguments, that is converted to ranks.

#include <optional>
#include <variant>

#include "range_bounds.h"
#include "sorted_set_tools.h"

namespace larder::commands {

// What the name of a command determines; with `open` the options determine it.
enum class RangeBy : std::uint8_t { open, rank, score, text };
enum class RangeOrder : std::uint8_t { open, rising, falling };
enum class RangeUse : std::uint8_t { answer, store };

struct RangeQuery {
  struct Ranks {
    std::int64_t start;
    std::int64_t stop;
  };

  std::variant<Ranks, types::ScoreRange, types::TextRange> range;
  bool falling = false;
  Show show = Show::members;
  std::int64_t offset = 0;
  std::int64_t count = -1;

  // The least and greatest member are at `first` and the argument after it, the options follow.
  // Nothing if something is wrong; the error has been sent.
  static std::optional<RangeQuery> read(engine::Call& call, std::size_t first, RangeBy by,
                                        RangeOrder order, RangeUse use);

  // The ranks that the query selects, its limit applied.
  types::RankRange ranks(const types::SortedSet& set) const;

 private:
  types::RankRange limited(types::RankRange ranks) const;
};

}  // namespace larder::commands
