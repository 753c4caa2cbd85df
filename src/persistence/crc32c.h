#pragma once

#include <cstdint>
#include <string_view>

namespace larder::persistence {

// CRC-32C (Castagnoli's polynomial), as iSCSI and ext4 use it: of "123456789" it is 0xe3069283.
// `crc` is that of the bytes before, 0 at the beginning. Cost: about 0.4 ns a byte with SSE 4.2.
std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes);

}  // namespace larder::persistence
