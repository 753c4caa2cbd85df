// coroutine.resume and wrap: those of Lua, which also store in the heap which coroutine runs.

#include "sandbox.h"

namespace larder::scripting {
namespace {

// While it exists, the heap has this coroutine as the running one, instead of the one that resumes
// it.
class Resuming {
 public:
  Resuming(lua_State* from, lua_State* coroutine) : from_(from) {
    if (coroutine != nullptr) heap_of(from).runs(coroutine);
  }
  ~Resuming() { heap_of(from_).runs(from_); }
  Resuming(const Resuming&) = delete;
  Resuming& operator=(const Resuming&) = delete;

 private:
  lua_State* from_;
};

// Calls Lua's C function directly: a call through the interpreter would take one of the levels to
// which coroutines can be nested.
int call_directly(lua_State* lua, int upvalue) {
  return lua_tocfunction(lua, lua_upvalueindex(upvalue))(lua);
}

int resume_coroutine(lua_State* lua) {
  const Resuming resuming(lua, lua_tothread(lua, 1));
  return call_directly(lua, 1);
}

// What wrap() returns. Lua's function expects the coroutine as its first upvalue.
int resume_wrapped(lua_State* lua) {
  const Resuming resuming(lua, lua_tothread(lua, lua_upvalueindex(1)));
  return call_directly(lua, 2);
}

// Its upvalues are Lua's `create`, and the function of what Lua's `wrap` returns.
int wrap_function(lua_State* lua) {
  call_directly(lua, 1);
  lua_pushvalue(lua, lua_upvalueindex(2));
  lua_pushcclosure(lua, resume_wrapped, 2);
  return 1;
}

}  // namespace

void add_coroutine_functions(lua_State* lua) {
  lua_getfield(lua, -1, "resume");
  lua_pushcclosure(lua, resume_coroutine, 1);
  lua_setfield(lua, -2, "resume");
  lua_getfield(lua, -1, "create");
  lua_getfield(lua, -2, "wrap");
  const int status = luaL_loadstring(lua, "");
  if (status != 0) lua_error(lua);
  lua_call(lua, 1, 1);
  lua_pushcfunction(lua, lua_tocfunction(lua, -1));
  lua_remove(lua, -2);
  lua_pushcclosure(lua, wrap_function, 2);
  lua_setfield(lua, -2, "wrap");
}

}  // namespace larder::scripting
