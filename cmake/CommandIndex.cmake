# Writes the source that lists every command file's rows; include/larder/commands/index.h says
# which files count. It is rewritten only when the list changes, so nothing else is rebuilt.

function(larder_command_index out sources)
  set(declarations "")
  set(entries "")
  list(SORT sources)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/commands/*.h")
  foreach(source IN LISTS sources)
    file(RELATIVE_PATH path "${CMAKE_SOURCE_DIR}/src/commands" "${source}")
    if(NOT path MATCHES "^([a-z0-9_]+)/([a-z0-9_]+)\\.cc$")
      continue()
    endif()
    set(rows "${CMAKE_MATCH_1}_${CMAKE_MATCH_2}")
    string(REGEX REPLACE "\\.cc$" ".h" header "${source}")
    if(header IN_LIST headers)
      continue()
    endif()
    string(APPEND declarations "std::span<const engine::Command> ${rows}();\n")
    string(APPEND entries "      ${rows}(),\n")
  endforeach()
  if(NOT entries)
    set(body "  return {};\n")
  else()
    set(body "  static const std::span<const engine::Command> kRows[] = {\n${entries}  };\n  return kRows;\n")
  endif()
  set(file "${CMAKE_BINARY_DIR}/generated/command_index.cc")
  file(CONFIGURE OUTPUT "${file}" @ONLY CONTENT
"// Generated from the names of the files in src/commands/.
#include \"larder/commands/index.h\"

namespace larder::commands {

@declarations@
std::span<const std::span<const engine::Command>> index() {
@body@}

}  // namespace larder::commands
")
  set(${out} "${file}" PARENT_SCOPE)
endfunction()
