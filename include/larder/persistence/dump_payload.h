#pragma once

// The payload of DUMP and RESTORE: | a value (value_codec.h) | RDB version: 2 | CRC64: 8 |, numbers
// little-endian, the checksum of all bytes before it.

#include <cstdint>
#include <optional>
#include <string_view>

#include "larder/persistence/value_codec.h"

namespace larder::persistence {

// Gives a value's payload to `out` in pieces of some tens of KB, a small one in one piece. Holds
// one piece, and while it compresses a long text, this text.
void write_payload(const keyspace::Entry& entry, std::int64_t now_ms, Compression compression,
                   Spill& out);
// Appends it.
void write_payload(const keyspace::Entry& entry, std::int64_t now_ms, Compression compression,
                   Bytes& out);

enum class Checksum : std::uint8_t { verified, ignored };

// The value's bytes; nothing if the version is not supported or the checksum is wrong.
std::optional<std::string_view> open_payload(std::string_view payload,
                                             Checksum checksum = Checksum::verified);

}  // namespace larder::persistence
