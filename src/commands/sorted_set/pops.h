#pragma once

// Removal of the members with the lowest or highest scores.

#include <optional>

#include "sorted_set_tools.h"

namespace larder::commands {

enum class PopFrom : std::uint8_t { least, greatest };

// The form of the reply: a flat array of members and scores, an array of pairs, or members and
// scores without a header, which the caller has written.
enum class PopShape : std::uint8_t { flat, pairs, bare };

// Removes up to `count` members, replies with them, and propagates the removal. The set must not
// be empty, and `count` not 0.
void pop(engine::Call& call, const keyspace::Key& key, keyspace::Entry* entry, PopFrom from,
         std::size_t count, PopShape shape);

// "MIN" or "MAX", in any letter case.
std::optional<PopFrom> read_pop_from(std::string_view word);

}  // namespace larder::commands
