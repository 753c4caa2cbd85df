#pragma once

// Appends to an increment what a killed process left in its ring.

#include "larder/base/log.h"
#include "larder/persistence/aof_manifest.h"
#include "larder/persistence/journal_calls.h"

namespace larder::persistence {

// Nothing is changed if the ring is not of this increment, or if another program has written to the
// file since. What was done is in the log.
base::Result<void> recover_from_ring(JournalCalls& calls, base::Log& log, const AofNames& names,
                                     const AofManifest& manifest);

}  // namespace larder::persistence
