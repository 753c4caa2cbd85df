#pragma once

// Taking the least or greatest members away.

#include <optional>

#include "sorted_set_tools.h"

namespace larder::commands {

enum class PopFrom : std::uint8_t { least, greatest };

// How the members stand in the answer: an array of members and scores one after the other, an array
// of pairs, or members and scores alone, of which the caller has written the header.
enum class PopShape : std::uint8_t { flat, pairs, bare };

// Takes up to `count` away and answers them. Passes on what was done. The set must not
// be empty, nor `count` be 0.
void pop(engine::Call& call, const keyspace::Key& key, keyspace::Entry* entry, PopFrom from,
         std::size_t count, PopShape shape);

// "MIN" or "MAX", in any letter case.
std::optional<PopFrom> read_pop_from(std::string_view word);

}  // namespace larder::commands
