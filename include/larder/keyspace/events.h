#pragma once

// The events of keys: one for each kind of change, and one table with the properties that listeners
// need. The change log contains events; their names are only for notifications.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "larder/types/type.h"

namespace larder::keyspace {

// In the order of the table below.
enum class Event : std::uint8_t {
  silent,   // the value's bytes changed but not their meaning: only for propagation
  flush,    // one database or all were emptied; the change names no key
  swapdb,   // two databases were exchanged; one change for each of them, without a key
  new_key,  // a key that was absent will be stored; recorded only if a listener needs it
  del,
  expire,
  persist,
  rename_from,
  rename_to,
  move_from,
  move_to,
  copy_to,
  restore,
  expired,
  evicted,
  set,
  append,
  setrange,
  setbit,
  incrby,
  incrbyfloat,
  pfadd,
  lpush,
  rpush,
  lpop,
  rpop,
  linsert,
  lset,
  lrem,
  ltrim,
  sortstore,
  sadd,
  srem,
  spop,
  sinterstore,
  sunionstore,
  sdiffstore,
  hset,
  hdel,
  hincrby,
  hincrbyfloat,
  hexpire,
  hpersist,
  hexpired,  // fields passed their own deadline
  zadd,
  zincr,
  zrem,
  zremrangebyrank,
  zremrangebyscore,
  zremrangebylex,
  zpopmin,
  zpopmax,
  zunionstore,
  zinterstore,
  zdiffstore,
  zrangestore,
  georadiusstore,
  geosearchstore,
  xadd,
  xdel,
  xtrim,
  xsetid,
  xgroup_create,
  xgroup_createconsumer,
  xgroup_delconsumer,
  xgroup_destroy,
  xgroup_setid,
  xdelivery,  // entries were delivered, claimed or acknowledged
};
inline constexpr std::size_t kEvents = static_cast<std::size_t>(Event::xdelivery) + 1;

// Which part of a key an event changes.
enum class Scope : std::uint8_t {
  value,     // the value, or whether the key exists
  deadline,  // only when the key expires
  groups,    // a stream's groups, or the ID that it counts on from; not its entries
  database,  // no key: whole databases
};

struct EventRow {
  Event event;
  // The name in notifications; empty if none is sent.
  std::string_view name;
  // The class of notify-keyspace-events: '$' string, 'g' generic, 'x' expired and so on; '\0' none.
  char letter;
  Scope scope = Scope::value;
  // The type of the values with this event; nothing if it may be any.
  std::optional<types::Type> type{};
};

namespace detail {

inline constexpr auto kAny = std::optional<types::Type>();
inline constexpr auto kString = std::optional(types::Type::string);
inline constexpr auto kList = std::optional(types::Type::list);
inline constexpr auto kSet = std::optional(types::Type::set);
inline constexpr auto kHash = std::optional(types::Type::hash);
inline constexpr auto kZSet = std::optional(types::Type::sorted_set);
inline constexpr auto kStream = std::optional(types::Type::stream);

inline constexpr std::array<EventRow, kEvents> kEventRows = {{
    {Event::silent, "", '\0', Scope::value, kAny},
    {Event::flush, "", '\0', Scope::database, kAny},
    {Event::swapdb, "", '\0', Scope::database, kAny},
    {Event::new_key, "new", 'n', Scope::value, kAny},
    {Event::del, "del", 'g', Scope::value, kAny},
    {Event::expire, "expire", 'g', Scope::deadline, kAny},
    {Event::persist, "persist", 'g', Scope::deadline, kAny},
    {Event::rename_from, "rename_from", 'g', Scope::value, kAny},
    {Event::rename_to, "rename_to", 'g', Scope::value, kAny},
    {Event::move_from, "move_from", 'g', Scope::value, kAny},
    {Event::move_to, "move_to", 'g', Scope::value, kAny},
    {Event::copy_to, "copy_to", 'g', Scope::value, kAny},
    {Event::restore, "restore", 'g', Scope::value, kAny},
    {Event::expired, "expired", 'x', Scope::value, kAny},
    {Event::evicted, "evicted", 'e', Scope::value, kAny},
    {Event::set, "set", '$', Scope::value, kString},
    {Event::append, "append", '$', Scope::value, kString},
    {Event::setrange, "setrange", '$', Scope::value, kString},
    {Event::setbit, "setbit", '$', Scope::value, kString},
    {Event::incrby, "incrby", '$', Scope::value, kString},
    {Event::incrbyfloat, "incrbyfloat", '$', Scope::value, kString},
    {Event::pfadd, "pfadd", '$', Scope::value, kString},
    {Event::lpush, "lpush", 'l', Scope::value, kList},
    {Event::rpush, "rpush", 'l', Scope::value, kList},
    {Event::lpop, "lpop", 'l', Scope::value, kList},
    {Event::rpop, "rpop", 'l', Scope::value, kList},
    {Event::linsert, "linsert", 'l', Scope::value, kList},
    {Event::lset, "lset", 'l', Scope::value, kList},
    {Event::lrem, "lrem", 'l', Scope::value, kList},
    {Event::ltrim, "ltrim", 'l', Scope::value, kList},
    {Event::sortstore, "sortstore", 'l', Scope::value, kList},
    {Event::sadd, "sadd", 's', Scope::value, kSet},
    {Event::srem, "srem", 's', Scope::value, kSet},
    {Event::spop, "spop", 's', Scope::value, kSet},
    {Event::sinterstore, "sinterstore", 's', Scope::value, kSet},
    {Event::sunionstore, "sunionstore", 's', Scope::value, kSet},
    {Event::sdiffstore, "sdiffstore", 's', Scope::value, kSet},
    {Event::hset, "hset", 'h', Scope::value, kHash},
    {Event::hdel, "hdel", 'h', Scope::value, kHash},
    {Event::hincrby, "hincrby", 'h', Scope::value, kHash},
    {Event::hincrbyfloat, "hincrbyfloat", 'h', Scope::value, kHash},
    {Event::hexpire, "hexpire", 'h', Scope::value, kHash},
    {Event::hpersist, "hpersist", 'h', Scope::value, kHash},
    {Event::hexpired, "hexpired", 'h', Scope::value, kHash},
    {Event::zadd, "zadd", 'z', Scope::value, kZSet},
    {Event::zincr, "zincr", 'z', Scope::value, kZSet},
    {Event::zrem, "zrem", 'z', Scope::value, kZSet},
    {Event::zremrangebyrank, "zremrangebyrank", 'z', Scope::value, kZSet},
    {Event::zremrangebyscore, "zremrangebyscore", 'z', Scope::value, kZSet},
    {Event::zremrangebylex, "zremrangebylex", 'z', Scope::value, kZSet},
    {Event::zpopmin, "zpopmin", 'z', Scope::value, kZSet},
    {Event::zpopmax, "zpopmax", 'z', Scope::value, kZSet},
    {Event::zunionstore, "zunionstore", 'z', Scope::value, kZSet},
    {Event::zinterstore, "zinterstore", 'z', Scope::value, kZSet},
    {Event::zdiffstore, "zdiffstore", 'z', Scope::value, kZSet},
    {Event::zrangestore, "zrangestore", 'z', Scope::value, kZSet},
    {Event::georadiusstore, "georadiusstore", 'z', Scope::value, kZSet},
    {Event::geosearchstore, "geosearchstore", 'z', Scope::value, kZSet},
    {Event::xadd, "xadd", 't', Scope::value, kStream},
    {Event::xdel, "xdel", 't', Scope::value, kStream},
    {Event::xtrim, "xtrim", 't', Scope::value, kStream},
    {Event::xsetid, "xsetid", 't', Scope::groups, kStream},
    {Event::xgroup_create, "xgroup-create", 't', Scope::groups, kStream},
    {Event::xgroup_createconsumer, "xgroup-createconsumer", 't', Scope::groups, kStream},
    {Event::xgroup_delconsumer, "xgroup-delconsumer", 't', Scope::groups, kStream},
    {Event::xgroup_destroy, "xgroup-destroy", 't', Scope::groups, kStream},
    {Event::xgroup_setid, "xgroup-setid", 't', Scope::groups, kStream},
    {Event::xdelivery, "", '\0', Scope::groups, kStream},
}};

constexpr bool are_in_order() {
  for (std::size_t i = 0; i < kEvents; ++i) {
    if (static_cast<std::size_t>(kEventRows[i].event) != i) return false;
  }
  return true;
}
static_assert(are_in_order());

}  // namespace detail

constexpr const EventRow& row(Event event) {
  return detail::kEventRows[static_cast<std::size_t>(event)];
}

// Whether an event changes the content of the key. WATCH and clients that cache the value ignore
// changes of a stream's groups and of the ID that it counts on from.
constexpr bool concerns_key(Event event) { return row(event).scope != Scope::groups; }

}  // namespace larder::keyspace
