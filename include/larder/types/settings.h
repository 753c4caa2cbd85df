#pragma once

// The directives of the data types: up to which size a value keeps its compact encoding.

#include <climits>

#include "larder/config/config.h"

namespace larder::types {

struct Settings : config::Group {
  explicit Settings(config::Registry& registry) : Group(registry, "Encodings of values") {}

  config::Integer hash_max_listpack_entries{
      *this,
      {.name = "hash-max-listpack-entries",
       .alias = "hash-max-ziplist-entries",
       .fallback = 512,
       .range = {0, INT64_MAX},
       .help = "Maximum number of fields of a hash that is one listpack."}};
  config::Bytes hash_max_listpack_value{
      *this,
      {.name = "hash-max-listpack-value",
       .alias = "hash-max-ziplist-value",
       .fallback = 64,
       .range = {0, INT64_MAX},
       .help = "Maximum length of a field or value of a hash that is one listpack."}};
  config::Integer list_max_listpack_size{
      *this,
      {.name = "list-max-listpack-size",
       .alias = "list-max-ziplist-size",
       .fallback = -2,
       .range = {INT_MIN, INT_MAX},
       .help = "Size of a node of a list: a positive number is a number of elements; -1 to -5 are "
               "4, 8, 16, 32 and 64 kilobytes."}};
  config::Integer list_compress_depth{
      *this,
      {.name = "list-compress-depth",
       .fallback = 0,
       .range = {0, INT_MAX},
       .help =
           "Number of nodes at each end of a list that are not compressed; 0 compresses none."}};
  config::Integer set_max_intset_entries{
      *this,
      {.name = "set-max-intset-entries",
       .fallback = 512,
       .range = {0, INT64_MAX},
       .help = "Maximum number of members of a set of integers that is one sorted array."}};
  config::Integer set_max_listpack_entries{
      *this,
      {.name = "set-max-listpack-entries",
       .fallback = 128,
       .range = {0, INT64_MAX},
       .help = "Maximum number of members of a set that is one listpack."}};
  config::Bytes set_max_listpack_value{
      *this,
      {.name = "set-max-listpack-value",
       .fallback = 64,
       .range = {0, INT64_MAX},
       .help = "Maximum length of a member of a set that is one listpack."}};
  config::Integer zset_max_listpack_entries{
      *this,
      {.name = "zset-max-listpack-entries",
       .alias = "zset-max-ziplist-entries",
       .fallback = 128,
       .range = {0, INT64_MAX},
       .help = "Maximum number of members of a sorted set that is one listpack."}};
  config::Bytes zset_max_listpack_value{
      *this,
      {.name = "zset-max-listpack-value",
       .alias = "zset-max-ziplist-value",
       .fallback = 64,
       .range = {0, INT64_MAX},
       .help = "Maximum length of a member of a sorted set that is one listpack."}};
  config::Bytes hll_sparse_max_bytes{*this,
                                     {.name = "hll-sparse-max-bytes",
                                      .fallback = 3000,
                                      .range = {0, INT64_MAX},
                                      .help = "Maximum size of the sparse form of a HyperLogLog."}};
  config::Bytes stream_node_max_bytes{
      *this,
      {.name = "stream-node-max-bytes",
       .fallback = 4096,
       .range = {0, INT64_MAX},
       .help = "Maximum size of a node of a stream; 0 means no limit."}};
  config::Integer stream_node_max_entries{
      *this,
      {.name = "stream-node-max-entries",
       .fallback = 100,
       .range = {0, INT64_MAX},
       .help = "Maximum number of entries of a node of a stream; 0 means no limit."}};

  // DEBUG QUICKLIST-PACKED-THRESHOLD: list elements of this many bytes get a node of their own; 0
  // for those that no node could hold.
  std::size_t list_plain_from = 0;
};

}  // namespace larder::types
