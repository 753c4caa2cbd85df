#pragma once

// printf into a place of fixed size, or onto a string. The other rooms do not call the printf
// family itself: what snprintf returns may pass the end of the place, and is no length to send.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace larder::base {

// Characters that "%f" of any double takes.
inline constexpr std::size_t kFixedDoubleChars = 320;

// The text in `out`, cut where `out` ends; one character of `out` is for the terminating zero.
[[gnu::format(printf, 2, 3)]] std::string_view print_into(std::span<char> out, const char* format,
                                                          ...);

// Appends the whole text, whatever its length.
[[gnu::format(printf, 2, 3)]] void append_print(std::string& out, const char* format, ...);

// The whole text.
[[gnu::format(printf, 1, 2)]] std::string printed(const char* format, ...);

}  // namespace larder::base
