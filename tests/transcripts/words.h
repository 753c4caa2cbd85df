#pragma once

// The words of a command line in a transcript, quoted as redis-cli does.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::transcripts {

// Like base::split_words(), but {1000*text} is the text repeated a thousand times.
std::optional<std::vector<std::string>> split_words(std::string_view line);

// The words as a RESP request.
std::string encode_request(const std::vector<std::string>& words);

}  // namespace larder::transcripts
