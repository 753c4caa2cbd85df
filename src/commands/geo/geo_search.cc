#include "geo_search.h"

#include <algorithm>
#include <cmath>

namespace larder::commands::geo {
namespace {

constexpr double kDegrees = 180 / M_PI;
// Half of the equator as Web Mercator has it.
constexpr double kMercatorMost = 20037726.37;

// The steps whose cells are about as wide as the radius.
unsigned steps_for(double radius, double latitude) {
  if (radius == 0) return kSteps;
  int steps = -1;
  for (; radius < kMercatorMost; radius *= 2) ++steps;
  // Towards the poles cells are narrower than they seem.
  if (std::fabs(latitude) > 66) --steps;
  if (std::fabs(latitude) > 80) --steps;
  return static_cast<unsigned>(std::clamp(steps, 1, static_cast<int>(kSteps)));
}

Area bounding_box(const Shape& shape) {
  const bool circle = shape.kind == Shape::Kind::circle;
  const double height = circle ? shape.radius : shape.height / 2;
  const double width = circle ? shape.radius : shape.width / 2;
  const double north_south = height / kEarthRadius * kDegrees;
  // A degree of longitude is shortest at the edge that is nearer to its pole.
  const double edge =
      shape.centre.latitude + (shape.centre.latitude < 0 ? -north_south : north_south);
  const double east_west = width / kEarthRadius / std::cos(edge / kDegrees) * kDegrees;
  return {{shape.centre.longitude - east_west, shape.centre.latitude - north_south},
          {shape.centre.longitude + east_west, shape.centre.latitude + north_south}};
}

// The cell next to this one, with wrap-around.
Cell beside(const Cell& cell, int east, int north) {
  const std::uint32_t mask = (std::uint32_t{1} << cell.steps) - 1;
  return {(cell.x + static_cast<std::uint32_t>(east)) & mask,
          (cell.y + static_cast<std::uint32_t>(north)) & mask, cell.steps};
}

bool neighbours_reach(const Cell& cell, const Area& box) {
  return area_of(beside(cell, 0, 1)).most.latitude >= box.most.latitude &&
         area_of(beside(cell, 0, -1)).least.latitude <= box.least.latitude &&
         area_of(beside(cell, 1, 0)).most.longitude >= box.most.longitude &&
         area_of(beside(cell, -1, 0)).least.longitude <= box.least.longitude;
}

Cell covering_cell(const Shape& shape, const Area& box) {
  const double radius = shape.kind == Shape::Kind::circle
                            ? shape.radius
                            : std::hypot(shape.width / 2, shape.height / 2);
  const unsigned steps = steps_for(radius, shape.centre.latitude);
  const Cell cell = cell_at(shape.centre, steps);
  if (steps == 1 || neighbours_reach(cell, box)) return cell;
  return cell_at(shape.centre, steps - 1);
}

struct Direction {
  int east;
  int north;
};
// The order in which cells are looked through, which shows where an answer is not sorted.
constexpr Direction kDirections[] = {{0, 0}, {0, 1},  {0, -1}, {1, 0},  {-1, 0},
                                     {1, 1}, {-1, 1}, {1, -1}, {-1, -1}};

// Whether the box ends within the cell itself on that side.
bool is_useless(const Direction& direction, const Area& cell, const Area& box) {
  return (direction.north < 0 && cell.least.latitude < box.least.latitude) ||
         (direction.north > 0 && cell.most.latitude > box.most.latitude) ||
         (direction.east < 0 && cell.least.longitude < box.least.longitude) ||
         (direction.east > 0 && cell.most.longitude > box.most.longitude);
}

class Search {
 public:
  Search(const types::SortedSet& set, const Shape& shape, std::size_t most)
      : set_(set), shape_(shape), most_(most) {}

  Hits run() {
    const Area box = bounding_box(shape_);
    const Cell centre = covering_cell(shape_, box);
    const Area area = area_of(centre);
    ScoreSpan former{1, 0};
    for (const Direction& direction : kDirections) {
      if (centre.steps >= 2 && is_useless(direction, area, box)) continue;
      const ScoreSpan span = span_of(beside(centre, direction.east, direction.north));
      // Round a small earth two neighbours can be the same cell.
      if (span.least == former.least && span.end == former.end) continue;
      former = span;
      if (!look_through(span)) break;
    }
    return std::move(hits_);
  }

 private:
  // False when there are enough.
  bool look_through(const ScoreSpan& span) {
    const types::RankRange ranks = set_.ranks(types::ScoreRange{
        .least = static_cast<double>(span.least),
        .most = static_cast<double>(span.end),
        .without_most = true,
    });
    auto at = set_.at(ranks.first);
    for (std::size_t left = ranks.size(); left > 0; --left, at.next()) {
      const double score = at.score();
      const Position position = position_of(score);
      const auto distance = shape_.distance_within(position);
      if (distance) hits_.push_back({at.member(), score, *distance, position});
      if (most_ != 0 && hits_.size() >= most_) return false;
    }
    return true;
  }

  const types::SortedSet& set_;
  const Shape& shape_;
  std::size_t most_;
  Hits hits_;
};

}  // namespace

std::optional<double> Shape::distance_within(const Position& position) const {
  if (kind == Kind::circle) {
    const double length = distance(centre, position);
    return length > radius ? std::nullopt : std::optional(length);
  }
  // Along a meridian, then along the position's own parallel.
  const double north_south =
      distance({position.longitude, centre.latitude}, {position.longitude, position.latitude});
  if (north_south > height / 2) return std::nullopt;
  const double east_west = distance(position, {centre.longitude, position.latitude});
  if (east_west > width / 2) return std::nullopt;
  return distance(centre, position);
}

Hits search(const types::SortedSet& set, const Shape& shape, std::size_t most) {
  return Search(set, shape, most).run();
}

}  // namespace larder::commands::geo
