#pragma once

// The counters of scripts. The memory room has the fields of their memory.

#include "larder/info/info.h"

namespace larder::scripting {

struct Metrics : info::Group {
  using Group::Group;

  info::Counter evicted_scripts{
      *this,
      "stats",
      "evicted_scripts",
      {.help = "Scripts of EVAL that were dropped because many others came later."}};
};

}  // namespace larder::scripting
