#pragma once

// Which build this is.

#include <cstdint>
#include <string>
#include <string_view>

namespace larder::server {

// A source tree without version control has no commit; Redis's releases say so by zeros too.
inline constexpr std::string_view kBuildCommit = "00000000";
inline constexpr std::int64_t kBuildDirty = 0;
inline constexpr std::string_view kCompilerVersion = __VERSION__;

// 16 hex digits, the same for equal versions and compilers.
std::string build_id();

}  // namespace larder::server
