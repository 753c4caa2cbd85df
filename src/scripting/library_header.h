#pragma once

// The first line of a library of functions: "#!lua name=mylib".

#include <string>
#include <string_view>

#include "larder/base/result.h"

namespace larder::scripting {

struct LibraryHeader {
  std::string name;
  std::size_t length = 0;  // of the line without its end
};

// The error is Redis's text, without a code.
base::Result<LibraryHeader> read_library_header(std::string_view code);

// Whether libraries and functions may have this name: letters, digits and underscores.
bool is_function_name(std::string_view name);
inline constexpr std::string_view kBadFunctionName =
    "Library names can only contain letters, numbers, or underscores(_) and must be at least one "
    "character long";

}  // namespace larder::scripting
