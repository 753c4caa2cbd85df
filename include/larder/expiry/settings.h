#pragma once

// The directive of expiry.

#include "larder/config/config.h"

namespace larder::expiry {

struct Settings : config::Group {
  explicit Settings(config::Registry& registry) : Group(registry, "Expiry") {}

  config::Integer active_expire_effort{
      *this,
      {.name = "active-expire-effort",
       .fallback = 1,
       .range = {1, 10},
       .help = "Share of time for removing expired keys that no command reads; with 10, expired "
               "keys take the least memory and commands lose the most time."}};
};

}  // namespace larder::expiry
