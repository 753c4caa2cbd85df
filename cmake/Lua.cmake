# Lua 5.1 as the target Lua51::Lua51. The server carries it in its own file. It is compiled as C++: its
# errors are exceptions, which destroy what is on the stack.

find_path(LUA51_INCLUDE_DIR lua.hpp PATH_SUFFIXES lua5.1 REQUIRED)
find_library(LUA51_LIBRARY liblua5.1-c++.a REQUIRED)
add_library(Lua51::Lua51 INTERFACE IMPORTED)
target_include_directories(Lua51::Lua51 SYSTEM INTERFACE "${LUA51_INCLUDE_DIR}")
target_link_libraries(Lua51::Lua51 INTERFACE "${LUA51_LIBRARY}" m ${CMAKE_DL_LIBS})
