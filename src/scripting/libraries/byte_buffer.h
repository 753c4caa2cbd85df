#pragma once

// Bytes that grow at their end. They are a userdata on the Lua stack, so that an error at any
// moment leaves them to the collector.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <lua.hpp>
#include <string_view>

namespace larder::scripting {

class ByteBuffer {
 public:
  // Pushes the userdata, which must stay where it is until the end. Growing needs one more place
  // on the stack. Begins with the userdata that an earlier call kept in the table at the index
  // `shelf`, if there is one.
  ByteBuffer(lua_State* lua, int shelf) : lua_(lua) {
    lua_rawgeti(lua_, shelf, kKept);
    if (lua_touserdata(lua_, -1) == nullptr) {
      lua_pop(lua_, 1);
      push_new();
      return;
    }
    place_ = lua_gettop(lua_);
    use(lua_touserdata(lua_, -1), lua_objlen(lua_, -1));
    // A call inside this one, from a finalizer, must not get the same bytes.
    lua_pushnil(lua_);
    lua_rawseti(lua_, shelf, kKept);
  }

  // Keeps the userdata in the table, unless it has become large.
  void keep(int shelf) {
    if (capacity_ > kMostKept) return;
    lua_pushvalue(lua_, place_);
    lua_rawseti(lua_, shelf, kKept);
  }

  // Empties the table.
  static void drop_kept(lua_State* lua, int shelf) {
    lua_pushnil(lua);
    lua_rawseti(lua, shelf, kKept);
  }

  // Makes room for `count` bytes and returns where they begin; commit() then adds those written.
  char* reserve(std::size_t count) {
    if (count > capacity_ - size_) grow(count);
    return data_ + size_;
  }
  void commit(std::size_t count) { size_ += count; }

  void append(char byte) {
    *reserve(1) = byte;
    commit(1);
  }

  void append(std::string_view bytes) {
    std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
    commit(bytes.size());
  }

  void append_zeros(std::size_t count) {
    std::memset(reserve(count), 0, count);
    commit(count);
  }

  void push_string() const { lua_pushlstring(lua_, data_, size_); }

 private:
  static constexpr std::size_t kFirstCapacity = 1024;
  static constexpr std::size_t kMostKept = std::size_t{64} * 1024;
  static constexpr int kKept = 1;

  void use(void* data, std::size_t capacity) {
    data_ = static_cast<char*>(data);
    capacity_ = capacity;
  }

  void push_new() {
    use(lua_newuserdata(lua_, kFirstCapacity), kFirstCapacity);
    place_ = lua_gettop(lua_);
  }

  [[gnu::noinline]] void grow(std::size_t count) {
    const std::size_t capacity = std::max(2 * capacity_, size_ + count);
    void* larger = lua_newuserdata(lua_, capacity);
    std::memcpy(larger, data_, size_);
    lua_replace(lua_, place_);
    use(larger, capacity);
  }

  lua_State* lua_;
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  int place_ = 0;
};

}  // namespace larder::scripting
