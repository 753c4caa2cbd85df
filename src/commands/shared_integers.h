#pragma once

#include <cstdint>

#include "larder/eviction/settings.h"
#include "larder/keyspace/entry.h"

namespace larder::commands {

// The reference count that Redis would report for the value: it has one shared object for each
// small number, which clients can see.
std::int64_t references(const keyspace::Entry& entry, const eviction::Settings& settings);

}  // namespace larder::commands
