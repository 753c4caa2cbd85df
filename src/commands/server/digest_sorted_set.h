#pragma once

#include "dataset_digest.h"

namespace larder::commands {

// All members with their scores, in no order.
void mix_sorted_set(Digest& digest, const keyspace::Entry& entry);

}  // namespace larder::commands
