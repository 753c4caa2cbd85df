#pragma once

// The words of an inline command (larder/base/words.h), as arguments of a request.

#include <cstddef>
#include <optional>
#include <string_view>

#include "larder/resp/request.h"

namespace larder::resp {

// The most words that a line of `bytes` can have.
constexpr std::size_t most_words(std::size_t bytes) { return bytes / 2 + 1; }

// Writes the words of `line`, which holds no NUL, to `words` and returns how many; nothing when a
// quote is wrong. Words that had to change are copied into the batch.
std::optional<std::size_t> split_words(std::string_view line, std::string_view* words,
                                       Batch& batch);

}  // namespace larder::resp
