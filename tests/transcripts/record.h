#pragma once

// Writes the replies of a reference server into a transcript.

#include "larder/base/result.h"
#include "runner.h"
#include "script.h"

namespace larder::transcripts {

// Runs every case that applies to the reference and rewrites the file with its replies:
// those of RESP2, and those of RESP3 if they differ. Replies that match already are not
// changed, including patterns. Returns how many were written.
base::Result<int> record(Runner& runner, const Script& script);

}  // namespace larder::transcripts
