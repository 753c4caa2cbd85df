#pragma once

// The directives of memory: the allocator and active defragmentation.

#include "larder/config/config.h"

namespace larder::memory {

struct Settings : config::Group {
  explicit Settings(config::Registry& registry) : Group(registry, "Allocator") {}

  config::Toggle activedefrag{
      *this,
      {.name = "activedefrag",
       .fallback = false,
       .traits = config::kNotActing,
       .help = "Move values while the server runs, so that pages become free."}};
  config::Bytes active_defrag_ignore_bytes{
      *this,
      {.name = "active-defrag-ignore-bytes",
       .fallback = 100 << 20,
       .range = {1, INT64_MAX},
       .traits = config::kNotActing,
       .help = "Wasted bytes below which defragmentation does not start."}};
  config::Integer active_defrag_threshold_lower{
      *this,
      {.name = "active-defrag-threshold-lower",
       .fallback = 10,
       .range = {0, 1000},
       .traits = config::kNotActing,
       .help = "Percentage of wasted memory at which defragmentation starts."}};
  config::Integer active_defrag_threshold_upper{
      *this,
      {.name = "active-defrag-threshold-upper",
       .fallback = 100,
       .range = {0, 1000},
       .traits = config::kNotActing,
       .help = "Percentage of wasted memory at which defragmentation takes its maximum share of "
               "time."}};
  config::Integer active_defrag_cycle_min{
      *this,
      {.name = "active-defrag-cycle-min",
       .fallback = 1,
       .range = {1, 99},
       .traits = config::kNotActing,
       .help = "Percentage of processor time for defragmentation at the lower threshold."}};
  config::Integer active_defrag_cycle_max{
      *this,
      {.name = "active-defrag-cycle-max",
       .fallback = 25,
       .range = {1, 99},
       .traits = config::kNotActing,
       .help = "Percentage of processor time for defragmentation at the upper threshold."}};
  config::Integer active_defrag_max_scan_fields{
      *this,
      {.name = "active-defrag-max-scan-fields",
       .fallback = 1000,
       .range = {1, INT64_MAX},
       .traits = config::kNotActing,
       .help = "Maximum number of elements of a value that are moved in one step; larger values "
               "are moved in several steps."}};
  config::Toggle jemalloc_bg_thread{
      *this,
      {.name = "jemalloc-bg-thread",
       .fallback = true,
       .help = "Let the allocator's background thread return unused pages to the system."}};
};

}  // namespace larder::memory
