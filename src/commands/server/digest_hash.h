#pragma once

#include "dataset_digest.h"

namespace larder::commands {

// The fields in no order, each with its value; those past their deadline count until they are
// freed.
void mix_hash(Digest& digest, const keyspace::Entry& entry);

}  // namespace larder::commands
