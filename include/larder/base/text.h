#pragma once

// Small functions for ASCII text.

#include <string>
#include <string_view>

namespace larder::base {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::string lowered(std::string_view text);

// The text in double quotes with everything that is not printable escaped: \n, \r, \t, \a,
// \b, \\, \", and \xNN for the rest.
std::string quoted(std::string_view text);

}  // namespace larder::base
