#pragma once

// The counters of the keyspace.

#include "larder/info/info.h"

namespace larder::keyspace {

struct Metrics : info::Group {
  using Group::Group;
  info::Counter expired_keys{
      *this, "stats", "expired_keys", {.help = "Keys removed because they had expired."}};
  // Elements of values (fields of hashes) that were removed in the same way.
  info::Counter expired_subkeys{*this,
                                "stats",
                                "expired_subkeys",
                                {.help = "Fields of hashes removed because they had expired."}};
  info::Counter hits{*this, "stats", "keyspace_hits", {.help = "Lookups that found their key."}};
  info::Counter misses{
      *this, "stats", "keyspace_misses", {.help = "Lookups that did not find their key."}};
  // Completed walks over all keys that searched for the largest.
  info::Counter big_key_walks{
      *this, "stats", "big_keys_walks", {.help = "Walks over all keys for the largest keys."}};
};

}  // namespace larder::keyspace
