#pragma once

// printf into a buffer of fixed size, or appended to a string. Other rooms must not call snprintf:
// its result may be larger than the buffer and is then not the length of the text.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace larder::base {

// Maximum number of characters of "%f" for any double.
inline constexpr std::size_t kFixedDoubleChars = 320;

// Writes the text to `out`, truncated at its end; one character is for the terminating zero.
[[gnu::format(printf, 2, 3)]] std::string_view print_into(std::span<char> out, const char* format,
                                                          ...);

// Appends the whole text, of any length.
[[gnu::format(printf, 2, 3)]] void append_print(std::string& out, const char* format, ...);

// The whole text.
[[gnu::format(printf, 1, 2)]] std::string printed(const char* format, ...);

}  // namespace larder::base
