#pragma once

#include "larder/keyspace/change_log.h"
#include "larder/types/list.h"

namespace larder::commands::events {

using keyspace::Event;

inline constexpr Event kLeftPush{"lpush", 'l'};
inline constexpr Event kRightPush{"rpush", 'l'};
inline constexpr Event kLeftPop{"lpop", 'l'};
inline constexpr Event kRightPop{"rpop", 'l'};
inline constexpr Event kInsert{"linsert", 'l'};
inline constexpr Event kSet{"lset", 'l'};
inline constexpr Event kRemove{"lrem", 'l'};
inline constexpr Event kTrim{"ltrim", 'l'};

constexpr Event push(types::ListEnd end) {
  return end == types::ListEnd::head ? kLeftPush : kRightPush;
}
constexpr Event pop(types::ListEnd end) {
  return end == types::ListEnd::head ? kLeftPop : kRightPop;
}

}  // namespace larder::commands::events
