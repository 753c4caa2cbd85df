#pragma once

#include "dataset_digest.h"

namespace larder::commands {

// A list's elements, in their order.
void mix_list(Digest& digest, const keyspace::Entry& entry);

}  // namespace larder::commands
