#include "library_load.h"

#include "errors.h"
#include "host.h"
#include "larder/base/text.h"
#include "library_header.h"
#include "proxies.h"
#include "sandbox.h"
#include "shebang.h"

namespace larder::scripting {
namespace {

// Names and descriptions are copied: a text of Lua may be named many times.
constexpr std::uint64_t kMostTextBytes = 1 << 20;

// Their addresses are keys in the registry.
constexpr char kLoad = 0;
constexpr char kLoadGlobals = 0;

LibraryLoad* present_load(lua_State* lua) {
  lua_pushlightuserdata(lua, const_cast<char*>(&kLoad));
  lua_rawget(lua, LUA_REGISTRYINDEX);
  auto* const load = static_cast<LibraryLoad*>(lua_touserdata(lua, -1));
  lua_pop(lua, 1);
  return load;
}

void note_load(lua_State* lua, LibraryLoad* load) {
  lua_pushlightuserdata(lua, const_cast<char*>(&kLoad));
  load == nullptr ? lua_pushnil(lua) : lua_pushlightuserdata(lua, load);
  lua_rawset(lua, LUA_REGISTRYINDEX);
}

// The proxy of globals reads from the table at the top, which is removed.
void read_globals_from_top(lua_State* lua) {
  lua_getmetatable(lua, LUA_GLOBALSINDEX);
  lua_insert(lua, -2);
  lua_setfield(lua, -2, "__index");
  lua_pop(lua, 1);
}

// While it exists libraries see the globals of loading.
class Loading {
 public:
  Loading(lua_State* lua, LibraryLoad& load) : lua_(lua) {
    note_load(lua, &load);
    lua_pushlightuserdata(lua, const_cast<char*>(&kLoadGlobals));
    lua_rawget(lua, LUA_REGISTRYINDEX);
    read_globals_from_top(lua);
  }
  ~Loading() {
    heap_of(lua_).must_succeed();
    push_globals(lua_);
    read_globals_from_top(lua_);
    note_load(lua_, nullptr);
  }
  Loading(const Loading&) = delete;
  Loading& operator=(const Loading&) = delete;

 private:
  lua_State* lua_;
};

std::string_view text_at(lua_State* lua, int index) {
  std::size_t size = 0;
  const char* const text = lua_tolstring(lua, index, &size);
  return text == nullptr ? std::string_view() : std::string_view(text, size);
}

// What a call of register_function describes.
struct Registration {
  std::string_view name;
  std::string_view description;
  bool is_described = false;
  int callback = 0;  // its place on the stack
  std::uint32_t flags = 0;
};

// The flags in the table at the top. False if one is unknown.
bool read_flags(lua_State* lua, std::uint32_t& flags) {
  for (int i = 1;; ++i) {
    lua_rawgeti(lua, -1, i);
    if (lua_isnil(lua, -1)) break;
    const std::uint32_t flag = lua_isstring(lua, -1) != 0 ? function_flag(text_at(lua, -1)) : 0;
    if (flag == 0) return false;
    flags |= flag;
    lua_pop(lua, 1);
  }
  lua_pop(lua, 1);
  return true;
}

// One field of the table of register_function: its value is at the top, and stays. Returns the
// error, or null.
const char* read_field(lua_State* lua, std::string_view name, Registration& found) {
  const bool is_text = lua_isstring(lua, -1) != 0;
  if (base::equals_ignoring_case(name, "function_name")) {
    if (!is_text) return "function_name argument given to redis.register_function must be a string";
    found.name = text_at(lua, -1);
  } else if (base::equals_ignoring_case(name, "description")) {
    if (!is_text) return "description argument given to redis.register_function must be a string";
    found.description = text_at(lua, -1);
    found.is_described = true;
  } else if (base::equals_ignoring_case(name, "callback")) {
    if (!lua_isfunction(lua, -1)) {
      return "callback argument given to redis.register_function must be a function";
    }
    found.callback = lua_gettop(lua) - 1;  // when its key is above it again
  } else if (base::equals_ignoring_case(name, "flags")) {
    if (!lua_istable(lua, -1)) {
      return "flags argument to redis.register_function must be a table representing function "
             "flags";
    }
    if (!read_flags(lua, found.flags)) return "unknown flag given";
  } else {
    return "unknown argument given to redis.register_function";
  }
  return nullptr;
}

// The form with one table. Values stay on the stack, below the keys.
const char* read_named(lua_State* lua, Registration& found) {
  if (!lua_istable(lua, 1)) {
    return "calling redis.register_function with a single argument is only applicable to Lua "
           "table (representing named arguments).";
  }
  for (lua_pushnil(lua); lua_next(lua, 1) != 0;) {
    luaL_checkstack(lua, 4, "too many arguments");
    if (lua_type(lua, -2) == LUA_TNUMBER)
      return "unknown argument given to redis.register_function";
    if (lua_type(lua, -2) != LUA_TSTRING) {
      return "named argument key given to redis.register_function is not a string";
    }
    // The key is needed at the top for the next one.
    lua_pushvalue(lua, -2);
    lua_insert(lua, -2);
    const char* const error = read_field(lua, text_at(lua, -2), found);
    if (error != nullptr) return error;
    lua_insert(lua, -2);
  }
  if (found.name.data() == nullptr) {
    return "redis.register_function must get a function name argument";
  }
  if (found.callback == 0) return "redis.register_function must get a callback argument";
  return nullptr;
}

const char* read_positional(lua_State* lua, Registration& found) {
  if (lua_isstring(lua, 1) == 0) {
    return "first argument to redis.register_function must be a string";
  }
  if (!lua_isfunction(lua, 2)) {
    return "second argument to redis.register_function must be a function";
  }
  found.name = text_at(lua, 1);
  found.callback = 2;
  return nullptr;
}

const char* read_registration(lua_State* lua, Registration& found) {
  switch (lua_gettop(lua)) {
    case 1:
      return read_named(lua, found);
    case 2:
      return read_positional(lua, found);
    default:
      return "wrong number of arguments to redis.register_function";
  }
}

void make_pause(lua_State* lua, LibraryLoad& load) {
  if (load.pauses != nullptr && !load.pauses->go_on()) raise_error(lua, "Stopped");
}

int register_function(lua_State* lua) {
  LibraryLoad* const load = present_load(lua);
  if (load == nullptr) {
    return raise_error(lua, "redis.register_function can only be called on FUNCTION LOAD command");
  }
  make_pause(lua, *load);
  Registration found;
  const char* const error = read_registration(lua, found);
  if (error != nullptr) return raise_error(lua, error);
  if (!is_function_name(found.name)) return raise_error(lua, kBadFunctionName);
  if (load->library.find(found.name) != nullptr) {
    return raise_error(lua, "Function already exists in the library");
  }
  load->text_bytes += found.name.size() + found.description.size();
  if (load->text_bytes > kMostTextBytes) {
    return raise_error(lua, "The names and descriptions of a library may take 1 MB");
  }
  lua_pushvalue(lua, found.callback);
  const int reference = luaL_ref(lua, LUA_REGISTRYINDEX);
  Function& function = load->library.add();
  function.name.assign(found.name);
  function.description.assign(found.description);
  function.is_described = found.is_described;
  function.flags = found.flags;
  function.reference = reference;
  return 0;
}

// The code in pieces, between which others are served.
class CodePieces {
 public:
  explicit CodePieces(const LibraryLoad& load) : left_(load.code), pauses_(load.pauses) {}

  static const char* next(lua_State*, void* pieces, std::size_t* size) {
    return static_cast<CodePieces*>(pieces)->next(*size);
  }

 private:
  // The end of the code, too, when the loading shall not go on: then it does not matter what is
  // compiled.
  const char* next(std::size_t& size) {
    constexpr std::size_t kPieceBytes = 8 << 10;
    if (!pauses_->go_on()) left_ = {};
    const std::string_view piece = left_.substr(0, kPieceBytes);
    left_.remove_prefix(piece.size());
    size = piece.size();
    return piece.empty() ? nullptr : piece.data();
  }

  std::string_view left_;
  engine::FunctionLibraries::Pauses* const pauses_;
};

// Like compile_text().
int compile(lua_State* lua, const LibraryLoad& load) {
  constexpr const char* kName = "@user_function";
  const bool is_refused =
      load.code.size() > kMostSourceBytes || load.code.starts_with(LUA_SIGNATURE[0]);
  if (load.pauses == nullptr || is_refused) {
    return compile_text(lua, load.code.data(), load.code.size(), kName);
  }
  CodePieces pieces(load);
  lua_pushnil(lua);
  lua_gc(lua, LUA_GCSTOP, 0);
  const int status = lua_load(lua, CodePieces::next, &pieces, kName);
  lua_gc(lua, LUA_GCRESTART, 0);
  return status == 0 ? 1 : 2;
}

// Of a library whose code has failed: the error at the top.
std::string failure(lua_State* lua) {
  std::string text = "Error registering functions: ";
  if (lua_type(lua, -1) == LUA_TTABLE) return text.append(read_error(lua).text);
  const std::string_view error = text_at(lua, -1);
  return text.append("ERR ").append(error.data() == nullptr ? "unknown error" : error);
}

}  // namespace

void add_load_globals(lua_State* lua) {
  lua_newtable(lua);
  push_load_table(lua);
  lua_pushcfunction(lua, register_function);
  lua_setfield(lua, -2, "register_function");
  refuse_unknown_fields(lua);
  make_proxy(lua);
  lua_pushvalue(lua, -1);
  lua_setfield(lua, -3, "redis");
  lua_setfield(lua, -2, "server");
  refuse_unknown_fields(lua);
  lua_pushlightuserdata(lua, const_cast<char*>(&kLoadGlobals));
  lua_insert(lua, -2);
  lua_rawset(lua, LUA_REGISTRYINDEX);
}

void load_library(lua_State* lua, LibraryLoad& load) {
  load.began_us = host_of(lua).parts().clock.steady_now_us();
  const std::uint64_t before = heap_of(lua).bytes();
  const int pushed = compile(lua, load);
  const std::uint64_t after = heap_of(lua).bytes();
  load.compiled_bytes = after > before ? after - before : 0;
  if (pushed != 1) {
    load.error = "Error compiling function: " + std::string(text_at(lua, -1));
    return;
  }
  const Loading loading(lua, load);
  if (lua_pcall(lua, 0, 0, 0) != 0) load.error = failure(lua);
}

void check_load_time(lua_State* lua) {
  constexpr std::int64_t kMsUs = 1000;
  LibraryLoad* const load = present_load(lua);
  if (load == nullptr) return;
  make_pause(lua, *load);
  if (load->most_ms == 0) return;
  const std::int64_t took_us = host_of(lua).parts().clock.steady_now_us() - load->began_us;
  if (took_us > load->most_ms * kMsUs) raise_error(lua, "FUNCTION LOAD timeout");
}

}  // namespace larder::scripting
