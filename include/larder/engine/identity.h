#pragma once

// The name and version that clients see.

#include <string_view>

namespace larder::engine {

// The Redis version whose behaviour clients can rely on; many clients check it.
inline constexpr std::string_view kCompatibleVersion = "7.2.6";
inline constexpr std::string_view kLarderVersion = "0.1.0";

}  // namespace larder::engine
