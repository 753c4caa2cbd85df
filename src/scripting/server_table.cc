// The table `redis`: the functions by which scripts use the server.

#include <array>
#include <cmath>
#include <cstring>
#include <span>
#include <string>

#include "debugger.h"
#include "errors.h"
#include "host.h"
#include "larder/base/log.h"
#include "larder/base/numbers.h"
#include "larder/engine/identity.h"
#include "libraries/meter.h"
#include "proxies.h"
#include "replies.h"
#include "sandbox.h"
#include "sha1.h"

namespace larder::scripting {
namespace {

// Nothing with a destructor may be alive where a function raises an error of Lua.

enum class OnError : std::uint8_t { raises, returns };

// The table of the error is at the top.
int fail(lua_State* lua, OnError on_error) {
  return on_error == OnError::raises ? lua_error(lua) : 1;
}

int fail(lua_State* lua, std::string_view text, OnError on_error) {
  push_error(lua, text);
  return fail(lua, on_error);
}

// The sign of a number that is none is printed too: 0/0 is -nan.
std::string_view print_number(double number, std::array<char, base::kDoubleChars>& digits) {
  if (std::isnan(number)) return std::signbit(number) ? "-nan" : "nan";
  return base::print_double(number, digits);
}

// A number is replaced by its text.
[[gnu::always_inline]] inline bool read_argument(lua_State* lua, int index,
                                                 std::string_view& word) {
  const int type = lua_type(lua, index);
  if (type == LUA_TNUMBER) {
    std::array<char, base::kDoubleChars> digits;
    const std::string_view text = print_number(lua_tonumber(lua, index), digits);
    lua_pushlstring(lua, text.data(), text.size());
    lua_replace(lua, index);
  } else if (type != LUA_TSTRING) {
    return false;
  }
  std::size_t size = 0;
  const char* const text = lua_tolstring(lua, index, &size);
  word = {text, size};
  return true;
}

// Between a command with such a reply and the reply's conversion the script can be ended.
constexpr std::size_t kLongReply = std::size_t{1} << 20;

// Room for the words of most commands. Not initialized: it is written before it is read.
constexpr int kFewWords = 16;
struct FewWords {
  FewWords() {}
  union {
    std::string_view words[kFewWords];
  };
};

// The arguments of the function as the words of a command: in `few`, or in memory of the state that
// is at the top of the stack. Null if one is neither a text nor a number.
[[gnu::always_inline]] inline const std::string_view* read_words(lua_State* lua, FewWords& few,
                                                                 int count) {
  std::string_view* words = few.words;
  if (count > kFewWords) {
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(std::string_view);
    words = static_cast<std::string_view*>(lua_newuserdata(lua, bytes));
  }
  for (int i = 0; i < count; ++i) {
    if (!read_argument(lua, i + 1, words[i])) return nullptr;
  }
  return words;
}

void report_call(Debugger& debugger, resp::Args args) {
  if (debugger.reports()) debugger.report_call(args);
}

void report_reply(Debugger& debugger, std::string_view reply) {
  if (!debugger.reports()) return;
  if (reply.front() == '-') debugger.report_error(reply.substr(0, reply.find('\r')));
  debugger.report_reply(reply);
}

int run_command(lua_State* lua, OnError on_error) {
  Host& host = host_of(lua);
  const int count = lua_gettop(lua);
  if (host.run() == nullptr) {
    return raise_error(lua, "redis.call/pcall can only be called inside a script invocation");
  }
  if (count == 0) {
    return fail(lua, "Please specify at least one argument for this redis lib call", on_error);
  }
  FewWords few;
  const std::string_view* const words = read_words(lua, few, count);
  if (words == nullptr) {
    return fail(lua, "Lua redis lib command arguments must be strings or integers", on_error);
  }
  const resp::Args args{words, static_cast<std::size_t>(count)};
  Debugger* const debugger = host.run()->debugger;
  if (debugger != nullptr) report_call(*debugger, args);
  const std::string_view refusal = host.run_command(args);
  if (!refusal.empty()) return fail(lua, refusal, on_error);
  const std::string_view reply = host.reply();
  if (__builtin_expect(reply.size() >= kLongReply, 0)) check_interrupt(lua);
  if (debugger != nullptr) report_reply(*debugger, reply);
  push_reply(lua, reply);
  return reply.front() == '-' ? fail(lua, on_error) : 1;
}

int call(lua_State* lua) { return run_command(lua, OnError::raises); }
int pcall(lua_State* lua) { return run_command(lua, OnError::returns); }

bool is_one_text(lua_State* lua) { return lua_gettop(lua) == 1 && lua_type(lua, 1) == LUA_TSTRING; }

std::string_view text_at(lua_State* lua, int index) {
  std::size_t size = 0;
  const char* const text = lua_tolstring(lua, index, &size);
  return text == nullptr ? std::string_view() : std::string_view(text, size);
}

int error_reply(lua_State* lua) {
  if (!is_one_text(lua)) return fail(lua, "wrong number or type of arguments", OnError::returns);
  if (push_own_error(lua, 1)) return 1;
  const std::string_view text = text_at(lua, 1);
  if (!text.empty() && text.front() == '-') return fail(lua, text, OnError::returns);
  lua_pushliteral(lua, "-");
  lua_insert(lua, 1);
  lua_concat(lua, 2);
  return fail(lua, text_at(lua, 1), OnError::returns);
}

int status_reply(lua_State* lua) {
  if (!is_one_text(lua)) return fail(lua, "wrong number or type of arguments", OnError::returns);
  lua_createtable(lua, 0, 1);
  lua_pushvalue(lua, 1);
  lua_setfield(lua, -2, "ok");
  return 1;
}

int sha1hex(lua_State* lua) {
  if (lua_gettop(lua) != 1) return raise_error(lua, "wrong number of arguments");
  constexpr std::size_t kPiece = Meter::kBytesBetweenChecks;
  std::string_view text = text_at(lua, 1);
  Meter meter(lua);
  Sha1 sum;
  for (; text.size() > kPiece; text.remove_prefix(kPiece)) {
    sum.add(text.substr(0, kPiece));
    meter.charge(kPiece);
  }
  sum.add(text);
  const ShaHex name = hex(sum.end());
  lua_pushlstring(lua, name.data(), name.size());
  return 1;
}

// The texts, separated by spaces. Raises no error: they are texts already.
void write_log(base::Log& log, base::LogLevel level, lua_State* lua, int count) {
  std::string line;
  for (int i = 2; i <= count; ++i) {
    const std::string_view part = text_at(lua, i);
    if (part.data() == nullptr) continue;
    if (i != 2) line += ' ';
    line += part;
  }
  log.write(level, line);
}

int log(lua_State* lua) {
  const int count = lua_gettop(lua);
  if (count < 2) return raise_error(lua, "redis.log() requires two arguments or more.");
  if (lua_isnumber(lua, 1) == 0) {
    return raise_error(lua, "First argument must be a number (log level).");
  }
  const lua_Number wanted = lua_tonumber(lua, 1);
  if (!(wanted >= 0 && wanted <= static_cast<lua_Number>(base::LogLevel::warning))) {
    return raise_error(lua, "Invalid debug level.");
  }
  const auto level = static_cast<base::LogLevel>(static_cast<int>(wanted));
  base::Log& target = host_of(lua).parts().log;
  if (!target.wants(level)) return 0;
  // Numbers become texts now: that may need memory.
  for (int i = 2; i <= count; ++i) lua_tolstring(lua, i, nullptr);
  write_log(target, level, lua, count);
  return 0;
}

int set_protocol(lua_State* lua) {
  if (lua_gettop(lua) != 1) return raise_error(lua, "redis.setresp() requires one argument.");
  const lua_Number version = lua_tonumber(lua, 1);
  if (version != 2 && version != 3) return raise_error(lua, "RESP version must be 2 or 3.");
  host_of(lua).protocol(version == 3 ? resp::Protocol::resp3 : resp::Protocol::resp2);
  return 0;
}

// Where the effects of the following commands go.
constexpr int kNone = 0;
constexpr int kJournal = 1;
constexpr int kReplicas = 2;
constexpr int kAll = kJournal | kReplicas;

int set_reach(lua_State* lua) {
  if (lua_gettop(lua) != 1) return raise_error(lua, "redis.set_repl() requires two arguments.");
  Run* const run = host_of(lua).run();
  const lua_Number reach = lua_tonumber(lua, 1);
  if (!(reach >= kNone && reach <= kAll)) {
    return raise_error(lua,
                       "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or "
                       "REPL_NONE.");
  }
  if (run != nullptr) run->is_propagated = (static_cast<int>(reach) & kJournal) != 0;
  return 0;
}

int check_permission(lua_State* lua) {
  Host& host = host_of(lua);
  const int count = lua_gettop(lua);
  if (count == 0) {
    return raise_error(lua, "Please specify at least one argument for this redis lib call");
  }
  FewWords few;
  const std::string_view* const words = read_words(lua, few, count);
  if (words == nullptr) {
    return raise_error(lua, "Lua redis lib command arguments must be strings or integers");
  }
  if (host.run() == nullptr) {
    return raise_error(lua, "redis.acl_check_cmd() can only be called inside a script invocation");
  }
  const auto permission = host.check_permission({words, static_cast<std::size_t>(count)});
  if (permission == Host::Permission::unknown) {
    return raise_error(lua, "Invalid command passed to redis.acl_check_cmd()");
  }
  lua_pushboolean(lua, permission == Host::Permission::granted ? 1 : 0);
  return 1;
}

// Effects are propagated always.
int replicate_commands(lua_State* lua) {
  lua_pushboolean(lua, 1);
  return 1;
}

// True if the script is debugged.
int breakpoint(lua_State* lua) {
  Debugger* const debugger = debugger_of(lua);
  if (debugger != nullptr) debugger->stop_at_next_line();
  lua_pushboolean(lua, debugger != nullptr ? 1 : 0);
  return 1;
}

int debug(lua_State* lua) {
  Debugger* const debugger = debugger_of(lua);
  if (debugger != nullptr) debugger->report_values(lua);
  return 0;
}

constexpr luaL_Reg kForAll[] = {{"call", call},
                                {"pcall", pcall},
                                {"error_reply", error_reply},
                                {"status_reply", status_reply},
                                {"sha1hex", sha1hex},
                                {"setresp", set_protocol},
                                {"set_repl", set_reach},
                                {"acl_check_cmd", check_permission}};
constexpr luaL_Reg kForScripts[] = {
    {"replicate_commands", replicate_commands}, {"breakpoint", breakpoint}, {"debug", debug}};

struct Number {
  const char* name;
  int value;
};
constexpr Number kLevels[] = {{"LOG_DEBUG", static_cast<int>(base::LogLevel::debug)},
                              {"LOG_VERBOSE", static_cast<int>(base::LogLevel::verbose)},
                              {"LOG_NOTICE", static_cast<int>(base::LogLevel::notice)},
                              {"LOG_WARNING", static_cast<int>(base::LogLevel::warning)}};
constexpr Number kReaches[] = {{"REPL_NONE", kNone},
                               {"REPL_AOF", kJournal},
                               {"REPL_SLAVE", kReplicas},
                               {"REPL_REPLICA", kReplicas},
                               {"REPL_ALL", kAll}};

// One byte for each part of the version.
constexpr int version_number(std::string_view version) {
  int number = 0;
  int part = 0;
  for (const char c : version) {
    if (c == '.') {
      number = (number + part) << 8;
      part = 0;
    } else {
      part = 10 * part + (c - '0');
    }
  }
  return number + part;
}
static_assert(version_number("7.2.6") == 0x070206);

void add_functions(lua_State* lua, std::span<const luaL_Reg> functions) {
  for (const luaL_Reg& function : functions) {
    lua_pushcfunction(lua, function.func);
    lua_setfield(lua, -2, function.name);
  }
}

void add_numbers(lua_State* lua, std::span<const Number> numbers) {
  for (const Number& number : numbers) {
    lua_pushinteger(lua, number.value);
    lua_setfield(lua, -2, number.name);
  }
}

}  // namespace

void push_load_table(lua_State* lua) {
  lua_newtable(lua);
  lua_pushcfunction(lua, log);
  lua_setfield(lua, -2, "log");
  add_numbers(lua, kLevels);
  constexpr std::string_view kVersion = engine::kCompatibleVersion;
  lua_pushlstring(lua, kVersion.data(), kVersion.size());
  lua_setfield(lua, -2, "REDIS_VERSION");
  lua_pushinteger(lua, version_number(kVersion));
  lua_setfield(lua, -2, "REDIS_VERSION_NUM");
}

void push_server_table(lua_State* lua, SandboxKind kind) {
  push_load_table(lua);
  add_functions(lua, kForAll);
  if (kind == SandboxKind::scripts) add_functions(lua, kForScripts);
  add_numbers(lua, kReaches);
}

}  // namespace larder::scripting
