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
       .help = "How much time goes into removing expired keys that nobody reads; 10 leaves least "
               "memory to expired keys and takes most time from commands."}};
};

}  // namespace larder::expiry
