#pragma once

#include "dataset_digest.h"

namespace larder::commands {

// All members, in no order.
void mix_set(Digest& digest, const keyspace::Entry& entry);

}  // namespace larder::commands
