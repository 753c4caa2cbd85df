#pragma once

#include <string_view>

#include "larder/keyspace/entry.h"

namespace larder::keyspace {

// The encoding of the value, in the words of OBJECT ENCODING. Cost: negligible.
std::string_view encoding(const Entry& entry);

}  // namespace larder::keyspace
