#pragma once

// What happens to sorted sets, in the words of keyspace notifications.

#include "larder/keyspace/change_log.h"

namespace larder::commands::events {

inline constexpr keyspace::Event kZAdd{"zadd", 'z'};
inline constexpr keyspace::Event kZIncr{"zincr", 'z'};
inline constexpr keyspace::Event kZRem{"zrem", 'z'};
inline constexpr keyspace::Event kZRemRangeByRank{"zremrangebyrank", 'z'};
inline constexpr keyspace::Event kZRemRangeByScore{"zremrangebyscore", 'z'};
inline constexpr keyspace::Event kZRemRangeByLex{"zremrangebylex", 'z'};
inline constexpr keyspace::Event kZPopMin{"zpopmin", 'z'};
inline constexpr keyspace::Event kZPopMax{"zpopmax", 'z'};
inline constexpr keyspace::Event kZUnionStore{"zunionstore", 'z'};
inline constexpr keyspace::Event kZInterStore{"zinterstore", 'z'};
inline constexpr keyspace::Event kZDiffStore{"zdiffstore", 'z'};
inline constexpr keyspace::Event kZRangeStore{"zrangestore", 'z'};
inline constexpr keyspace::Event kGeoRadiusStore{"georadiusstore", 'z'};
inline constexpr keyspace::Event kGeoSearchStore{"geosearchstore", 'z'};

}  // namespace larder::commands::events
