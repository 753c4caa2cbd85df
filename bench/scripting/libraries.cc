// The libraries of scripts with a document of 10 KB: 62 records with numbers, short strings and
// arrays. A script that calls the same function in a loop takes the same time in redis-server's
// main thread (INFO cpu) for comparison.

#include "src/scripting/libraries/libraries.h"

#include <benchmark/benchmark.h>

#include <cstdlib>

namespace {

using namespace larder::scripting;

constexpr const char* kDocument = R"(
  local users = {}
  for i = 1, 62 do
    users[i] = {id = i, name = 'user name ' .. i, email = 'user' .. i .. '@example.com',
                active = i % 2 == 0, score = i * 1.37, tags = {'red', 'green', 'blue'},
                visits = i * 1000, ratio = 1 / i}
  end
  document = {users = users, total = 62, page = 1, next = 'https://example.com/api/users?page=2'}
  json, pack = cjson.encode(document), cmsgpack.pack(document))";

// Calls `function` of `library` with the global `argument`.
void call(benchmark::State& state, const char* library, const char* function,
          const char* argument) {
  lua_State* lua = luaL_newstate();
  luaL_openlibs(lua);
  open_cjson(lua);
  lua_setglobal(lua, "cjson");
  open_cmsgpack(lua);
  lua_setglobal(lua, "cmsgpack");
  if (luaL_dostring(lua, kDocument) != 0) std::abort();
  lua_getglobal(lua, library);
  lua_getfield(lua, -1, function);
  lua_getglobal(lua, argument);
  for (auto _ : state) {
    lua_pushvalue(lua, -2);
    lua_pushvalue(lua, -2);
    lua_call(lua, 1, 0);
  }
  lua_close(lua);
}

BENCHMARK_CAPTURE(call, json_encode, "cjson", "encode", "document");
BENCHMARK_CAPTURE(call, json_decode, "cjson", "decode", "json");
BENCHMARK_CAPTURE(call, messagepack_pack, "cmsgpack", "pack", "document");
BENCHMARK_CAPTURE(call, messagepack_unpack, "cmsgpack", "unpack", "pack");

}  // namespace
