#pragma once

// Removal of the members with the lowest or highest scores.

#include <optional>

#include "sorted_set_tools.h"

namespace larder::commands {

enum class PopFrom : std::uint8_t { least, greatest };

// The form of the reply: a flat array of members and scores, or an array of pairs; the key and that
// array; or the key, one member and its score.
enum class PopShape : std::uint8_t { flat, pairs, key_and_pairs, key_and_one };

// Removes up to `count` members, replies with them, and propagates the removal; nothing of it if
// there is no room for the reply. The set must not be empty, and `count` not 0.
void pop(engine::Call& call, const keyspace::Key& key, keyspace::Entry* entry, PopFrom from,
         std::size_t count, PopShape shape);

// "MIN" or "MAX", in any letter case.
std::optional<PopFrom> read_pop_from(std::string_view word);

}  // namespace larder::commands
