#pragma once

// Writes a transcript's answers as a reference server gives them.

#include "larder/base/result.h"
#include "runner.h"
#include "script.h"

namespace larder::transcripts {

// Performs every case that concerns the reference and rewrites the file with its answers:
// RESP2's, and RESP3's where they are not the same. Answers that match already stay as they
// stand, patterns included. Returns how many were written.
base::Result<int> record(Runner& runner, const Script& script);

}  // namespace larder::transcripts
