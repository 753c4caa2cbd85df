#include "larder/engine/categories.h"

#include <array>

#include "larder/base/text.h"

namespace larder::engine {
namespace {

enum Bit : std::size_t {
  keyspace,
  read,
  write,
  set,
  sorted_set,
  list,
  hash,
  string,
  bitmap,
  hyperloglog,
  geo,
  stream,
  pubsub,
  admin,
  fast,
  slow,
  blocking,
  dangerous,
  connection,
  transaction,
  scripting,
};

constexpr std::array<std::string_view, kAclCategories> kNames = {
    "keyspace", "read",   "write",       "set",       "sortedset",  "list",        "hash",
    "string",   "bitmap", "hyperloglog", "geo",       "stream",     "pubsub",      "admin",
    "fast",     "slow",   "blocking",    "dangerous", "connection", "transaction", "scripting",
};

constexpr AclCategories mask(Bit bit) { return AclCategories{1} << bit; }

AclCategories of_family(Family family) {
  switch (family) {
    case Family::string:
      return mask(string);
    case Family::list:
      return mask(list);
    case Family::set:
      return mask(set);
    case Family::sorted_set:
      return mask(sorted_set);
    case Family::hash:
      return mask(hash);
    case Family::transactions:
      return mask(transaction);
    case Family::connection:
      return mask(connection);
    case Family::scripting:
      return mask(scripting);
    case Family::hyperloglog:
      return mask(hyperloglog);
    case Family::geo:
      return mask(geo);
    case Family::stream:
      return mask(stream);
    case Family::bitmap:
      return mask(bitmap);
    case Family::generic:
    case Family::pubsub:
    case Family::server:
    case Family::cluster:
      break;
  }
  return 0;
}

AclCategories of_flags(const Command& command) {
  AclCategories found = command.has(kFast) ? mask(fast) : mask(slow);
  if (command.has(kWrites)) found |= mask(write);
  if (command.has(kReads) && command.family != Family::scripting) found |= mask(read);
  if (command.has(kAdmin)) found |= mask(admin) | mask(dangerous);
  if (command.has(kPubSub)) found |= mask(pubsub);
  if (command.has(kBlocks)) found |= mask(blocking);
  return found;
}

}  // namespace

std::string_view acl_category_name(std::size_t bit) { return kNames[bit]; }

std::optional<AclCategories> acl_category(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (base::equals_ignoring_case(kNames[i], name)) return AclCategories{1} << i;
  }
  return std::nullopt;
}

AclCategories acl_categories(const Command& command) {
  AclCategories found = of_flags(command);
  if (!command.handler && (!command.has(kAbsent) || command.has(kContainer))) return found;
  found |= of_family(command.family);
  if ((command.categories & kKeyspace) != 0) found |= mask(keyspace);
  if ((command.categories & kDangerous) != 0) found |= mask(dangerous);
  if ((command.categories & kAdministers) != 0) found |= mask(admin) | mask(dangerous);
  if ((command.categories & kConnection) != 0) found |= mask(connection);
  if ((command.categories & kSortable) != 0) found |= mask(list) | mask(set) | mask(sorted_set);
  return found;
}

}  // namespace larder::engine
