#pragma once

// The first line of a script: "#!lua flags=no-writes,allow-oom".

#include <cstdint>
#include <span>
#include <string_view>

#include "host.h"
#include "larder/base/result.h"

namespace larder::scripting {

struct NamedFlag {
  std::string_view name;
  ScriptFlag flag;
};
// What scripts and functions can declare, in Redis's order.
std::span<const NamedFlag> script_flags();
// The flag of this name, in any case; 0 if there is none.
std::uint32_t function_flag(std::string_view name);

struct Shebang {
  std::uint32_t flags = 0;  // ScriptFlag
  std::size_t length = 0;   // of the line without its end
};

// What the text declares. The error is Redis's text, without a code.
base::Result<Shebang> read_shebang(std::string_view text);

}  // namespace larder::scripting
