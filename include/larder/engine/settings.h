#pragma once

// The directives of the engine: who may run what, and how often the periodic work is done.

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
