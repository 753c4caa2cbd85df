#pragma once

// Compares a printed reply with what a transcript expects.

#include <string>
#include <vector>

#include "script.h"

namespace larder::transcripts {

enum class Protocol : std::uint8_t { resp2 = 2, resp3 = 3 };

// What the step expects in this protocol. Answers written for RESP2 stand for RESP3 too, with
// its one null in place of the two.
Expected expected_in(const Step& step, Protocol protocol);

bool matches(const Expected& expected, const std::vector<std::string>& lines);

// Both side by side, the lines that differ marked.
std::string difference(const Expected& expected, const std::vector<std::string>& lines);

}  // namespace larder::transcripts
