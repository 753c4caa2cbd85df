#pragma once

// LZF, the compression of texts in RDB values. The library's functions take a byte at a time. The
// format is a row of:
//
//   000nnnnn                      n + 1 bytes follow as they are
//   nnnooooo oooooooo             n + 2 bytes from o + 1 bytes back in the output, n from 1 to 6
//   111ooooo nnnnnnnn oooooooo    the same with n + 9 bytes
//
// What is repeated may reach into what it makes.

#include <cstddef>
#include <string_view>

namespace larder::persistence {

// Compresses `text`, of at least one byte, into at most `most` bytes at `out`; returns how many, 0
// when that is not enough; a byte more than it returns always is. Cost: one pass; a few KB of
// stack.
std::size_t pack_lzf(std::string_view text, char* out, std::size_t most);

// Writes `size` bytes to `out`, no less and no more; false when `packed` is not what makes them.
bool unpack_lzf(std::string_view packed, char* out, std::size_t size);

}  // namespace larder::persistence
