#include "command_info.h"

#include <algorithm>
#include <bit>

#include "larder/engine/categories.h"
#include "larder/engine/keys.h"

namespace larder::commands {
namespace {

using namespace engine;

struct FlagName {
  std::uint32_t flag;
  std::string_view name;
};

// In Redis's order.
constexpr FlagName kFlagNames[] = {
    {kWrites, "write"},
    {kReads, "readonly"},
    {kGrows, "denyoom"},
    {kAdmin, "admin"},
    {kPubSub, "pubsub"},
    {kNoScript, "noscript"},
    {kBlocks, "blocking"},
    {kLoading, "loading"},
    {kStale, "stale"},
    {kSkipMonitor, "skip_monitor"},
    {kSkipSlowlog, "skip_slowlog"},
    {kAsking, "asking"},
    {kFast, "fast"},
    {kNoAuth, "no_auth"},
    {kNoMandatoryKeys, "no_mandatory_keys"},
    {kNoAsyncLoading, "no_async_loading"},
    {kNoMulti, "no_multi"},
    {kMovableKeys, "movablekeys"},
    {kAllowBusy, "allow_busy"},
};

constexpr FlagName kKeyFlagNames[] = {
    {kRO, "RO"},
    {kRW, "RW"},
    {kOW, "OW"},
    {kRM, "RM"},
    {kAccess, "access"},
    {kUpdate, "update"},
    {kInsert, "insert"},
    {kDelete, "delete"},
    {kNotKey, "not_key"},
    {kIncomplete, "incomplete"},
    {kVariableFlags, "variable_flags"},
};

template <std::size_t kCount>
void write_flags(resp::Writer& reply, const FlagName (&names)[kCount], std::uint32_t flags) {
  const resp::Writer::Mark mark = reply.begin_set();
  std::uint64_t written = 0;
  for (const FlagName& each : names) {
    if ((flags & each.flag) == 0) continue;
    reply.simple(each.name);
    ++written;
  }
  reply.end_set(mark, written);
}

void write_categories(resp::Writer& reply, const Command& row) {
  const AclCategories categories = acl_categories(row);
  reply.set(static_cast<std::uint64_t>(std::popcount(categories)));
  for (std::size_t bit = 0; bit < kAclCategories; ++bit) {
    if ((categories >> bit & 1) != 0) reply.simple("@" + std::string(acl_category_name(bit)));
  }
}

void write_tips(resp::Writer& reply, std::string_view tips) {
  const resp::Writer::Mark mark = reply.begin_set();
  std::uint64_t written = 0;
  while (!tips.empty()) {
    const auto end = std::min(tips.find(' '), tips.size());
    reply.bulk(tips.substr(0, end));
    tips.remove_prefix(std::min(end + 1, tips.size()));
    ++written;
  }
  reply.end_set(mark, written);
}

void write_number(resp::Writer& reply, std::string_view name, int value) {
  reply.bulk(name);
  reply.integer(value);
}

// {type: ..., spec: {...}}; the spec's own items follow.
void write_search_head(resp::Writer& reply, std::string_view type, std::uint64_t items) {
  reply.map(2);
  reply.bulk("type");
  reply.bulk(type);
  reply.bulk("spec");
  reply.map(items);
}

void write_begin(resp::Writer& reply, const KeySpec& spec) {
  switch (spec.begin) {
    case KeySpec::Begin::none:
      return write_search_head(reply, "unknown", 0);
    case KeySpec::Begin::index:
      write_search_head(reply, "index", 1);
      return write_number(reply, "index", spec.first);
    case KeySpec::Begin::keyword:
      write_search_head(reply, "keyword", 2);
      reply.bulk("keyword");
      reply.bulk(spec.keyword);
      return write_number(reply, "startfrom", spec.first);
  }
}

void write_find(resp::Writer& reply, const KeySpec& spec) {
  if (spec.begin == KeySpec::Begin::none) return write_search_head(reply, "unknown", 0);
  write_search_head(reply, spec.find == KeySpec::Find::range ? "range" : "keynum", 3);
  if (spec.find == KeySpec::Find::range) {
    write_number(reply, "lastkey", spec.last);
    write_number(reply, "keystep", spec.step);
    write_number(reply, "limit", spec.limit);
  } else {
    write_number(reply, "keynumidx", spec.keynum_index);
    write_number(reply, "firstkey", spec.keynum_first);
    write_number(reply, "keystep", spec.step);
  }
}

void write_key_specs(resp::Writer& reply, const KeySpecs& specs) {
  const resp::Writer::Mark mark = reply.begin_set();
  std::uint64_t written = 0;
  for (const KeySpec& spec : specs) {
    if (spec.begin == KeySpec::Begin::none && spec.flags == 0) continue;
    reply.map(3);
    reply.bulk("flags");
    write_flags(reply, kKeyFlagNames, spec.flags);
    reply.bulk("begin_search");
    write_begin(reply, spec);
    reply.bulk("find_keys");
    write_find(reply, spec);
    ++written;
  }
  reply.end_set(mark, written);
}

// Redis gives an empty set, but an array when there are subcommands.
void write_children(resp::Writer& reply, const BoundCommand& command) {
  if (command.children.empty()) return reply.set(0);
  reply.array(command.children.size());
  for (const BoundCommand* child : command.children) write_command_info(reply, *child);
}

}  // namespace

void write_key_flags(resp::Writer& reply, std::uint32_t flags) {
  write_flags(reply, kKeyFlagNames, flags);
}

void write_command_info(resp::Writer& reply, const BoundCommand& command) {
  constexpr std::uint64_t kFacts = 10;
  const Command& row = *command.row;
  const KeyRange range = key_range(row);
  reply.array(kFacts);
  reply.bulk(command.full_name());
  reply.integer(row.arity.value);
  write_flags(reply, kFlagNames, row.flags);
  reply.integer(range.first);
  reply.integer(range.last);
  reply.integer(range.step);
  write_categories(reply, row);
  write_tips(reply, row.tips);
  write_key_specs(reply, row.keys);
  write_children(reply, command);
}

}  // namespace larder::commands
