#pragma once

// The directive of scripts.

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
       .traits = config::kNotActing,
       .help = "Milliseconds that a script may run before other clients get the error BUSY."}};
};

}  // namespace larder::scripting
