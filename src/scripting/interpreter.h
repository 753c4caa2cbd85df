#pragma once

// One state of Lua with the sandbox in it, and its compiled functions.

#include <cstdint>
#include <string_view>

#include "host.h"
#include "larder/base/result.h"
#include "larder/resp/request.h"
#include "lua.h"

namespace larder::scripting {

class Interpreter {
 public:
  explicit Interpreter(Host& host);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  struct Compiled {
    int function;         // its reference
    std::uint64_t bytes;  // that it takes
  };
  // The error is Lua's.
  base::Result<Compiled> compile(std::string_view text);
  // The function is garbage from now on.
  void forget(int function);

  // Runs the function, and writes its result or its error as the reply to the command.
  struct Arguments {
    resp::Args keys;
    resp::Args values;
  };
  void run(Run& run, int function, const Arguments& arguments);

  // A step of the collector, of some microseconds; true if a cycle of it is complete.
  bool collect_some();
  void collect_all();

  LuaHeap& heap() { return heap_; }
  const LuaHeap& heap() const { return heap_; }

 private:
  struct Job;

  static int open(lua_State* lua);
  static int run_job(lua_State* lua);
  void watch();
  static void look(lua_State* lua, lua_Debug*);
  static void end_run(lua_State* lua, lua_Debug*);
  static int line_of(lua_State* lua);

  Host& host_;
  LuaHeap heap_;
  lua_State* lua_;
  // References of functions that every run needs.
  int runner_ = LUA_NOREF;
  int error_handler_ = LUA_NOREF;
};

}  // namespace larder::scripting
