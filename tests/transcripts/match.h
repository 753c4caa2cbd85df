#pragma once

// Compares a printed reply with what a transcript expects.

#include <string>
#include <vector>

#include "script.h"

namespace larder::transcripts {

enum class Protocol : std::uint8_t { resp2 = 2, resp3 = 3 };

// The replies that the step expects in this protocol. Replies written for RESP2 apply to RESP3 too,
// with its single null in place of the two.
Expected expected_in(const Step& step, Protocol protocol);

bool matches(const Expected& expected, const std::vector<std::string>& lines);

// Both side by side, with marks at the lines that differ.
std::string difference(const Expected& expected, const std::vector<std::string>& lines);

}  // namespace larder::transcripts
