#pragma once

// What happens to streams, as keyspace notifications name it.

#include "larder/keyspace/change_log.h"

namespace larder::commands::stream_events {

inline constexpr keyspace::Event kAdd{"xadd", 't'};
inline constexpr keyspace::Event kDel{"xdel", 't'};
inline constexpr keyspace::Event kTrim{"xtrim", 't'};
inline constexpr keyspace::Event kSetId{"xsetid", 't'};
inline constexpr keyspace::Event kCreateGroup{"xgroup-create", 't'};
inline constexpr keyspace::Event kCreateConsumer{"xgroup-createconsumer", 't'};
inline constexpr keyspace::Event kDelConsumer{"xgroup-delconsumer", 't'};
inline constexpr keyspace::Event kDestroyGroup{"xgroup-destroy", 't'};
inline constexpr keyspace::Event kSetGroupId{"xgroup-setid", 't'};
// What a group has delivered or got back: a change that no notification tells of, so it has no
// name.
inline constexpr keyspace::Event kDelivery{"", 't'};

}  // namespace larder::commands::stream_events
