#pragma once

#include <cstddef>
#include <cstdint>

#include "larder/keyspace/entry.h"
#include "larder/persistence/value_codec.h"

namespace larder::commands {

// How many bytes a value takes in an RDB file, without the byte of its type. Cost: as that of DUMP.
std::size_t serialized_length(const keyspace::Entry& entry, std::int64_t now_ms,
                              persistence::Compression compression);

}  // namespace larder::commands
