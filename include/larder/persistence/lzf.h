#pragma once

// LZF, the compression of texts in RDB values. The library's functions take a byte at a time. The
// format is a row of:
//
//   000nnnnn                      n + 1 literal bytes follow
//   nnnooooo oooooooo             n + 2 bytes from o + 1 bytes back in the output, n from 1 to 6
//   111ooooo nnnnnnnn oooooooo    the same with n + 9 bytes
//
// A repetition may overlap its own output.

#include <cstddef>
#include <string_view>

namespace larder::persistence {

class Pulse;

// Compresses `text`, of at least one byte, into at most `most` bytes at `out`; returns how many, 0
// if they do not suffice; one byte more than the result always suffices. Cost: one pass; a few KB
// of stack.
std::size_t pack_lzf(std::string_view text, char* out, std::size_t most);

// Writes exactly `size` bytes to `out`; false if `packed` does not decompress to that size, or if
// the pulse, which is called every 256 KB, returns false.
bool unpack_lzf(std::string_view packed, char* out, std::size_t size, Pulse* pulse = nullptr);

}  // namespace larder::persistence
