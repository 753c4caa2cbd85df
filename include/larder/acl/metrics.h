#pragma once

// How often access was denied, by reason.

#include "larder/info/info.h"

namespace larder::acl {

struct Metrics final : info::Group {
  using Group::Group;
  info::Counter denied_auth{
      *this, "stats", "acl_access_denied_auth", {.help = "Logins with a wrong name or password."}};
  info::Counter denied_command{*this,
                               "stats",
                               "acl_access_denied_cmd",
                               {.help = "Commands refused because the user may not run them."}};
  info::Counter denied_key{*this,
                           "stats",
                           "acl_access_denied_key",
                           {.help = "Commands refused for a key that the user may not use."}};
  info::Counter denied_channel{
      *this,
      "stats",
      "acl_access_denied_channel",
      {.help = "Commands refused for a channel that the user may not use."}};
};

}  // namespace larder::acl
