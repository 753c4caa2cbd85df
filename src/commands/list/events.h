#pragma once

#include "larder/keyspace/events.h"
#include "larder/types/list.h"

namespace larder::commands::events {

constexpr keyspace::Event push(types::ListEnd end) {
  return end == types::ListEnd::head ? keyspace::Event::lpush : keyspace::Event::rpush;
}
constexpr keyspace::Event pop(types::ListEnd end) {
  return end == types::ListEnd::head ? keyspace::Event::lpop : keyspace::Event::rpop;
}

}  // namespace larder::commands::events
