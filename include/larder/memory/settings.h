#pragma once

// The directives of memory: the allocator and active defragmentation.

#include <string>
#include <string_view>

#include "larder/base/result.h"
#include "larder/config/config.h"
#include "larder/memory/heap.h"

namespace larder::memory {

struct Settings : config::Group {
  // Where there is nothing to defragment, active defragmentation cannot be switched on.
  static constexpr std::string_view kNoDefragmentation =
      "Active defragmentation cannot be enabled: it requires a Larder server that is built with "
      "the page store (LARDER_DATA_STORE=pages)";

  explicit Settings(config::Registry& registry) : Group(registry, "Allocator") {
    activedefrag.watch([this]() -> base::Result<void> {
      if (defragments_in_vain()) return base::Error{std::string(kNoDefragmentation)};
      return {};
    });
  }
  bool defragments_in_vain() const { return activedefrag.value() && !kHasPageStore; }

  config::Toggle activedefrag{
      *this,
      {.name = "activedefrag",
       .fallback = false,
       .help = "Move values while the server runs, so that pages become free."}};
  config::Bytes active_defrag_ignore_bytes{
      *this,
      {.name = "active-defrag-ignore-bytes",
       .fallback = 100 << 20,
       .range = {1, INT64_MAX},
       .help = "Wasted bytes up to which defragmentation does not start."}};
  config::Integer active_defrag_threshold_lower{
      *this,
      {.name = "active-defrag-threshold-lower",
       .fallback = 10,
       .range = {0, 1000},
       .help = "Percentage of wasted memory at which defragmentation starts."}};
  config::Integer active_defrag_threshold_upper{
      *this,
      {.name = "active-defrag-threshold-upper",
       .fallback = 100,
       .range = {0, 1000},
       .help = "Percentage of wasted memory at which defragmentation takes its maximum share of "
               "time."}};
  config::Integer active_defrag_cycle_min{
      *this,
      {.name = "active-defrag-cycle-min",
       .fallback = 1,
       .range = {1, 99},
       .help = "Percentage of processor time for defragmentation at the lower threshold."}};
  config::Integer active_defrag_cycle_max{
      *this,
      {.name = "active-defrag-cycle-max",
       .fallback = 25,
       .range = {1, 99},
       .help = "Percentage of processor time for defragmentation at the upper threshold."}};
  config::Integer active_defrag_max_scan_fields{
      *this,
      {.name = "active-defrag-max-scan-fields",
       .fallback = 1000,
       .range = {1, INT64_MAX},
       .traits = config::kNotActing,
       .help = "For values of any size, defragmentation works in steps of a quarter of a "
               "millisecond, so this number has no meaning here."}};
  config::Toggle jemalloc_bg_thread{
      *this,
      {.name = "jemalloc-bg-thread",
       .fallback = true,
       .help = "Let the allocator's background thread return unused pages to the system."}};
};

}  // namespace larder::memory
