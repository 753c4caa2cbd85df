#pragma once

// The directives of the engine: who may run what, and what is watched while it runs.

#include <climits>

#include "larder/config/config.h"
#include "larder/config/lists.h"

namespace larder::engine {

enum class Permission { no, yes, local };

inline base::Result<void> refuse_module(const std::vector<config::Lines::Line>&,
                                        const config::Lines::Line&) {
  return base::Error{"Modules are not supported: take the loadmodule line out"};
}

struct Settings : config::Group {
  explicit Settings(config::Registry& registry) : Group(registry, "Commands") {}

  config::Text requirepass{*this,
                           {.name = "requirepass",
                            .traits = config::kSensitive,
                            .help = "Password that clients must give; empty asks for none."}};
  config::Choice enable_protected_configs{
      *this,
      {.name = "enable-protected-configs",
       .fallback = 0,
       .words = {"no", "yes", "local"},
       .traits = config::kImmutable,
       .help = "Who may change dir, dbfilename and the files of TLS by command: nobody, everybody, "
               "or clients on this machine."}};
  config::Choice enable_debug_command{
      *this,
      {.name = "enable-debug-command",
       .fallback = 0,
       .words = {"no", "yes", "local"},
       .traits = config::kImmutable,
       .help = "Who may use DEBUG: nobody, everybody, or clients on this machine."}};
  config::Choice enable_module_command{
      *this,
      {.name = "enable-module-command",
       .fallback = 0,
       .words = {"no", "yes", "local"},
       .traits = config::kImmutable,
       .help = "Who may use MODULE LOAD and UNLOAD, which fail in any case: nobody, everybody, or "
               "clients on this machine."}};
  config::Lines loadmodule{*this,
                           {.name = "loadmodule",
                            .least_words = 1,
                            .most_words = SIZE_MAX,
                            .form = "path of a module and its arguments",
                            .help = "Modules are not supported: with this line the server does "
                                    "not start.",
                            .check = refuse_module}};
  config::Lines rename_command{*this,
                               {.name = "rename-command",
                                .least_words = 2,
                                .most_words = 2,
                                .form = "command and its new name, or \"\" to remove it",
                                .help = "Gives a command another name; one line for each."}};
  config::Integer hz{*this,
                     {.name = "hz",
                      .fallback = 10,
                      .range = {0, INT_MAX},
                      .help = "How often a second the periodic work is done: expiry, timeouts, "
                              "statistics. 1 to 500 act; what lies beyond is taken as the nearest "
                              "of them."}};
  config::Toggle dynamic_hz{*this,
                            {.name = "dynamic-hz",
                             .fallback = true,
                             .help = "Do the periodic work more often when there are very many "
                                     "clients."}};
  config::Integer slowlog_log_slower_than{
      *this,
      {.name = "slowlog-log-slower-than",
       .alias = "commandlog-execution-slower-than",
       .fallback = 10000,
       .range = {-1, INT64_MAX},
       .help = "Microseconds from which a command is noted in the slow log; 0 notes all, -1 none. "
               "Below 1000, pipelined commands are timed one by one, which costs them some 8 ns "
               "each."}};
  config::Integer slowlog_max_len{*this,
                                  {.name = "slowlog-max-len",
                                   .alias = "commandlog-slow-execution-max-len",
                                   .fallback = 128,
                                   .range = {0, INT64_MAX},
                                   .help = "Most entries that the slow log keeps; 0 notes none."}};
  config::Integer commandlog_request_larger_than{
      *this,
      {.name = "commandlog-request-larger-than",
       .fallback = 1048576,
       .range = {-1, INT64_MAX},
       .help = "Bytes of a request from which it is noted in the log of large requests; 0 notes "
               "all, -1 none."}};
  config::Integer commandlog_large_request_max_len{
      *this,
      {.name = "commandlog-large-request-max-len",
       .fallback = 128,
       .range = {0, INT64_MAX},
       .help = "Most entries that the log of large requests keeps; 0 notes none."}};
  config::Integer commandlog_reply_larger_than{
      *this,
      {.name = "commandlog-reply-larger-than",
       .fallback = 1048576,
       .range = {-1, INT64_MAX},
       .help = "Bytes of a reply from which its command is noted in the log of large replies; 0 "
               "notes all, -1 none."}};
  config::Integer commandlog_large_reply_max_len{
      *this,
      {.name = "commandlog-large-reply-max-len",
       .fallback = 128,
       .range = {0, INT64_MAX},
       .help = "Most entries that the log of large replies keeps; 0 notes none."}};
  config::Integer latency_monitor_threshold{
      *this,
      {.name = "latency-monitor-threshold",
       .fallback = 0,
       .range = {0, INT64_MAX},
       .help = "Milliseconds from which an event is noted for LATENCY; 0 notes none."}};
  config::Toggle latency_tracking{*this,
                                  {.name = "latency-tracking",
                                   .fallback = true,
                                   .help = "Keep the distribution of each command's times."}};
  config::Percentiles latency_tracking_info_percentiles{
      *this,
      {.name = "latency-tracking-info-percentiles",
       .fallback = {50, 99, 99.9},
       .help = "Which percentiles of the times INFO latencystats shows."}};
  config::Integer hot_keys_sample{
      *this,
      {.name = "hot-keys-sample",
       .fallback = 1024,
       .range = {0, 1 << 20},
       .help = "Of a busy server one command of this many, by chance, is looked at for KEYSTATS "
               "HOT; of a quiet one more. 0 is none, 1 all."}};
  config::Integer client_default_resp{
      *this,
      {.name = "client-default-resp",
       .fallback = 2,
       .range = {2, 3},
       .traits = config::kHidden | config::kNotActing,
       .help = "Version of the protocol that a connection begins with. For tests."}};
  config::Text req_res_logfile{*this,
                               {.name = "req-res-logfile",
                                .traits = config::kImmutable | config::kHidden | config::kNotActing,
                                .help = "File to write all requests and replies to. For tests."}};
};

}  // namespace larder::engine
