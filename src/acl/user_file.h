#pragma once

// The form of ACL files: lines "user <name> <rules>", blank ones between them.

#include <string>
#include <string_view>
#include <vector>

#include "larder/acl/user.h"
#include "larder/base/result.h"

namespace larder::acl {

struct FileUser {
  std::string name;
  Powers powers;
};

// The users of a file's content. The error reports all mistakes, with `path` and line numbers.
base::Result<std::vector<FileUser>> read_users(const std::string& path, std::string_view content,
                                               const RuleContext& context);

}  // namespace larder::acl
