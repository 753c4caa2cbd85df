#pragma once

// What keyspace notifications tell of sets.

#include "larder/keyspace/change_log.h"

namespace larder::commands::events {

using keyspace::Event;

inline constexpr Event kSAdd{"sadd", 's'};
inline constexpr Event kSRem{"srem", 's'};
inline constexpr Event kSPop{"spop", 's'};
inline constexpr Event kSInterStore{"sinterstore", 's'};
inline constexpr Event kSUnionStore{"sunionstore", 's'};
inline constexpr Event kSDiffStore{"sdiffstore", 's'};

}  // namespace larder::commands::events
