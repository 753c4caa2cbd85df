#pragma once

// Which arguments of a call are keys, read from the command's key specifications.

#include <optional>
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

// The keys of one call, in the order of the specifications. Nothing when the arguments do not fit
// them: a count that is no number, or keys past the end.
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
