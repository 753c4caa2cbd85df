#pragma once

// Arguments and replies that several geo commands share.

#include <cmath>
#include <optional>

#include "../sorted_set/sorted_set_tools.h"
#include "geohash.h"
#include "larder/base/format.h"
#include "larder/base/numbers.h"
#include "larder/engine/call.h"

namespace larder::commands::geo {

// Longitude and latitude at `first` and after it; nothing when they are none, which has been
// answered.
inline std::optional<Position> read_position(engine::Call& call, std::size_t first) {
  const auto longitude = base::parse_double(call.arg(first));
  const auto latitude = longitude ? base::parse_double(call.arg(first + 1)) : std::nullopt;
  if (!latitude) {
    call.reply.error(engine::errors::kNotAFloat);
    return std::nullopt;
  }
  const Position position{*longitude, *latitude};
  if (is_valid(position)) return position;
  char text[2 * base::kFixedDoubleChars + 64];
  call.reply.error(base::print_into(text, "ERR invalid longitude,latitude pair %f,%f",
                                    position.longitude, position.latitude));
  return std::nullopt;
}

// Metres in the unit at `index`; nothing if there is no such unit; the error has been sent.
inline std::optional<double> read_unit(engine::Call& call, std::size_t index) {
  const auto metres = metres_in(call.arg(index));
  if (!metres) call.reply.error("ERR unsupported unit provided. please use M, KM, FT, MI");
  return metres;
}

// With four decimals, as a bulk string.
inline void reply_distance(resp::Writer& reply, double distance) {
  char text[base::kFixedDoubleChars];
  reply.bulk(base::print_into(text, "%.4f", distance));
}

// A pair of bulk strings with 17 decimals, trailing zeros removed; doubles in RESP3.
void reply_position(resp::Writer& reply, const Position& position);

}  // namespace larder::commands::geo
