#pragma once

// Decompresses LZF; faster than the library, which copies one byte at a time. The format is a
// sequence of:
//
//   000nnnnn                      n + 1 bytes follow as they are
//   nnnooooo oooooooo             n + 2 bytes from o + 1 bytes back in the output, n from 1 to 6
//   111ooooo nnnnnnnn oooooooo    the same with n + 9 bytes
//
// A copy may overlap its own output.

#include <cstddef>
#include <string_view>

namespace larder::persistence {

// Writes exactly `size` bytes to `out`; false if `packed` does not decompress to them.
bool unpack_lzf(std::string_view packed, char* out, std::size_t size);

}  // namespace larder::persistence
