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
       .help = "Most fields of a hash that is one compact block."}};
  config::Bytes hash_max_listpack_value{*this,
                                        {.name = "hash-max-listpack-value",
                                         .alias = "hash-max-ziplist-value",
                                         .fallback = 64,
                                         .range = {0, INT64_MAX},
                                         .help = "Longest field or value of a hash that is one "
                                                 "compact block."}};
  config::Integer list_max_listpack_size{
      *this,
      {.name = "list-max-listpack-size",
       .alias = "list-max-ziplist-size",
       .fallback = -2,
       .range = {INT_MIN, INT_MAX},
       .help = "Size of a node of a list: a positive number is elements; -1 to -5 are 4, 8, 16, 32 "
               "and 64 kilobytes."}};
  config::Integer list_compress_depth{
      *this,
      {.name = "list-compress-depth",
       .fallback = 0,
       .range = {0, INT_MAX},
       .help = "Nodes at each end of a list that stay uncompressed; 0 compresses none."}};
  config::Integer set_max_intset_entries{
      *this,
      {.name = "set-max-intset-entries",
       .fallback = 512,
       .range = {0, INT64_MAX},
       .help = "Most members of a set of integers that is one sorted array."}};
  config::Integer set_max_listpack_entries{
      *this,
      {.name = "set-max-listpack-entries",
       .fallback = 128,
       .range = {0, INT64_MAX},
       .help = "Most members of a set that is one compact block."}};
  config::Bytes set_max_listpack_value{
      *this,
      {.name = "set-max-listpack-value",
       .fallback = 64,
       .range = {0, INT64_MAX},
       .help = "Longest member of a set that is one compact block."}};
  config::Integer zset_max_listpack_entries{
      *this,
      {.name = "zset-max-listpack-entries",
       .alias = "zset-max-ziplist-entries",
       .fallback = 128,
       .range = {0, INT64_MAX},
       .help = "Most members of a sorted set that is one compact block."}};
  config::Bytes zset_max_listpack_value{
      *this,
      {.name = "zset-max-listpack-value",
       .alias = "zset-max-ziplist-value",
       .fallback = 64,
       .range = {0, INT64_MAX},
       .help = "Longest member of a sorted set that is one compact block."}};
  config::Bytes hll_sparse_max_bytes{
      *this,
      {.name = "hll-sparse-max-bytes",
       .fallback = 3000,
       .range = {0, INT64_MAX},
       .help = "Size up to which a HyperLogLog keeps its sparse form."}};
  config::Bytes stream_node_max_bytes{*this,
                                      {.name = "stream-node-max-bytes",
                                       .fallback = 4096,
                                       .range = {0, INT64_MAX},
                                       .help = "Size of a node of a stream; 0 is no limit."}};
  config::Integer stream_node_max_entries{
      *this,
      {.name = "stream-node-max-entries",
       .fallback = 100,
       .range = {0, INT64_MAX},
       .help = "Entries of a node of a stream; 0 is no limit."}};

  // DEBUG QUICKLIST-PACKED-THRESHOLD: list elements of this many bytes get a node of their own; 0
  // for those that no node could hold.
  std::size_t list_plain_from = 0;
};

}  // namespace larder::types
