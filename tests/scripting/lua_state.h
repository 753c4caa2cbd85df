#pragma once

// A bare Lua state with the libraries of scripts, for tests and fuzz targets. Its allocator counts
// what it gives, refuses what passes a limit, and can refuse the n-th call. The destructor checks
// that everything came back.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>

#include "larder/base/assert.h"
#include "src/scripting/libraries/libraries.h"

namespace larder::scripting {

class LuaState {
 public:
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

  explicit LuaState(std::size_t limit = kNoLimit) : limit_(limit) {
    lua_ = lua_newstate(allocate, this);
    LARDER_ASSERT(lua_ != nullptr);
    open("", luaopen_base);
    open("string", luaopen_string);
    lua_getglobal(lua_, "string");
    add_search_functions(lua_);
    lua_pop(lua_, 1);
    open("table", luaopen_table);
    open("math", luaopen_math);
    open("cjson", open_cjson);
    open("cmsgpack", open_cmsgpack);
    open("struct", open_struct);
    open("bit", open_bit);
    lua_settop(lua_, 0);
  }

  ~LuaState() {
    lua_close(lua_);
    LARDER_ASSERT(used_ == 0);
  }

  LuaState(const LuaState&) = delete;
  LuaState& operator=(const LuaState&) = delete;

  lua_State* get() const { return lua_; }
  std::size_t used() const { return used_; }
  std::uint64_t refused() const { return refused_; }

  // The call of the allocator that is refused, counted from now on from 1; 0: none. With
  // `Refused::all_later` also those after it.
  enum class Refused { one, all_later };
  void refuse(std::uint64_t nth, Refused refused) {
    calls_ = 0;
    refused_ = 0;
    nth_ = nth;
    all_later_ = refused == Refused::all_later;
  }

  // Compiles a text, and leaves the function on the stack.
  void load(std::string_view text) {
    const int status = luaL_loadbuffer(lua_, text.data(), text.size(), "@user_script");
    LARDER_ASSERT(status == 0);
  }

  // Calls the function on the stack and returns its first result, or the error, as a string. After
  // the call no allocation is refused.
  std::string call() {
    failed_ = lua_pcall(lua_, 0, 1, 0) != 0;
    nth_ = 0;
    std::size_t size = 0;
    const char* text = lua_tolstring(lua_, -1, &size);
    std::string result = text == nullptr ? luaL_typename(lua_, -1) : std::string(text, size);
    lua_settop(lua_, 0);
    return result;
  }

  std::string run(std::string_view text) {
    load(text);
    return call();
  }

  bool failed() const { return failed_; }

 private:
  void open(const char* name, lua_CFunction library) {
    lua_pushcfunction(lua_, library);
    lua_pushstring(lua_, name);
    lua_call(lua_, 1, 1);
    if (*name == '\0') return;
    lua_setglobal(lua_, name);
  }

  static void* allocate(void* context, void* block, std::size_t old_size, std::size_t size) {
    auto& state = *static_cast<LuaState*>(context);
    if (size == 0) {
      state.used_ -= old_size;
      std::free(block);
      return nullptr;
    }
    // Lua expects that a block can always become smaller.
    if (size > old_size && state.refuses(size - old_size)) return nullptr;
    void* moved = std::realloc(block, size);
    LARDER_ASSERT(moved != nullptr);
    state.used_ = state.used_ - old_size + size;
    return moved;
  }

  bool refuses(std::size_t more) {
    ++calls_;
    const bool is_chosen = nth_ != 0 && (all_later_ ? calls_ >= nth_ : calls_ == nth_);
    if (!is_chosen && used_ <= limit_ && more <= limit_ - used_) return false;
    ++refused_;
    return true;
  }

  std::size_t limit_;
  std::size_t used_ = 0;
  std::uint64_t calls_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t nth_ = 0;
  bool all_later_ = false;
  bool failed_ = false;
  lua_State* lua_ = nullptr;
};

}  // namespace larder::scripting
