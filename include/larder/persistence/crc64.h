#pragma once

#include <cstdint>
#include <string_view>

namespace larder::persistence {

// CRC-64 with Jones's polynomial, the checksum of RDB files and DUMP payloads: reflected, from 0,
// not inverted; of "123456789" it is 0xe9c6d914c4b8d9ca. `crc` is that of the bytes before. Cost:
// about 0.7 ns a byte, a tenth of that for long texts if the processor has carry-less
// multiplication.
std::uint64_t crc64(std::uint64_t crc, std::string_view bytes);

}  // namespace larder::persistence
