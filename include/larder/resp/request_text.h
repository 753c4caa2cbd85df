#pragma once

// A request as clients send it: an array of bulk strings.

#include <cstddef>

#include "larder/resp/request.h"

namespace larder::resp {

// How many bytes the request of these words takes.
std::size_t request_bytes(Args words);

// Writes it to `out`, which has request_bytes(words) bytes, and returns the end.
char* print_request(char* out, Args words);

}  // namespace larder::resp
