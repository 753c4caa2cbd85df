#pragma once

// The directives of scripts.

#include "larder/config/config.h"

namespace larder::scripting {

struct Settings : config::Group {
  explicit Settings(config::Registry& registry) : Group(registry, "Scripts") {}

  config::Integer busy_reply_threshold{
      *this,
      {.name = "busy-reply-threshold",
       .alias = "lua-time-limit",
       .fallback = 5000,
       .range = {0, INT64_MAX},
       .help = "Milliseconds that a script may run before other clients get the error BUSY, and "
               "SCRIPT KILL can end it. With 0 they wait until it is over."}};
  config::Integer script_time_limit{
      *this,
      {.name = "script-time-limit",
       .fallback = 0,
       .range = {0, INT64_MAX},
       .help =
           "Milliseconds after which a script is ended with an error; what it has changed stays. "
           "0 means no limit."}};
  config::Bytes script_memory_limit{
      *this,
      {.name = "script-memory-limit",
       .fallback = 256 << 20,
       .range = {1 << 20, INT64_MAX},
       .help =
           "Maximum memory that one run of a script may take. With maxmemory it is also bounded "
           "by what eviction could free, but not below 16 MB."}};
  config::Toggle lua_enable_deprecated_api{
      *this,
      {.name = "lua-enable-deprecated-api",
       .fallback = false,
       .traits = config::kImmutable | config::kHidden,
       .help = "Whether scripts have getfenv, setfenv and newproxy, which Lua has deprecated."}};
};

}  // namespace larder::scripting
