#pragma once

// A request as clients send it: an array of bulk strings.

#include <cstddef>

#include "larder/resp/request.h"

namespace larder::resp {

// The bytes of the request of these words.
std::size_t request_bytes(Args words);
// The request of these words takes at most this many bytes.
std::size_t most_request_bytes(Args words);

// Writes it to `out`, which has room for the most bytes, and returns the end.
char* print_request(char* out, Args words);

}  // namespace larder::resp
