#pragma once

// The directives of the engine: which commands are allowed, and how often the periodic work runs.

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
                            .help = "Password that clients must send; empty means none."}};
  config::Choice enable_protected_configs{
      *this,
      {.name = "enable-protected-configs",
       .fallback = 0,
       .words = {"no", "yes", "local"},
       .traits = config::kImmutable,
       .help = "Which clients may change dir, dbfilename and the files of TLS with CONFIG SET: "
               "none, all, or those on this machine."}};
  config::Choice enable_debug_command{
      *this,
      {.name = "enable-debug-command",
       .fallback = 0,
       .words = {"no", "yes", "local"},
       .traits = config::kImmutable,
       .help = "Which clients may use DEBUG: none, all, or those on this machine."}};
  config::Choice enable_module_command{
      *this,
      {.name = "enable-module-command",
       .fallback = 0,
       .words = {"no", "yes", "local"},
       .traits = config::kImmutable,
       .help = "Which clients may use MODULE LOAD and MODULE UNLOAD, which always fail: none, all, "
               "or those on this machine."}};
  config::Lines loadmodule{
      *this,
      {.name = "loadmodule",
       .least_words = 1,
       .most_words = SIZE_MAX,
       .form = "path of a module and its arguments",
       .help = "Modules are not supported: the server does not start with this line.",
       .check = refuse_module}};
  config::Lines rename_command{*this,
                               {.name = "rename-command",
                                .least_words = 2,
                                .most_words = 2,
                                .form = "command and its new name, or \"\" to remove it",
                                .help = "Renames a command; one line for each command."}};
  config::Integer hz{*this,
                     {.name = "hz",
                      .fallback = 10,
                      .range = {0, INT_MAX},
                      .help = "Runs of the periodic work (expiry, timeouts, statistics) each "
                              "second. Values below 1 or above 500 have the effect of 1 or 500."}};
  config::Toggle dynamic_hz{
      *this,
      {.name = "dynamic-hz",
       .fallback = true,
       .help = "Run the periodic work more often if there are very many clients."}};
  config::Integer client_default_resp{*this,
                                      {.name = "client-default-resp",
                                       .fallback = 2,
                                       .range = {2, 3},
                                       .traits = config::kHidden | config::kNotActing,
                                       .help = "Protocol version of a new connection. For tests."}};
  config::Text req_res_logfile{*this,
                               {.name = "req-res-logfile",
                                .traits = config::kImmutable | config::kHidden | config::kNotActing,
                                .help = "File to write all requests and replies to. For tests."}};
};

}  // namespace larder::engine
