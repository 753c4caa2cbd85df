#pragma once

// Positions on the earth as numbers of 52 bits: longitude and latitude halved 26 times each, their
// bits interleaved, so that nearby positions mostly have similar numbers. (Geohash,
// G. Niemeyer 2008.) Latitudes end where the Web Mercator projection does.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace larder::commands::geo {

struct Position {
  double longitude = 0;
  double latitude = 0;
};

inline constexpr double kMostLongitude = 180;
inline constexpr double kMostLatitude = 85.05112878;
inline constexpr unsigned kSteps = 26;
// In metres.
inline constexpr double kEarthRadius = 6372797.560856;

// Whether a position can be stored.
bool is_valid(const Position& position);

// A cell of the grid in which both ranges are halved `steps` times.
struct Cell {
  std::uint32_t x = 0;  // of longitude, from the west
  std::uint32_t y = 0;  // of latitude, from the south
  unsigned steps = kSteps;
};
struct Area {
  Position least;
  Position most;
};

Cell cell_at(const Position& position, unsigned steps);
Area area_of(const Cell& cell);
std::uint64_t interleaved(const Cell& cell);

// The score of a position, and the middle of a score's cell. A score that is not a valid position,
// which a sorted set may contain, is converted as on x86-64.
std::uint64_t score_of(const Position& position);
Position position_of(double score);

// The least score in the cell, and the least beyond it.
struct ScoreSpan {
  std::uint64_t least;
  std::uint64_t end;
};
ScoreSpan span_of(const Cell& cell);

// In metres, on a sphere.
double distance(const Position& a, const Position& b);

// The standard geohash of eleven letters, the last always '0'.
using Letters = std::array<char, 11>;
Letters letters_of(const Position& position);

// How many metres a unit is: m, km, ft, mi, in any letter case.
std::optional<double> metres_in(std::string_view unit);

}  // namespace larder::commands::geo
