// The commands of the debugger.

#include <algorithm>
#include <string>

#include "debugger.h"
#include "errors.h"
#include "host.h"
#include "larder/base/format.h"
#include "larder/base/numbers.h"
#include "larder/base/text.h"
#include "sandbox.h"

namespace larder::scripting {

struct Debugger::CommandRow {
  std::string_view letter;
  std::string_view name;
  std::size_t least_words;
  Action action;
};

namespace {

// Clients show these lines as they are: they are those of Redis.
constexpr const char* kHelp[] = {
    "Redis Lua debugger help:",
    "[h]elp               Show this help.",
    "[s]tep               Run current line and stop again.",
    "[n]ext               Alias for step.",
    "[c]ontinue           Run till next breakpoint.",
    "[l]ist               List source code around current line.",
    "[l]ist [line]        List source code around [line].",
    "                     line = 0 means: current position.",
    "[l]ist [line] [ctx]  In this form [ctx] specifies how many lines",
    "                     to show before/after [line].",
    "[w]hole              List all source code. Alias for 'list 1 1000000'.",
    "[p]rint              Show all the local variables.",
    "[p]rint <var>        Show the value of the specified variable.",
    "                     Can also show global vars KEYS and ARGV.",
    "[b]reak              Show all breakpoints.",
    "[b]reak <line>       Add a breakpoint to the specified line.",
    "[b]reak -<line>      Remove breakpoint from the specified line.",
    "[b]reak 0            Remove all breakpoints.",
    "[t]race              Show a backtrace.",
    "[e]val <code>        Execute some Lua code (in a different callframe).",
    "[r]edis <cmd>        Execute a Redis command.",
    "[m]axlen [len]       Trim logged Redis replies and Lua var dumps to len.",
    "                     Specifying zero as <len> means unlimited.",
    "[a]bort              Stop the execution of the script. In sync",
    "                     mode dataset changes will be retained.",
    "",
    "Debugger functions you can call from Lua scripts:",
    "redis.debug()        Produce logs in the debugger console.",
    "redis.breakpoint()   Stop execution like if there was a breakpoint in the",
    "                     next line of code.",
};

constexpr int kInstructionsOfCode = 10'000;
constexpr std::int64_t kMostEvalMs = 5000;
constexpr std::int64_t kAllLines = 1'000'000;
constexpr std::int64_t kContext = 5;
constexpr std::int64_t kLeastShown = 60;

// A number at the start of the word, within 32 bits; 0 if there is none.
std::int64_t leading_number(const std::string& word) {
  constexpr std::int64_t kMost = INT32_MAX;
  std::size_t end = !word.empty() && (word[0] == '-' || word[0] == '+') ? 1 : 0;
  const std::size_t begin = end == 1 && word[0] == '+' ? 1 : 0;
  while (end < word.size() && word[end] >= '0' && word[end] <= '9' && end < 19) ++end;
  const auto number = base::parse_int64(std::string_view(word).substr(begin, end - begin));
  return std::clamp<std::int64_t>(number.value_or(0), -kMost, kMost);
}

std::string joined(const DebugWords& words) {
  std::string text;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (i > 1) text += ' ';
    text += words[i];
  }
  return text;
}

// The error at the top as a text; that of a command is a table.
std::string error_text(lua_State* lua) {
  if (lua_isstring(lua, -1) != 0) return lua_tostring(lua, -1);
  const int top = lua_gettop(lua);
  std::string text(read_error(lua).text);
  lua_settop(lua, top);
  return text;
}

// Code of `eval` that does not end is ended after each instruction, so that no pcall() helps.
void end_code(lua_State* lua, lua_Debug*) { luaL_error(lua, "the code of eval took too long"); }

void watch_code(lua_State* lua, lua_Debug*) {
  Host& host = host_of(lua);
  host.make_room();
  if (host.run()->began_us == 0) host.run()->began_us = host.parts().clock.steady_now_us();
  if (host.running_ms() < kMostEvalMs) return;
  lua_sethook(lua, end_code, LUA_MASKCOUNT, 1);
  end_code(lua, nullptr);
}

}  // namespace

Debugger::Next Debugger::run_command(lua_State* lua, const DebugWords& words) {
  static constexpr CommandRow kCommands[] = {
      {"h", "help", 1, &Debugger::help},   {"s", "step", 1, &Debugger::step},
      {"n", "next", 1, &Debugger::step},   {"c", "continue", 1, &Debugger::go_on},
      {"l", "list", 1, &Debugger::list},   {"w", "whole", 1, &Debugger::list_all},
      {"p", "print", 1, &Debugger::print}, {"b", "break", 1, &Debugger::breaks},
      {"t", "trace", 1, &Debugger::trace}, {"e", "eval", 1, &Debugger::eval},
      {"r", "redis", 2, &Debugger::redis}, {"m", "maxlen", 1, &Debugger::limit},
      {"a", "abort", 1, &Debugger::abort},
  };
  for (const CommandRow& row : kCommands) {
    const bool is_named = base::equals_ignoring_case(words[0], row.letter) ||
                          base::equals_ignoring_case(words[0], row.name);
    if (is_named && words.size() >= row.least_words) return (this->*row.action)(lua, words);
  }
  log("<error> Unknown Redis Lua debugger command or wrong number of arguments.");
  return Next::stays;
}

Debugger::Next Debugger::help(lua_State*, const DebugWords&) {
  for (const char* line : kHelp) log(line);
  return Next::stays;
}

Debugger::Next Debugger::step(lua_State*, const DebugWords&) {
  steps_ = true;
  return Next::goes_on;
}

Debugger::Next Debugger::go_on(lua_State*, const DebugWords&) { return Next::goes_on; }

Debugger::Next Debugger::list(lua_State*, const DebugWords& words) {
  const std::int64_t asked = words.size() > 1 ? leading_number(words[1]) : 0;
  const std::int64_t context = words.size() > 2 ? leading_number(words[2]) : kContext;
  log_lines_around(asked > 0 ? asked : line_, context);
  return Next::stays;
}

Debugger::Next Debugger::list_all(lua_State*, const DebugWords&) {
  log_lines_around(1, kAllLines);
  return Next::stays;
}

Debugger::Next Debugger::print(lua_State* lua, const DebugWords& words) {
  if (words.size() != 2) return print_variables(lua), Next::stays;
  const std::string& name = words[1];
  if (print_variable(lua, name)) return Next::stays;
  if (name == "KEYS" || name == "ARGV") {
    lua_getglobal(lua, name.c_str());
    log_value(lua, "<value> ");
    lua_pop(lua, 1);
  } else {
    log("No such variable.");
  }
  return Next::stays;
}

// The first local variable of this name, from the innermost function on.
bool Debugger::print_variable(lua_State* lua, std::string_view name) {
  lua_Debug place;
  for (int level = 0; lua_getstack(lua, level, &place) != 0; ++level) {
    const char* found = nullptr;
    for (int i = 1; (found = lua_getlocal(lua, &place, i)) != nullptr; ++i) {
      const bool is_it = name == found;
      if (is_it) log_value(lua, "<value> ");
      lua_pop(lua, 1);
      if (is_it) return true;
    }
  }
  return false;
}

// Those of the innermost function.
void Debugger::print_variables(lua_State* lua) {
  lua_Debug place;
  bool has_any = false;
  if (lua_getstack(lua, 0, &place) != 0) {
    const char* found = nullptr;
    for (int i = 1; (found = lua_getlocal(lua, &place, i)) != nullptr; ++i) {
      const std::string_view name = found;
      if (name.find("(*temporary)") == std::string_view::npos) {
        log_value(lua, "<value> " + std::string(name) + " = ");
        has_any = true;
      }
      lua_pop(lua, 1);
    }
  }
  if (!has_any) log("No local variables in the current context.");
}

Debugger::Next Debugger::breaks(lua_State*, const DebugWords& words) {
  for (std::size_t i = 1; i < words.size(); ++i) change_breakpoint(words[i]);
  if (words.size() > 1) return Next::stays;
  if (breakpoints_.empty()) {
    log("No breakpoints set. Use 'b <line>' to add one.");
    return Next::stays;
  }
  log(std::to_string(breakpoints_.size()) + " breakpoints set:");
  for (const std::int64_t line : breakpoints_) log_line_of_source(line);
  return Next::stays;
}

void Debugger::change_breakpoint(const std::string& word) {
  const auto line = base::parse_int64(word);
  if (!line) return log("Invalid argument:'" + word + "'");
  if (*line > 0) return add_breakpoint(*line);
  if (*line < 0) return remove_breakpoint(*line);
  breakpoints_.clear();
  log("All breakpoints removed.");
}

void Debugger::add_breakpoint(std::int64_t line) {
  if (breakpoints_.size() == kMostBreakpoints) return log("Too many breakpoints set.");
  const bool exists = line <= static_cast<std::int64_t>(source_.size());
  if (!exists || is_breakpoint(line)) return log("Wrong line number.");
  breakpoints_.push_back(line);
  log_lines_around(line, 1);
}

// The number of the line is negative.
void Debugger::remove_breakpoint(std::int64_t line) {
  const auto is_it = [line](std::int64_t each) { return each + line == 0; };
  const bool is_removed = std::erase_if(breakpoints_, is_it) > 0;
  log(is_removed ? "Breakpoint removed." : "No breakpoint in the specified line.");
}

Debugger::Next Debugger::trace(lua_State* lua, const DebugWords&) {
  lua_Debug place;
  for (int level = 0; lua_getstack(lua, level, &place) != 0; ++level) {
    lua_getinfo(lua, "Snl", &place);
    if (std::string_view(place.short_src).find("user_script") == std::string_view::npos) continue;
    log(base::printed("%s %s:", level == 0 ? "In" : "From",
                      place.name == nullptr ? "top level" : place.name));
    log_line_of_source(place.currentline);
  }
  return Next::stays;
}

// An expression, or else a statement.
Debugger::Next Debugger::eval(lua_State* lua, const DebugWords& words) {
  const std::string code = joined(words);
  const std::string expression = "return " + code;
  const int top = lua_gettop(lua);
  const auto compiles = [&](const std::string& text) {
    lua_settop(lua, top);
    return compile_text(lua, text.data(), text.size(), "@ldb_eval") == 1;
  };
  if (compiles(expression) || compiles(code)) {
    run_code(lua, lua_gettop(lua));
  } else {
    log("<error> " + error_text(lua));
  }
  lua_settop(lua, top);
  return Next::stays;
}

// In a state of its own, because no hook is called within a hook.
void Debugger::run_code(lua_State* lua, int function) {
  lua_State* const own = lua_newthread(lua);
  lua_sethook(own, watch_code, LUA_MASKCOUNT, kInstructionsOfCode);
  host_of(lua).run()->began_us = 0;
  lua_pushvalue(lua, function);
  lua_xmove(lua, own, 1);
  if (lua_pcall(own, 0, 1, 0) != 0) return log("<error> " + error_text(own));
  log_value(own, "<retval> ");
}

// Runs redis.call(), which reports itself.
Debugger::Next Debugger::redis(lua_State* lua, const DebugWords& words) {
  const int top = lua_gettop(lua);
  if (lua_checkstack(lua, static_cast<int>(words.size()) + 2) == 0) {
    log("<error> max lua stack reached");
    return Next::stays;
  }
  lua_getglobal(lua, "redis");
  lua_getfield(lua, -1, "call");
  for (std::size_t i = 1; i < words.size(); ++i) {
    lua_pushlstring(lua, words[i].data(), words[i].size());
  }
  steps_ = true;
  lua_pcall(lua, static_cast<int>(words.size()) - 1, 1, 0);
  steps_ = false;
  lua_settop(lua, top);
  return Next::stays;
}

// maxlen
Debugger::Next Debugger::limit(lua_State*, const DebugWords& words) {
  if (words.size() == 2) {
    knows_of_bound_ = true;
    const std::int64_t asked = leading_number(words[1]);
    const std::int64_t shown = asked == 0 ? 0 : std::max(asked, kLeastShown);
    most_shown_ = std::min(static_cast<std::size_t>(shown), kMostShownBytes);
  }
  log(most_shown_ == 0 ? "<value> replies are unlimited."
                       : base::printed("<value> replies are truncated at %zu bytes.", most_shown_));
  return Next::stays;
}

Debugger::Next Debugger::abort(lua_State* lua, const DebugWords&) {
  raise_error(lua, "script aborted for user request");
  __builtin_unreachable();
}

}  // namespace larder::scripting
