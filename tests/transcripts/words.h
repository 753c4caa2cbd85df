#pragma once

// The words of a command line in a transcript, quoted as redis-cli does.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::transcripts {

// Splits at spaces. "..." knows \n \r \t \b \a \\ \" and \xNN; '...' knows \'; {1000*text} is the
// text a thousand times over. Nothing when a quote stays open or text follows a closing one.
std::optional<std::vector<std::string>> split_words(std::string_view line);

// The words as a RESP request.
std::string encode_request(const std::vector<std::string>& words);

}  // namespace larder::transcripts
