#pragma once

// The directives of access control: users and what new ones may do.

#include <climits>
#include <string>
#include <vector>

#include "larder/base/text.h"
#include "larder/config/config.h"
#include "larder/config/lists.h"

namespace larder::acl {

// A second line for a user must begin with the rule `reset`: it replaces the user or, without other
// rules, removes it. CONFIG REWRITE writes such a line where an included file defines a user that
// has changed or was deleted.
inline base::Result<void> check_user_line(const std::vector<config::Lines::Line>& before,
                                          const config::Lines::Line& line) {
  for (const config::Lines::Line& other : before) {
    if (other[0] != line[0]) continue;
    if (line.size() > 1 && base::equals_ignoring_case(line[1], "reset")) return {};
    return base::Error{"Error in user declaration '" + line[0] +
                       "': Duplicate user found. A user can only be defined once in config files"};
  }
  return {};
}

struct Settings : config::Group {
  explicit Settings(config::Registry& registry) : Group(registry, "Users and access control") {}

  config::Lines user{
      *this,
      {.name = "user",
       .least_words = 1,
       .most_words = SIZE_MAX,
       .form = "name and rules as of ACL SETUSER",
       .traits = config::kSensitive,
       .help = "Defines a user; one line for each user. Cannot be combined with aclfile.",
       .check = check_user_line}};
  config::Text aclfile{*this,
                       {.name = "aclfile",
                        .traits = config::kImmutable,
                        .help = "File of user lines that ACL LOAD and ACL SAVE use, instead of "
                                "user lines in the configuration."}};
  config::Choice acl_pubsub_default{*this,
                                    {.name = "acl-pubsub-default",
                                     .fallback = 1,
                                     .words = {"allchannels", "resetchannels"},
                                     .help = "Channels that a new user may use: all or none."}};
  config::Integer acllog_max_len{
      *this,
      {.name = "acllog-max-len",
       .fallback = 128,
       .range = {0, INT64_MAX},
       .help = "Maximum number of entries of ACL LOG. They take at most 4 MB: beyond "
               "that the oldest are removed."}};
};

}  // namespace larder::acl
