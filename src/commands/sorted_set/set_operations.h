#pragma once

// Union, intersection and difference of sources.

#include <cmath>

#include "larder/types/sorted_set_gatherer.h"
#include "sources.h"

namespace larder::commands {

// Each gathers its result. The sources are brought into the order that suits the operation.
void unite(Sources& sources, types::SortedSetGatherer& result);
void intersect(Sources& sources, types::SortedSetGatherer& result);
void subtract(Sources& sources, types::SortedSetGatherer& result);

// How many members stand in all sources, counted up to the limit.
std::size_t count_common(Sources& sources);

}  // namespace larder::commands
