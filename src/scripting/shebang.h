#pragma once

// The first line of a script: "#!lua flags=no-writes,allow-oom".

#include <cstdint>
#include <string_view>

#include "larder/base/result.h"

namespace larder::scripting {

struct Shebang {
  std::uint32_t flags = 0;  // ScriptFlag
  std::size_t length = 0;   // of the line without its end
};

// What the text declares. The error is Redis's text, without a code.
base::Result<Shebang> read_shebang(std::string_view text);

}  // namespace larder::scripting
