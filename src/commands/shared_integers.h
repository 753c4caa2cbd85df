#pragma once

#include <cstdint>

#include "larder/eviction/settings.h"
#include "larder/keyspace/entry.h"

namespace larder::commands {

// What Redis would say of how many places refer to the value: it keeps one object for each
// small number, and clients can tell.
std::int64_t references(const keyspace::Entry& entry, const eviction::Settings& settings);

}  // namespace larder::commands
