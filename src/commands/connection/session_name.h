#pragma once

#include <string_view>

namespace larder::commands {

inline constexpr std::string_view kBadSessionName =
    "ERR Client names cannot contain spaces, newlines or special characters.";

// Whether CLIENT LIST can print `name` without being misread: printable ASCII, no spaces.
constexpr bool is_session_name(std::string_view name) {
  for (const char c : name) {
    if (c < '!' || c > '~') return false;
  }
  return true;
}

}  // namespace larder::commands
