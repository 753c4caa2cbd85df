#pragma once

// The payload of FUNCTION DUMP and FUNCTION RESTORE: for each library | 245 | its code |, and
// behind them what is behind values in payloads of DUMP: | RDB version: 2 | CRC64: 8 |.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "larder/base/result.h"
#include "larder/engine/function_libraries.h"
#include "larder/persistence/dump_payload.h"

namespace larder::persistence {

Bytes functions_payload(const engine::FunctionLibraries& libraries, Compression compression);

// The code of each library, from a payload that was checked (open_payload()). The error is Redis's
// text, without a code.
base::Result<std::vector<std::string>> read_functions(std::string_view payload,
                                                      std::uint64_t most_bytes);

}  // namespace larder::persistence
