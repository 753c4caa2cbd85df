#pragma once

#include <cstddef>

#include "larder/keyspace/entry.h"

namespace larder::commands {

enum class Compression { off, on };

// How many bytes a string takes in an RDB file: small numbers in 2 to 5 bytes, texts behind
// their length, longer texts compressed by LZF where that is shorter.
std::size_t serialized_length(const keyspace::Entry& entry, Compression compression);

}  // namespace larder::commands
