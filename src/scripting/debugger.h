#pragma once

// A session of the debugger: one run of one script. Stops it at lines, sends its client what
// happened since the last stop, and runs the client's commands, in Redis's protocol, which
// `redis-cli --ldb` uses. docs/scripting.md describes it.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "debug_link.h"
#include "lua.h"

namespace larder::scripting {

class Host;
struct Run;

class Debugger {
 public:
  // The text is that of the script.
  Debugger(const DebugLink::Descriptors& descriptors, std::string_view text);
  Debugger(const Debugger&) = delete;
  Debugger& operator=(const Debugger&) = delete;

  // The run is at a new line, or some time has passed: it may stop here until the client continues
  // it. Raises an error of Lua if the client ends it.
  enum class Visit : std::uint8_t { line, time };
  void visit(lua_State* lua, Run& run, Visit visit);

  // What the script does is reported while it is run line by line.
  bool reports() const { return steps_; }
  void report_call(std::span<const std::string_view> words);
  void report_reply(std::string_view reply);
  void report_error(std::string_view text);

  // redis.breakpoint(): stops at the next line.
  void stop_at_next_line() { was_asked_to_stop_ = true; }
  // redis.debug(): reports the arguments on the stack.
  void report_values(lua_State* lua);

  // The run is over: sends what is left to report and the mark of the end.
  void end();
  DebugLink& link() { return link_; }

  static constexpr std::size_t kMostBreakpoints = 64;
  // Of what is reported between two stops, and of one value without a bound of the client.
  static constexpr std::size_t kMostLogBytes = 4 << 20;
  static constexpr std::size_t kMostShownBytes = 1 << 20;

 private:
  enum class Next : std::uint8_t { stays, goes_on };
  using Action = Next (Debugger::*)(lua_State*, const DebugWords&);
  struct CommandRow;

  const char* reason_to_stop(const Host& host, Visit visit);
  // Serves the client until the script may go on; false if it has no more requests.
  bool serve(lua_State* lua);
  Next run_command(lua_State* lua, const DebugWords& words);

  Next help(lua_State* lua, const DebugWords& words);
  Next step(lua_State* lua, const DebugWords& words);
  Next go_on(lua_State* lua, const DebugWords& words);
  Next list(lua_State* lua, const DebugWords& words);
  Next list_all(lua_State* lua, const DebugWords& words);
  Next print(lua_State* lua, const DebugWords& words);
  Next breaks(lua_State* lua, const DebugWords& words);
  Next trace(lua_State* lua, const DebugWords& words);
  Next eval(lua_State* lua, const DebugWords& words);
  Next redis(lua_State* lua, const DebugWords& words);
  Next limit(lua_State* lua, const DebugWords& words);
  [[noreturn]] Next abort(lua_State* lua, const DebugWords& words);

  bool print_variable(lua_State* lua, std::string_view name);
  void print_variables(lua_State* lua);
  void change_breakpoint(const std::string& word);
  void add_breakpoint(std::int64_t line);
  void remove_breakpoint(std::int64_t line);
  bool is_breakpoint(std::int64_t line) const;
  void run_code(lua_State* lua, int function);

  void log(std::string line);
  void log_line_of_source(std::int64_t line);
  void log_lines_around(std::int64_t line, std::int64_t context);
  // Logs `prefix` and the value at the top of the stack, within the bound of the client.
  void log_value(lua_State* lua, std::string prefix);
  void log_bounded(std::string text);
  std::size_t most_shown() const { return most_shown_ == 0 ? kMostShownBytes : most_shown_; }
  void send_log();

  DebugLink link_;
  std::vector<std::string> source_;
  std::vector<std::int64_t> breakpoints_;
  std::vector<std::string> log_;
  std::size_t log_bytes_ = 0;
  int line_ = 0;  // where the run is
  bool steps_ = true;
  bool was_asked_to_stop_ = false;
  std::size_t most_shown_ = 256;  // maxlen; 0: kMostShownBytes
  bool knows_of_bound_ = false;
};

}  // namespace larder::scripting
