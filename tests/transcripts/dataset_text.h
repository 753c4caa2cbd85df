#pragma once

// The contents of a server as text, which is equal for equal data in any encoding.

#include <map>
#include <set>
#include <string>

#include "larder/keyspace/keyspace.h"
#include "not_replicated.h"

namespace larder::transcripts {

// The keys of all databases ("0 name"), with their values: digest, deadlines of key and fields,
// counters of a stream, its groups and consumers. Expired keys and fields that were not removed are
// included.
using Dataset = std::map<std::string, std::string>;

// Facts of groups and consumers to leave out.
using Omitted = std::set<Fact>;

Dataset describe(const keyspace::Keyspace& keyspace, const Omitted& omitted);

// The first keys that differ, one line each; empty if the two are equal.
std::string difference(const Dataset& expected, const Dataset& found);

}  // namespace larder::transcripts
