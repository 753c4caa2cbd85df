#pragma once

// What followers do not get, as in Redis: the complete list of what the mirror test does not
// compare. After a command of the list has run, its fact is not compared until the case ends.

#include <array>
#include <string_view>

namespace larder::transcripts {

// Facts of a dataset that a comparison can leave out.
enum class Fact : unsigned char { keys, delivery_count, delivery_time, seen_time };

struct NotReplicated {
  std::string_view command;  // its full name
  Fact fact;
  std::string_view what;
};

inline constexpr std::array kNotReplicated = {
    NotReplicated{"debug|populate", Fact::keys, "its keys: the command is for tests of one server"},
    NotReplicated{"xreadgroup", Fact::delivery_count,
                  "the count of deliveries that a read of the consumer's history increments"},
    NotReplicated{"xreadgroup", Fact::delivery_time,
                  "the time of delivery that a read of the consumer's history changes"},
    NotReplicated{"xreadgroup", Fact::seen_time, "the consumer's seen-time"},
};

}  // namespace larder::transcripts
