# Headers that are compiled once, and then loaded by every file: the standard library's for all
# rooms, what a command's file begins with for the commands, GoogleTest for the tests. Each file
# still includes what it uses, so that it compiles without them (LARDER_PRECOMPILE=OFF).

option(LARDER_PRECOMPILE "Load common headers from a precompiled one" ON)

# What the compiler's cache asks for.
if(LARDER_PRECOMPILE AND CCACHE)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  endif()
endif()

set(LARDER_STANDARD_HEADERS <algorithm> <array> <bit> <charconv> <concepts> <cstdint> <cstring>
    <functional> <limits> <memory> <optional> <span> <string> <string_view> <utility> <variant>
    <vector>)

# Makes `headers` the precompiled ones of `target`.
function(larder_precompile target)
  if(LARDER_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE ${LARDER_STANDARD_HEADERS} ${ARGN})
  endif()
endfunction()

# `target` loads those of `owner`; both need the same flags and definitions.
function(larder_share_precompiled target owner)
  if(LARDER_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
endfunction()
