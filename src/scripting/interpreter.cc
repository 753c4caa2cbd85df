#include "interpreter.h"

#include <algorithm>
#include <string>

#include "debugger.h"
#include "errors.h"
#include "larder/base/assert.h"
#include "libraries/libraries.h"
#include "library_load.h"
#include "replies.h"
#include "sandbox.h"

namespace larder::scripting {
namespace {

// After this many instructions the interpreter checks memory and time.
constexpr int kInstructions = 10'000;
// Garbage of a run that is collected when the run ends.
constexpr std::uint64_t kMuchGarbage = 8 << 20;
// The collector begins a cycle when memory has grown by so many percent since the last one, and
// works so many percent as fast as memory is allocated: usually, and when there is little left.
constexpr int kUsualPause = 200;
constexpr int kUsualSpeed = 200;
constexpr int kShortPause = 105;
constexpr int kHighSpeed = 500;

int end_process(lua_State*) {
  LARDER_ASSERT(false);
  return 0;
}

void push_list(lua_State* lua, resp::Args words) {
  lua_createtable(lua, static_cast<int>(words.size()), 0);
  for (std::size_t i = 0; i < words.size(); ++i) {
    lua_pushlstring(lua, words[i].data(), words[i].size());
    lua_rawseti(lua, -2, static_cast<int>(i) + 1);
  }
}

// What the function that runs jobs keeps, because each run of a script needs it.
constexpr int kGlobals = lua_upvalueindex(1);
constexpr int kKeysName = lua_upvalueindex(2);
constexpr int kArgvName = lua_upvalueindex(3);

// Both with the table of globals at the top.
void set_list(lua_State* lua, int name, resp::Args words) {
  lua_pushvalue(lua, name);
  push_list(lua, words);
  lua_rawset(lua, -3);
}

void clear_list(lua_State* lua, int name) {
  lua_pushvalue(lua, name);
  lua_pushnil(lua);
  lua_rawset(lua, -3);
}

void write_ending(const Run& run) {
  if (run.ending == Ending::out_of_time) {
    return run.call.reply.error("ERR Script ended: it ran longer than script-time-limit");
  }
  const char* const source = run.kind == RunKind::script ? "@user_script" : "@user_function";
  run.call.reply.error(
      "ERR", "Script killed by user with SCRIPT KILL... script: " + std::string(run.name) +
                 ", on " + source + ':' + std::to_string(run.last_line) + '.');
}

// Writes the error of a run that failed, which is at the top of the stack. True if no command has
// counted the error.
bool write_failure(lua_State* lua, const Run& run) {
  resp::Writer& reply = run.call.reply;
  if (run.ending != Ending::none) {
    write_ending(run);
    return true;
  }
  if (lua_type(lua, -1) != LUA_TTABLE) {
    const char* const text = lua_tostring(lua, -1);
    reply.error("ERR", "Error running script " + std::string(run.name) + ", " +
                           (text == nullptr ? "execution failure" : text));
    return true;
  }
  const ErrorParts error = read_error(lua);
  std::string text(error.text);
  if (!error.source.empty() && !error.line.empty()) {
    text += " script: ";
    text += run.name;
    text += ", on ";
    text += error.source;
    text += ':';
    text += error.line;
    text += '.';
  }
  reply.error(text);
  return !error.was_counted;
}

// Replaces a result for which there was no room by an error.
void write_lack_of_room(resp::Writer& reply, std::uint64_t before) {
  resp::ReplyBuffer& output = reply.buffer();
  const std::string result =
      "the result of the script, about " + std::to_string(output.wanted_behind(before)) + " bytes";
  const bool is_refusal = output.was_refused_by_system();
  output.keep_first(before);
  reply.error("OOM", (is_refusal ? "the system has no memory for " + result
                                 : "there is no room below maxmemory for " + result) +
                         "; what it has changed stays");
}

// Writes the result, which is at the top of the stack. If there is no room for it, a run without
// effects is repeated later, like every command that reads. True if no command has counted an error
// in it.
bool write_result(lua_State* lua, const Run& run, resp::Protocol protocol) {
  resp::Writer& reply = run.call.reply;
  bool has_new_error = false;
  const auto write = [&] { has_new_error = write_reply(lua, reply, protocol); };
  if (!run.has_effects) {
    const bool has_room = run.call.reply_first(write);
    return has_room && has_new_error;
  }
  const std::uint64_t before = reply.buffer().size();
  write();
  if (!reply.buffer().lacks_room()) return has_new_error;
  write_lack_of_room(reply, before);
  return true;
}

struct Compilation {
  std::string_view text;
  int function = LUA_NOREF;
  std::string error;
};

int compile_protected(lua_State* lua) {
  auto& work = *static_cast<Compilation*>(lua_touserdata(lua, 1));
  const int pushed = compile_text(lua, work.text.data(), work.text.size(), "@user_script");
  if (pushed == 1) {
    work.function = luaL_ref(lua, LUA_REGISTRYINDEX);
  } else {
    const char* const error = lua_tostring(lua, -1);
    work.error = error == nullptr ? "" : error;
  }
  return 0;
}

}  // namespace

struct Interpreter::Job {
  Interpreter& interpreter;
  Run& run;
  int function;
  const Arguments& arguments;
  bool has_new_error = false;
};

Interpreter::Interpreter(Host& host, SandboxKind kind)
    : host_(host), kind_(kind), heap_(host), lua_(lua_newstate(LuaHeap::allocate, &heap_)) {
  LARDER_ASSERT(lua_ != nullptr);
  heap_.runs(lua_);
  lua_atpanic(lua_, end_process);
  const int failed = lua_cpcall(lua_, open, this);
  LARDER_ASSERT(failed == 0);
  watch();
  lua_gc(lua_, LUA_GCSETPAUSE, kUsualPause);
  lua_gc(lua_, LUA_GCSETSTEPMUL, kUsualSpeed);
  own_bytes_ = collected_bytes_ = heap_.bytes();
}

Interpreter::~Interpreter() {
  heap_.must_succeed();
  collect_all();
  lua_close(lua_);
  LARDER_ASSERT(heap_.bytes() == 0);
}

int Interpreter::open(lua_State* lua) {
  auto& self = *static_cast<Interpreter*>(lua_touserdata(lua, 1));
  open_sandbox(lua, self.kind_);
  set_interrupt_check(lua, [](lua_State* running) { check_limits(running, nullptr); });
  push_globals(lua);
  lua_pushliteral(lua, "KEYS");
  lua_pushliteral(lua, "ARGV");
  lua_pushcclosure(lua, run_job, 3);
  self.runner_ = luaL_ref(lua, LUA_REGISTRYINDEX);
  lua_pushcfunction(lua, handle_error);
  self.error_handler_ = luaL_ref(lua, LUA_REGISTRYINDEX);
  self.json_settings_ = &shared_json_settings(lua);
  return 0;
}

std::uint64_t Interpreter::most_bytes() const {
  return static_cast<std::uint64_t>(host_.parts().settings.script_memory_limit.value());
}

base::Result<Interpreter::Compiled> Interpreter::compile(std::string_view text) {
  lua_gc(lua_, LUA_GCSTOP, 0);
  const std::uint64_t before = heap_.bytes();
  heap_.limit_strictly(before + most_bytes());
  Compilation work{.text = text};
  const int failed = lua_cpcall(lua_, compile_protected, &work);
  heap_.must_succeed();
  const std::uint64_t after = heap_.bytes();
  if (failed != 0) {
    const char* const error = lua_tostring(lua_, -1);
    work.error = error == nullptr ? "" : error;
  }
  lua_settop(lua_, 0);
  lua_gc(lua_, LUA_GCRESTART, 0);
  if (work.function == LUA_NOREF) {
    if (after - before > kMuchGarbage) collect_all();
    return base::Error{work.error};
  }
  return Compiled{.function = work.function, .bytes = after > before ? after - before : 0};
}

void Interpreter::forget(int function) { luaL_unref(lua_, LUA_REGISTRYINDEX, function); }

// Both are called with the error handler at the top, and leave the result or the error there. A run
// before may have given a script another environment; that of a function belongs to its library.
int Interpreter::run_script(const Job& job) {
  lua_pushvalue(lua_, kGlobals);
  set_list(lua_, kKeysName, job.arguments.keys);
  set_list(lua_, kArgvName, job.arguments.values);
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, job.function);
  lua_pushvalue(lua_, LUA_GLOBALSINDEX);
  lua_setfenv(lua_, -2);
  return lua_pcall(lua_, 0, 1, 1);
}

int Interpreter::run_function(const Job& job) {
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, job.function);
  push_list(lua_, job.arguments.keys);
  push_list(lua_, job.arguments.values);
  return lua_pcall(lua_, 2, 1, 1);
}

int Interpreter::run_job(lua_State* lua) {
  Job& job = *static_cast<Job*>(lua_touserdata(lua, 1));
  Interpreter& self = job.interpreter;
  lua_settop(lua, 0);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, self.error_handler_);
  const bool is_script = self.kind_ == SandboxKind::scripts;
  const int status = is_script ? self.run_script(job) : self.run_function(job);
  // The reply is complete or not begun: nothing of it may fail.
  self.heap_.must_succeed();
  job.has_new_error = status == 0 && job.run.ending == Ending::none
                          ? write_result(lua, job.run, self.host_.protocol())
                          : write_failure(lua, job.run);
  if (!is_script) return 0;
  lua_settop(lua, 2);
  clear_list(lua, kKeysName);
  clear_list(lua, kArgvName);
  return 0;
}

// What libraries keep between runs counts as memory of the run, beyond script-memory-limit: they
// cannot keep more and more. Garbage is collected before it takes the room of a run, or of half a
// run of a script.
std::uint64_t Interpreter::bytes_at_start() {
  const std::uint64_t most = most_bytes();
  if (kind_ == SandboxKind::scripts) {
    if (heap_.bytes() > collected_bytes_ + most / 2) collect_all();
    return heap_.bytes();
  }
  if (heap_.bytes() > own_bytes_ + most + most / 2) collect_all();
  return std::min(heap_.bytes(), own_bytes_ + most);
}

void Interpreter::load(LibraryLoad& load) {
  heap_.limit_strictly(bytes_at_start() + most_bytes());
  const Host::AlarmScope alarm(host_, heap_);
  const int failed = lua_cpcall(
      lua_,
      [](lua_State* lua) {
        load_library(lua, *static_cast<LibraryLoad*>(lua_touserdata(lua, 1)));
        return 0;
      },
      &load);
  heap_.must_succeed();
  if (failed != 0) load.error = "Error compiling function: not enough memory";
  lua_settop(lua_, 0);
  own_bytes_ += load.compiled_bytes;
  if (heap_.bytes() > own_bytes_ + kMuchGarbage) collect_all();
}

// The alarm would interrupt a debugger that waits for its client.
int Interpreter::call_job(const Run& run) {
  if (run.debugger != nullptr) return lua_pcall(lua_, 1, 0, 0);
  const Host::AlarmScope alarm(host_, heap_);
  return lua_pcall(lua_, 1, 0, 0);
}

bool Interpreter::run(Run& run, int function, const Arguments& arguments) {
  reset(*json_settings_);
  run.heap_bytes = bytes_at_start();
  const std::uint64_t before = heap_.bytes();
  run.state = lua_;
  heap_.limit(host_.least_heap_bytes());
  const std::uint64_t errors = run.call.reply.errors();
  Job job{.interpreter = *this, .run = run, .function = function, .arguments = arguments};
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, runner_);
  lua_pushlightuserdata(lua_, &job);
  if (run.debugger != nullptr) {
    lua_sethook(lua_, debug, LUA_MASKLINE | LUA_MASKCOUNT, kInstructions);
  }
  const int failed = call_job(run);
  heap_.must_succeed();
  if (failed != 0) job.has_new_error = write_failure(lua_, run);
  lua_settop(lua_, 0);
  if (run.call.reply.errors() != errors && !job.has_new_error) {
    host_.parts().executor.forget_error();
  }
  if (run.ending != Ending::none || run.debugger != nullptr) watch();
  return heap_.bytes() > before + kMuchGarbage && leaves_garbage(before);
}

// Garbage may stay for later turns if as much memory again is free: no key is evicted for it.
bool Interpreter::leaves_garbage(std::uint64_t before) {
  if (heap_.bytes() - before > host_.parts().executor.evictor().free_bytes()) {
    collect_all();
    return false;
  }
  collect_at_usual_speed();
  return true;
}

bool Interpreter::collect_some() { return lua_gc(lua_, LUA_GCSTEP, 0) != 0; }

void Interpreter::collect_at_usual_speed() {
  lua_gc(lua_, LUA_GCSETPAUSE, kUsualPause);
  lua_gc(lua_, LUA_GCSETSTEPMUL, kUsualSpeed);
}

void Interpreter::collect_all() {
  collect_at_usual_speed();
  lua_gc(lua_, LUA_GCCOLLECT, 0);
  collected_bytes_ = heap_.bytes();
}

void Interpreter::watch() { lua_sethook(lua_, check_limits, LUA_MASKCOUNT, kInstructions); }

// Restores the usual interval after the alarm has shortened it.
void Interpreter::restore_interval(lua_State* lua) {
  if (lua_gethook(lua) != check_limits || lua_gethookcount(lua) == kInstructions) return;
  lua_sethook(lua, check_limits, LUA_MASKCOUNT, kInstructions);
}

// Where the script is: in the innermost function that is one of its own.
int Interpreter::line_of(lua_State* lua) {
  lua_Debug place;
  for (int level = 0; lua_getstack(lua, level, &place) != 0; ++level) {
    if (lua_getinfo(lua, "l", &place) != 0 && place.currentline > 0) return place.currentline;
  }
  return 0;
}

// Called for every instruction, so that no pcall() of the script helps. The error is one of memory:
// for such an error alone Lua calls no error handler, in which the script could go on without
// hooks.
void Interpreter::end_run(lua_State* lua, lua_Debug*) {
  host_of(lua).run()->last_line = line_of(lua);
  heap_of(lua).limit_strictly(0);
  lua_newuserdata(lua, 1);
}

void Interpreter::debug(lua_State* lua, lua_Debug* place) {
  const bool is_line = place->event == LUA_HOOKLINE;
  if (!is_line) check_limits(lua, place);
  Run& run = *host_of(lua).run();
  run.debugger->visit(lua, run, is_line ? Debugger::Visit::line : Debugger::Visit::time);
}

void Interpreter::check_limits(lua_State* lua, lua_Debug* place) {
  Host& host = host_of(lua);
  Run* const run = host.run();
  if (run == nullptr || run->ending == Ending::none) restore_interval(lua);
  if (run == nullptr) return check_load_time(lua);
  if (run->ending == Ending::none) {
    host.make_room();
    run->ending = host.check_run();
    if (run->ending == Ending::killed) {
      host.parts().log.notice("Lua script killed by user with SCRIPT KILL.");
    }
  }
  if (run->ending != Ending::none) {
    // In the coroutine that runs, and in the function that the run began with.
    for (lua_State* each : {lua, run->state}) lua_sethook(each, end_run, LUA_MASKCOUNT, 1);
    return end_run(lua, place);
  }
  const bool is_nearly_full = heap_of(lua).is_nearly_full();
  lua_gc(lua, LUA_GCSETPAUSE, is_nearly_full ? kShortPause : kUsualPause);
  lua_gc(lua, LUA_GCSETSTEPMUL, is_nearly_full ? kHighSpeed : kUsualSpeed);
}

}  // namespace larder::scripting
