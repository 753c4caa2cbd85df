#pragma once

// Union, intersection and difference of sources.

#include <cmath>

#include "larder/types/sorted_set_gatherer.h"
#include "sources.h"

namespace larder::commands {

// Each function returns its result, and sorts the sources into the best order for the operation.
void unite(Sources& sources, types::SortedSetGatherer& result);
void intersect(Sources& sources, types::SortedSetGatherer& result);
void subtract(Sources& sources, types::SortedSetGatherer& result);

// The number of members that are in all sources, counted up to the limit.
std::size_t count_common(Sources& sources);

}  // namespace larder::commands
