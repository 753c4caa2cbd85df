#pragma once

// What a server holds, as text that is the same for equal data however it is encoded.

#include <map>
#include <string>

#include "larder/keyspace/keyspace.h"

namespace larder::transcripts {

// The keys of all databases ("0 name"), with all that makes their value: digest, deadlines of key
// and fields, the marks of a stream and its groups. Expired keys that nobody removed are there.
using Dataset = std::map<std::string, std::string>;

Dataset describe(const keyspace::Keyspace& keyspace);

// The first keys that differ, one line each; empty where the two are equal.
std::string difference(const Dataset& expected, const Dataset& found);

}  // namespace larder::transcripts
