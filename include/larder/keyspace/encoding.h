#pragma once

#include <string_view>

#include "larder/keyspace/entry.h"

namespace larder::keyspace {

// How the value stands, in the words of OBJECT ENCODING. Cost: none worth counting.
std::string_view encoding(const Entry& entry);

}  // namespace larder::keyspace
