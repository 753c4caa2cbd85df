#pragma once

// What Larder calls itself to clients that ask.

#include <string_view>

namespace larder::engine {

// The Redis whose behaviour clients can rely on; many branch on it.
inline constexpr std::string_view kCompatibleVersion = "7.2.6";
inline constexpr std::string_view kLarderVersion = "0.1.0";

}  // namespace larder::engine
