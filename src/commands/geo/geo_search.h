#pragma once

// Members within a circle or a box. The area is covered by a cell of the grid and those of its
// eight neighbours that it reaches; each is a range of scores.

#include <vector>

#include "geohash.h"
#include "larder/types/sorted_set.h"

namespace larder::commands::geo {

// Lengths in metres.
struct Shape {
  enum class Kind : std::uint8_t { circle, box };
  Kind kind = Kind::circle;
  Position centre;
  double radius = 0;  // of a circle
  double width = 0;   // of a box, all of it
  double height = 0;

  // The distance from the centre to a position inside.
  std::optional<double> distance_within(const Position& position) const;
};

struct Hit {
  types::String member;
  double score;
  double distance;  // in metres
  Position position;
};
using Hits = std::vector<Hit, memory::Allocator<Hit, memory::Owner::runtime>>;

// The members within the shape, cell by cell, in the order of their scores; up to `most` of them,
// 0 for all. Views into the set.
Hits search(const types::SortedSet& set, const Shape& shape, std::size_t most);

}  // namespace larder::commands::geo
