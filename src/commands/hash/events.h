#pragma once

// What hash commands write into the change log.

#include "larder/keyspace/change_log.h"

namespace larder::commands::events {

inline constexpr keyspace::Event kHSet{"hset", 'h'};
inline constexpr keyspace::Event kHDel{"hdel", 'h'};
inline constexpr keyspace::Event kHIncrBy{"hincrby", 'h'};
inline constexpr keyspace::Event kHIncrByFloat{"hincrbyfloat", 'h'};
inline constexpr keyspace::Event kHExpire{"hexpire", 'h'};
inline constexpr keyspace::Event kHPersist{"hpersist", 'h'};

}  // namespace larder::commands::events
