#pragma once

#include <cstddef>
#include <string_view>

namespace larder::info {

// Where Redis 7.2 prints this field within its section; other names come
// after all that it has. Lines without a name have the rank of an empty one.
std::size_t field_rank(std::string_view section, std::string_view name);

}  // namespace larder::info
