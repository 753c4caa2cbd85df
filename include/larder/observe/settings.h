#pragma once

// The directives of command logs, latency and hot keys.

#include <cstdint>

#include "larder/config/config.h"
#include "larder/config/lists.h"

namespace larder::observe {

struct Settings : config::Group {
  explicit Settings(config::Registry& registry)
      : Group(registry, "Slow log, latency and hot keys") {}

  config::Integer slowlog_log_slower_than{
      *this,
      {.name = "slowlog-log-slower-than",
       .alias = "commandlog-execution-slower-than",
       .fallback = 10000,
       .range = {-1, INT64_MAX},
       .help =
           "Microseconds from which a command is added to the slow log; 0 logs all, -1 none. Below "
           "1000, pipelined commands are timed one by one, which takes about 8 ns for each."}};
  config::Integer slowlog_max_len{*this,
                                  {.name = "slowlog-max-len",
                                   .alias = "commandlog-slow-execution-max-len",
                                   .fallback = 128,
                                   .range = {0, INT64_MAX},
                                   .help = "Maximum number of entries of the slow log; 0 disables "
                                           "it. They take at most 4 MB: beyond "
                                           "that the oldest are removed."}};
  config::Integer commandlog_request_larger_than{
      *this,
      {.name = "commandlog-request-larger-than",
       .fallback = 1048576,
       .range = {-1, INT64_MAX},
       .help = "Bytes of a request from which it is added to the log of large requests; 0 logs "
               "all, -1 none."}};
  config::Integer commandlog_large_request_max_len{
      *this,
      {.name = "commandlog-large-request-max-len",
       .fallback = 128,
       .range = {0, INT64_MAX},
       .help =
           "Maximum number of entries of the log of large requests; 0 disables it. They take at "
           "most 4 MB: beyond that the oldest are removed."}};
  config::Integer commandlog_reply_larger_than{
      *this,
      {.name = "commandlog-reply-larger-than",
       .fallback = 1048576,
       .range = {-1, INT64_MAX},
       .help = "Bytes of a reply from which its command is added to the log of large replies; 0 "
               "logs all, -1 none."}};
  config::Integer commandlog_large_reply_max_len{
      *this,
      {.name = "commandlog-large-reply-max-len",
       .fallback = 128,
       .range = {0, INT64_MAX},
       .help = "Maximum number of entries of the log of large replies; 0 disables it. They take at "
               "most "
               "4 MB: beyond that the oldest are removed."}};
  config::Integer latency_monitor_threshold{
      *this,
      {.name = "latency-monitor-threshold",
       .fallback = 0,
       .range = {0, INT64_MAX},
       .help = "Milliseconds from which an event is recorded for LATENCY; 0 records none."}};
  config::Toggle latency_tracking{
      *this,
      {.name = "latency-tracking",
       .fallback = true,
       .help = "Record a histogram of the execution times of each command."}};
  config::Percentiles latency_tracking_info_percentiles{
      *this,
      {.name = "latency-tracking-info-percentiles",
       .fallback = {50, 99, 99.9},
       .help = "Percentiles of the execution times that INFO latencystats shows."}};
  config::Integer hot_keys_sample{
      *this,
      {.name = "hot-keys-sample",
       .fallback = 1024,
       .range = {0, 1 << 20},
       .help = "For KEYSTATS HOT, one of this many commands is sampled at random on a busy server, "
               "more of them on a quiet one. 0 samples none, 1 all."}};
};

}  // namespace larder::observe
