#pragma once

// The directives of memory: the allocator and active defragmentation.

#include "larder/config/config.h"

namespace larder::memory {

struct Settings : config::Group {
  explicit Settings(config::Registry& registry) : Group(registry, "Allocator") {}

  config::Toggle activedefrag{*this,
                              {.name = "activedefrag",
                               .fallback = false,
                               .traits = config::kNotActing,
                               .help = "Move values together while the server runs, so that pages "
                                       "become free."}};
  config::Bytes active_defrag_ignore_bytes{
      *this,
      {.name = "active-defrag-ignore-bytes",
       .fallback = 100 << 20,
       .range = {1, INT64_MAX},
       .traits = config::kNotActing,
       .help = "Wasted bytes below which defragmentation does not begin."}};
  config::Integer active_defrag_threshold_lower{
      *this,
      {.name = "active-defrag-threshold-lower",
       .fallback = 10,
       .range = {0, 1000},
       .traits = config::kNotActing,
       .help = "Percent of wasted memory from which defragmentation begins."}};
  config::Integer active_defrag_threshold_upper{
      *this,
      {.name = "active-defrag-threshold-upper",
       .fallback = 100,
       .range = {0, 1000},
       .traits = config::kNotActing,
       .help = "Percent of wasted memory from which defragmentation takes the most time it may."}};
  config::Integer active_defrag_cycle_min{
      *this,
      {.name = "active-defrag-cycle-min",
       .fallback = 1,
       .range = {1, 99},
       .traits = config::kNotActing,
       .help = "Percent of processor time for defragmentation at the lower threshold."}};
  config::Integer active_defrag_cycle_max{
      *this,
      {.name = "active-defrag-cycle-max",
       .fallback = 25,
       .range = {1, 99},
       .traits = config::kNotActing,
       .help = "Percent of processor time for defragmentation at the upper threshold."}};
  config::Integer active_defrag_max_scan_fields{
      *this,
      {.name = "active-defrag-max-scan-fields",
       .fallback = 1000,
       .range = {1, INT64_MAX},
       .traits = config::kNotActing,
       .help = "Elements of a set, hash, sorted set or list that are moved in one go; larger "
               "values are done in parts."}};
  config::Toggle jemalloc_bg_thread{
      *this,
      {.name = "jemalloc-bg-thread",
       .fallback = true,
       .help = "Let the allocator return unused pages from a thread of its own."}};
};

}  // namespace larder::memory
