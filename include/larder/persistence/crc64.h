#pragma once

#include <cstdint>
#include <string_view>

namespace larder::persistence {

// CRC-64 by Jones's polynomial, as RDB files and DUMP's payloads end with it: reflected, from 0,
// not inverted; of "123456789" it is 0xe9c6d914c4b8d9ca. `crc` is that of the bytes before. Cost:
// about 0.7 ns a byte, a tenth of that for long texts where the processor multiplies without carry.
std::uint64_t crc64(std::uint64_t crc, std::string_view bytes);

}  // namespace larder::persistence
