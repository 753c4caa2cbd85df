#pragma once

#include "dataset_digest.h"

namespace larder::commands {

void mix_stream(Digest& digest, const keyspace::Entry& entry);

}  // namespace larder::commands
