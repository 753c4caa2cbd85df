#include "geohash.h"

#include <algorithm>
#include <cmath>

#include "larder/base/text.h"

namespace larder::commands::geo {
namespace {

constexpr double kRadiansPerDegree = M_PI / 180;

// Every second bit of the result is one of `bits`.
std::uint64_t spread(std::uint32_t bits) {
  std::uint64_t x = bits;
  x = (x | (x << 16)) & 0x0000ffff0000ffff;
  x = (x | (x << 8)) & 0x00ff00ff00ff00ff;
  x = (x | (x << 4)) & 0x0f0f0f0f0f0f0f0f;
  x = (x | (x << 2)) & 0x3333333333333333;
  return (x | (x << 1)) & 0x5555555555555555;
}

std::uint32_t gather(std::uint64_t x) {
  x &= 0x5555555555555555;
  x = (x | (x >> 1)) & 0x3333333333333333;
  x = (x | (x >> 2)) & 0x0f0f0f0f0f0f0f0f;
  x = (x | (x >> 4)) & 0x00ff00ff00ff00ff;
  x = (x | (x >> 8)) & 0x0000ffff0000ffff;
  return static_cast<std::uint32_t>(x | (x >> 16));
}

// The cell of `value` in a range from -most to most that is cut into 1 << steps cells.
std::uint32_t cut(double value, double most, unsigned steps) {
  const double share = (value + most) / (2 * most);
  return static_cast<std::uint32_t>(share * static_cast<double>(std::uint64_t{1} << steps));
}

double edge(std::uint64_t cell, double most, unsigned steps) {
  return -most +
         (static_cast<double>(cell) / static_cast<double>(std::uint64_t{1} << steps)) * (2 * most);
}

// Like the conversion of the processor: a value out of range becomes the smallest integer.
std::uint64_t bits_of(double score) {
  constexpr double kSign = 0x1p63;
  constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;
  const auto bits = [](double value) {
    const bool fits = value >= -kSign && value < kSign;
    return fits ? static_cast<std::uint64_t>(static_cast<std::int64_t>(value)) : kSignBit;
  };
  return score < kSign ? bits(score) : bits(score - kSign) ^ kSignBit;
}

double latitude_distance(double a, double b) {
  return kEarthRadius * std::fabs(b * kRadiansPerDegree - a * kRadiansPerDegree);
}

}  // namespace

bool is_valid(const Position& position) {
  return position.longitude >= -kMostLongitude && position.longitude <= kMostLongitude &&
         position.latitude >= -kMostLatitude && position.latitude <= kMostLatitude;
}

Cell cell_at(const Position& position, unsigned steps) {
  return {cut(position.longitude, kMostLongitude, steps),
          cut(position.latitude, kMostLatitude, steps), steps};
}

Area area_of(const Cell& cell) {
  return {{edge(cell.x, kMostLongitude, cell.steps), edge(cell.y, kMostLatitude, cell.steps)},
          {edge(std::uint64_t{cell.x} + 1, kMostLongitude, cell.steps),
           edge(std::uint64_t{cell.y} + 1, kMostLatitude, cell.steps)}};
}

std::uint64_t interleaved(const Cell& cell) { return spread(cell.y) | (spread(cell.x) << 1); }

std::uint64_t score_of(const Position& position) { return interleaved(cell_at(position, kSteps)); }

Position position_of(double score) {
  const std::uint64_t bits = bits_of(score);
  const Area area = area_of({gather(bits >> 1), gather(bits), kSteps});
  const double longitude = (area.least.longitude + area.most.longitude) / 2;
  const double latitude = (area.least.latitude + area.most.latitude) / 2;
  return {std::clamp(longitude, -kMostLongitude, kMostLongitude),
          std::clamp(latitude, -kMostLatitude, kMostLatitude)};
}

ScoreSpan span_of(const Cell& cell) {
  const unsigned shift = 2 * (kSteps - cell.steps);
  const std::uint64_t bits = interleaved(cell);
  return {bits << shift, (bits + 1) << shift};
}

// The haversine formula.
double distance(const Position& a, const Position& b) {
  const double lon_a = a.longitude * kRadiansPerDegree;
  const double lon_b = b.longitude * kRadiansPerDegree;
  const double v = std::sin((lon_b - lon_a) / 2);
  if (v == 0) return latitude_distance(a.latitude, b.latitude);
  const double lat_a = a.latitude * kRadiansPerDegree;
  const double lat_b = b.latitude * kRadiansPerDegree;
  const double u = std::sin((lat_b - lat_a) / 2);
  const double h = u * u + std::cos(lat_a) * std::cos(lat_b) * v * v;
  return 2 * kEarthRadius * std::asin(std::sqrt(h));
}

Letters letters_of(const Position& position) {
  // The standard geohash covers latitudes up to the poles.
  constexpr double kPole = 90;
  constexpr char kAlphabet[] = "0123456789bcdefghjkmnpqrstuvwxyz";
  const std::uint64_t bits = interleaved({cut(position.longitude, kMostLongitude, kSteps),
                                          cut(position.latitude, kPole, kSteps), kSteps});
  Letters letters;
  for (unsigned i = 0; i + 1 < letters.size(); ++i) {
    letters[i] = kAlphabet[(bits >> (2 * kSteps - 5 * (i + 1))) & 0x1f];
  }
  letters.back() = '0';
  return letters;
}

std::optional<double> metres_in(std::string_view unit) {
  if (base::equals_ignoring_case(unit, "m")) return 1;
  if (base::equals_ignoring_case(unit, "km")) return 1000;
  if (base::equals_ignoring_case(unit, "ft")) return 0.3048;
  if (base::equals_ignoring_case(unit, "mi")) return 1609.34;
  return std::nullopt;
}

}  // namespace larder::commands::geo
