#pragma once

#include <cstddef>
#include <cstdint>

#include "larder/keyspace/entry.h"
#include "larder/persistence/value_codec.h"

namespace larder::commands {

// The size of a value in an RDB file, without the type byte. Cost: that of DUMP.
std::size_t serialized_length(const keyspace::Entry& entry, std::int64_t now_ms,
                              persistence::Compression compression);

}  // namespace larder::commands
