#pragma once

// How often access was denied, by what was asked for.

#include "larder/info/info.h"

namespace larder::acl {

struct Metrics final : info::Group {
  using Group::Group;
  info::Counter denied_auth{*this, "stats", "acl_access_denied_auth"};
  info::Counter denied_command{*this, "stats", "acl_access_denied_cmd"};
  info::Counter denied_key{*this, "stats", "acl_access_denied_key"};
  info::Counter denied_channel{*this, "stats", "acl_access_denied_channel"};
};

}  // namespace larder::acl
