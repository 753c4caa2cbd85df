#pragma once

// Which arguments of a call are keys, read from the command's key specifications.

#include <array>
#include <optional>
#include <tuple>
#include <vector>

#include "larder/engine/command.h"
#include "larder/resp/request.h"

namespace larder::engine {

struct FoundKey {
  std::size_t position;  // among the arguments
  std::uint32_t flags;   // KeyFlag
};

// Whether calls of this command can name keys at all.
bool names_keys(const Command& command);

// Keys at every `step`-th place from `first` to `last`.
struct KeySpan {
  int first;
  int last;
  int step;
  std::uint32_t flags;  // KeyFlag
};
struct KeySpans {
  std::array<KeySpan, std::tuple_size_v<KeySpecs>> spans;
  std::size_t size = 0;
};

// Calls fn(position, flags) for each key, in the order of the specifications, until fn returns
// false.
template <typename Fn>
void for_each_key(const KeySpans& found, Fn fn) {
  for (std::size_t s = 0; s < found.size; ++s) {
    const KeySpan& span = found.spans[s];
    for (int i = span.first; i <= span.last; i += span.step) {
      if (!fn(static_cast<std::size_t>(i), span.flags)) return;
    }
  }
}

// The same as find_keys, without allocating.
std::optional<KeySpans> find_key_spans(const Command& command, resp::Args args);

// The keys of one call, in the order of the specifications. Nothing if the arguments do not fit
// them: a count that is not a number, or keys past the end.
std::optional<std::vector<FoundKey>> find_keys(const Command& command, resp::Args args);

// First key, last key (negative from the end) and step, as clients older than key
// specifications read them; zeros when no such range holds keys.
struct KeyRange {
  int first = 0;
  int last = 0;
  int step = 0;
};
KeyRange key_range(const Command& command);

}  // namespace larder::engine
