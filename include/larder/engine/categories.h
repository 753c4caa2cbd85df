#pragma once

// ACL categories of commands, for COMMAND INFO and for rules: those that a row names, and those
// that its flags and its family imply.

#include <cstdint>
#include <optional>
#include <string_view>

#include "larder/engine/command_table.h"

namespace larder::engine {

// A set of categories, one bit each.
using AclCategories = std::uint32_t;
inline constexpr std::size_t kAclCategories = 21;

// "keyspace" for bit 0 and so on, without the @, in Redis's order.
std::string_view acl_category_name(std::size_t bit);

// The bit of a name, in any letter case; nothing when there is no such category.
std::optional<AclCategories> acl_category(std::string_view name);

// A container that only resolves its subcommands has only the category "slow".
AclCategories acl_categories(const Command& command);

}  // namespace larder::engine
