#pragma once

// One state of Lua with the sandbox in it, and its compiled functions.

#include <cstdint>
#include <string_view>

#include "host.h"
#include "larder/base/result.h"
#include "larder/resp/request.h"
#include "lua.h"
#include "sandbox.h"

namespace larder::scripting {

struct LibraryLoad;

class Interpreter {
 public:
  Interpreter(Host& host, SandboxKind kind);
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

  // Of functions: compiles a library and runs its code (library_load.h).
  void load(LibraryLoad& load);
  // A library was removed whose compiled code took so many bytes.
  void give_back(std::uint64_t compiled_bytes) { own_bytes_ -= compiled_bytes; }

  // Runs the function, and writes its result or its error as the reply to the command. True if it
  // leaves much garbage, for two cycles of collect_some().
  struct Arguments {
    resp::Args keys;
    resp::Args values;
  };
  bool run(Run& run, int function, const Arguments& arguments);

  // A step of the collector, of some microseconds; true if a cycle of it is complete.
  bool collect_some();
  void collect_all();

  LuaHeap& heap() { return heap_; }
  const LuaHeap& heap() const { return heap_; }

 private:
  struct Job;

  static int open(lua_State* lua);
  static int run_job(lua_State* lua);
  int call_job(const Run& run);
  int run_script(const Job& job);
  int run_function(const Job& job);
  std::uint64_t most_bytes() const;
  std::uint64_t bytes_at_start();
  bool leaves_garbage(std::uint64_t before);
  void collect_at_usual_speed();
  void watch();
  static void restore_interval(lua_State* lua);
  static void check_limits(lua_State* lua, lua_Debug*);
  static void end_run(lua_State* lua, lua_Debug*);
  static void debug(lua_State* lua, lua_Debug* place);
  static int line_of(lua_State* lua);

  Host& host_;
  const SandboxKind kind_;
  LuaHeap heap_;
  lua_State* lua_;
  std::uint64_t own_bytes_ = 0;        // of the sandbox and the compiled libraries
  std::uint64_t collected_bytes_ = 0;  // what was left when all garbage was collected last
  // References of functions that every run needs.
  int runner_ = LUA_NOREF;
  int error_handler_ = LUA_NOREF;
  // Those of `cjson`: each run begins with the defaults.
  JsonSettings* json_settings_ = nullptr;
};

}  // namespace larder::scripting
