# Compiler flags, the compiler's cache, the allocator behind the memory room, and the libraries
# from the system.

# The cache keeps objects across build folders and checkouts: paths below the sources are
# relative in what it compares.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}"
                                  CCACHE_NOHASHDIR=1 "CCACHE_SLOPPINESS=pch_defines,time_macros"
                                  sh "${CMAKE_SOURCE_DIR}/cmake/compile.sh" "${CCACHE}")
endif()

find_package(Threads REQUIRED)
find_path(ASIO_INCLUDE_DIR asio.hpp REQUIRED)
find_library(LZF_LIBRARY lzf REQUIRED)

# The logger is compiled in: one file uses it.
find_path(SPDLOG_INCLUDE_DIR spdlog/spdlog.h REQUIRED)
add_library(larder_logger INTERFACE)
target_include_directories(larder_logger SYSTEM INTERFACE ${SPDLOG_INCLUDE_DIR})
target_compile_definitions(larder_logger INTERFACE SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY)
target_link_libraries(larder_logger INTERFACE Threads::Threads)

# A server that is not sanitized carries what it uses of OpenSSL and the C++ library in its own
# file: whole libraries beside it are three megabytes more in memory.
if(NOT LARDER_SANITIZE)
  set(OPENSSL_USE_STATIC_LIBS ON)
  add_link_options(-static-libstdc++ -static-libgcc -Wl,--exclude-libs,libstdc++.a:libcrypto.a:libssl.a)
  # Symbols are looked up at the start, whose pages go back before the first request.
  add_link_options(-Wl,-z,relro,-z,now)
endif()

# SHA-1 and SHA-256 by libcrypto's plain functions, which allocate nothing; the newer ones do.
find_package(OpenSSL REQUIRED COMPONENTS Crypto SSL)
add_compile_definitions(OPENSSL_SUPPRESS_DEPRECATED)
add_library(larder_digests INTERFACE)
target_link_libraries(larder_digests INTERFACE OpenSSL::Crypto)

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wcast-align -Wno-missing-field-initializers)
if(LARDER_WERROR)
  add_compile_options(-Werror)
endif()
add_compile_options(-fno-omit-frame-pointer -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)

if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64" AND NOT LARDER_PORTABLE)
  add_compile_options(-march=x86-64-v2 -maes)
endif()

# The sanitizers watch malloc, so a sanitized build allocates from it; every other build allocates
# from jemalloc, except the blocks of keys and values, which come from the page store unless
# LARDER_DATA_STORE says jemalloc.
if(NOT LARDER_DATA_STORE MATCHES "^(pages|jemalloc)$")
  message(FATAL_ERROR "LARDER_DATA_STORE is pages or jemalloc, not ${LARDER_DATA_STORE}")
endif()
if(LARDER_DATA_STORE STREQUAL "pages" AND NOT LARDER_SANITIZE)
  add_compile_definitions(LARDER_DATA_PAGES=1)
endif()
add_library(larder_allocator INTERFACE)
target_link_libraries(larder_allocator INTERFACE Threads::Threads ${CMAKE_DL_LIBS})
if(LARDER_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
  add_compile_definitions(LARDER_SYSTEM_MALLOC=1)
else()
  find_library(JEMALLOC_LIBRARY NAMES libjemalloc_pic.a libjemalloc.a REQUIRED)
  target_link_libraries(larder_allocator INTERFACE ${JEMALLOC_LIBRARY} m)
endif()

if(LARDER_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# g++ and mold do not agree on link-time optimisation; everything else links faster with it.
find_program(MOLD mold)
if(MOLD AND NOT CMAKE_INTERPROCEDURAL_OPTIMIZATION)
  add_link_options(-fuse-ld=mold)
endif()
# Objects of the rooms hold machine code besides what link-time optimization reads. The server is
# optimized as a whole; tests and benchmarks are linked from the machine code, in a second instead
# of a minute each.
set(LARDER_FAT_OBJECTS OFF)
if(CMAKE_INTERPROCEDURAL_OPTIMIZATION AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(LARDER_FAT_OBJECTS ON)
  add_compile_options(-ffat-lto-objects)
endif()
# g++ 12 believes at link time that a std::string of known length is read past its own buffer.
if(CMAKE_INTERPROCEDURAL_OPTIMIZATION AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_link_options(-Wno-stringop-overread)
endif()
