// MessagePack, as its specification of 2011 has it: without binary data and extensions.
// Tables within 16 others become nil.

#include <bit>
#include <climits>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "array.h"
#include "byte_buffer.h"
#include "conversions.h"
#include "libraries.h"
#include "meter.h"

namespace larder::scripting {
namespace {

namespace mark {
constexpr std::uint8_t kSmallMap = 0x80;
constexpr std::uint8_t kSmallArray = 0x90;
constexpr std::uint8_t kSmallText = 0xa0;
constexpr std::uint8_t kNil = 0xc0;
constexpr std::uint8_t kFalse = 0xc2;
constexpr std::uint8_t kTrue = 0xc3;
constexpr std::uint8_t kFloat = 0xca;
constexpr std::uint8_t kDouble = 0xcb;
constexpr std::uint8_t kUint8 = 0xcc;
constexpr std::uint8_t kUint16 = 0xcd;
constexpr std::uint8_t kUint32 = 0xce;
constexpr std::uint8_t kUint64 = 0xcf;
constexpr std::uint8_t kInt8 = 0xd0;
constexpr std::uint8_t kInt16 = 0xd1;
constexpr std::uint8_t kInt32 = 0xd2;
constexpr std::uint8_t kInt64 = 0xd3;
constexpr std::uint8_t kText8 = 0xd9;
constexpr std::uint8_t kText16 = 0xda;
constexpr std::uint8_t kText32 = 0xdb;
constexpr std::uint8_t kArray16 = 0xdc;
constexpr std::uint8_t kArray32 = 0xdd;
constexpr std::uint8_t kMap16 = 0xde;
constexpr std::uint8_t kMap32 = 0xdf;
constexpr std::uint8_t kSmallNegative = 0xe0;
}  // namespace mark

// The table in which pack keeps its bytes between calls.
constexpr int kShelf = lua_upvalueindex(1);

class Packer {
 public:
  explicit Packer(lua_State* lua) : lua_(lua), out_(lua, kShelf), meter_(lua) {}

  // Packs the value on top of the stack and leaves it there.
  void value(int depth) {
    meter_.charge(Meter::kElement);
    switch (lua_type(lua_, -1)) {
      case LUA_TSTRING:
        return text();
      case LUA_TBOOLEAN:
        return put(lua_toboolean(lua_, -1) != 0 ? mark::kTrue : mark::kFalse);
      case LUA_TNUMBER:
        return number(lua_tonumber(lua_, -1));
      case LUA_TTABLE:
        if (depth < kMostDepth) return table(depth);
        [[fallthrough]];
      default:
        put(mark::kNil);
    }
  }

  void finish() {
    out_.push_string();
    out_.keep(kShelf);
  }

 private:
  static constexpr int kMostDepth = 16;

  void put(std::uint8_t byte) { out_.append(static_cast<char>(byte)); }

  // A mark, and the lowest bytes of `value` with the highest one first.
  template <typename Unsigned>
  void put(std::uint8_t mark, Unsigned value) {
    char* bytes = out_.reserve(1 + sizeof value);
    *bytes = static_cast<char>(mark);
    for (std::size_t i = sizeof value; i > 0; --i) {
      bytes[i] = static_cast<char>(value & 0xff);
      value = static_cast<Unsigned>(std::uint64_t{value} >> 8);
    }
    out_.commit(1 + sizeof value);
  }

  void number(double value) {
    const std::int64_t integer = to_int64(value);
    if (static_cast<double>(integer) == value) {
      return integer >= 0 ? positive(static_cast<std::uint64_t>(integer)) : negative(integer);
    }
    const auto narrow = static_cast<float>(value);
    if (static_cast<double>(narrow) == value) {
      return put(mark::kFloat, std::bit_cast<std::uint32_t>(narrow));
    }
    put(mark::kDouble, std::bit_cast<std::uint64_t>(value));
  }

  void positive(std::uint64_t value) {
    if (value <= INT8_MAX) return put(static_cast<std::uint8_t>(value));
    if (value <= UINT8_MAX) return put(mark::kUint8, static_cast<std::uint8_t>(value));
    if (value <= UINT16_MAX) return put(mark::kUint16, static_cast<std::uint16_t>(value));
    if (value <= UINT32_MAX) return put(mark::kUint32, static_cast<std::uint32_t>(value));
    put(mark::kUint64, value);
  }

  void negative(std::int64_t value) {
    if (value >= -32) return put(static_cast<std::uint8_t>(value));
    if (value >= INT8_MIN) return put(mark::kInt8, static_cast<std::uint8_t>(value));
    if (value >= INT16_MIN) return put(mark::kInt16, static_cast<std::uint16_t>(value));
    if (value >= INT32_MIN) return put(mark::kInt32, static_cast<std::uint32_t>(value));
    put(mark::kInt64, static_cast<std::uint64_t>(value));
  }

  void text() {
    std::size_t size = 0;
    const char* bytes = lua_tolstring(lua_, -1, &size);
    if (size < 32) {
      put(static_cast<std::uint8_t>(mark::kSmallText | size));
    } else if (size <= UINT8_MAX) {
      put(mark::kText8, static_cast<std::uint8_t>(size));
    } else if (size <= UINT16_MAX) {
      put(mark::kText16, static_cast<std::uint16_t>(size));
    } else if (size <= UINT32_MAX) {
      put(mark::kText32, static_cast<std::uint32_t>(size));
    } else {
      luaL_error(lua_, "string too long for MessagePack");
    }
    out_.append({bytes, size});
  }

  void table(int depth) {
    luaL_checkstack(lua_, 4, "in function mp_encode_lua_table");
    std::uint32_t count = 0;
    if (is_array(count)) return array(count, depth);
    map(depth);
  }

  // Whether the keys are 1 to the number of elements, in any order.
  bool is_array(std::uint32_t& count) {
    std::int32_t largest = 0;
    lua_pushnil(lua_);
    while (lua_next(lua_, -2) != 0) {
      lua_pop(lua_, 1);
      meter_.charge(1);
      if (!is_index(largest)) {
        lua_pop(lua_, 1);
        return false;
      }
      ++count;
    }
    return static_cast<std::uint32_t>(largest) == count;
  }

  bool is_index(std::int32_t& largest) const {
    if (lua_type(lua_, -1) != LUA_TNUMBER) return false;
    const double key = lua_tonumber(lua_, -1);
    const std::int32_t index = to_int32(key);
    if (key <= 0 || index != key) return false;
    largest = std::max(largest, index);
    return true;
  }

  void array(std::uint32_t count, int depth) {
    head(count, mark::kSmallArray, mark::kArray16, mark::kArray32);
    for (std::uint32_t i = 1; i <= count; ++i) {
      lua_rawgeti(lua_, -1, static_cast<int>(i));
      value(depth + 1);
      lua_pop(lua_, 1);
    }
  }

  void map(int depth) {
    head(pairs(), mark::kSmallMap, mark::kMap16, mark::kMap32);
    lua_pushnil(lua_);
    while (lua_next(lua_, -2) != 0) {
      lua_pushvalue(lua_, -2);
      value(depth + 1);
      lua_pop(lua_, 1);
      value(depth + 1);
      lua_pop(lua_, 1);
    }
  }

  std::uint32_t pairs() {
    std::uint32_t count = 0;
    lua_pushnil(lua_);
    for (; lua_next(lua_, -2) != 0; ++count) {
      lua_pop(lua_, 1);
      meter_.charge(1);
    }
    return count;
  }

  // The start of an array or a map, up to 15 elements in one byte.
  void head(std::uint32_t count, std::uint8_t small, std::uint8_t medium, std::uint8_t large) {
    if (count < 16) return put(static_cast<std::uint8_t>(small | count));
    if (count <= UINT16_MAX) return put(medium, static_cast<std::uint16_t>(count));
    put(large, count);
  }

  lua_State* lua_;
  ByteBuffer out_;
  Meter meter_;
};

int pack(lua_State* lua) {
  const int arguments = lua_gettop(lua);
  if (arguments == 0) return luaL_argerror(lua, 0, "MessagePack pack needs input.");
  if (lua_checkstack(lua, arguments) == 0) {
    return luaL_argerror(lua, 0, "Too many arguments for MessagePack pack.");
  }
  luaL_checkstack(lua, 3, "in function mp_check");
  Packer packer(lua);
  for (int i = 1; i <= arguments; ++i) {
    lua_pushvalue(lua, i);
    packer.value(0);
    lua_pop(lua, 1);
  }
  packer.finish();
  return 1;
}

// Reads values from a string of Lua, which must stay on the stack.
class Unpacker {
 public:
  Unpacker(lua_State* lua, std::string_view bytes)
      : lua_(lua), at_(bytes.data()), end_(at_ + bytes.size()), meter_(lua) {}

  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  // Pushes a value that is not in a table.
  void result() {
    need(1);
    check_stack(1);
    value();
  }

 private:
  // Pushes the next value, for which there is a place. Tables look for more. So the stack of Lua
  // limits their depth: each of them takes at least one place.
  void value() {
    need(1);
    meter_.charge(Meter::kElement);
    const auto first = static_cast<std::uint8_t>(*at_++);
    if (first < mark::kSmallMap) return lua_pushinteger(lua_, first);
    if (first >= mark::kSmallNegative) return lua_pushinteger(lua_, static_cast<int8_t>(first));
    if (first >= mark::kNil) return marked(first);
    if (first >= mark::kSmallText) return text(first & 0x1f);
    if (first >= mark::kSmallArray) return array(first & 0x0f);
    map(first & 0x0f);
  }

  void check_stack(int places) {
    luaL_checkstack(lua_, places,
                    "too many return values at once; use unpack_one or unpack_limit instead.");
  }

  void need(std::size_t bytes) {
    if (left() < bytes) luaL_error(lua_, "Missing bytes in input.");
  }

  template <typename Unsigned>
  Unsigned take() {
    need(sizeof(Unsigned));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
      value = value << 8 | static_cast<unsigned char>(at_[i]);
    }
    at_ += sizeof(Unsigned);
    return static_cast<Unsigned>(value);
  }

  template <typename Signed, typename Unsigned>
  void integer() {
    lua_pushinteger(lua_, static_cast<Signed>(take<Unsigned>()));
  }

  void marked(std::uint8_t first) {
    switch (first) {
      case mark::kNil:
        return lua_pushnil(lua_);
      case mark::kFalse:
        return lua_pushboolean(lua_, 0);
      case mark::kTrue:
        return lua_pushboolean(lua_, 1);
      case mark::kFloat:
        return lua_pushnumber(lua_, std::bit_cast<float>(take<std::uint32_t>()));
      case mark::kDouble:
        return lua_pushnumber(lua_, std::bit_cast<double>(take<std::uint64_t>()));
      case mark::kUint8:
        return integer<std::uint8_t, std::uint8_t>();
      case mark::kUint16:
        return integer<std::uint16_t, std::uint16_t>();
      case mark::kUint32:
        return integer<std::uint32_t, std::uint32_t>();
      // From 2^63 on they become negative, as in Redis.
      case mark::kUint64:
      case mark::kInt64:
        return integer<std::int64_t, std::uint64_t>();
      case mark::kInt8:
        return integer<std::int8_t, std::uint8_t>();
      case mark::kInt16:
        return integer<std::int16_t, std::uint16_t>();
      case mark::kInt32:
        return integer<std::int32_t, std::uint32_t>();
      case mark::kText8:
        return text(take<std::uint8_t>());
      case mark::kText16:
        return text(take<std::uint16_t>());
      case mark::kText32:
        return text(take<std::uint32_t>());
      case mark::kArray16:
        return array(take<std::uint16_t>());
      case mark::kArray32:
        return array(take<std::uint32_t>());
      case mark::kMap16:
        return map(take<std::uint16_t>());
      case mark::kMap32:
        return map(take<std::uint32_t>());
      default:
        luaL_error(lua_, "Bad data format in input.");
    }
  }

  void text(std::size_t size) {
    need(size);
    lua_pushlstring(lua_, at_, size);
    at_ += size;
  }

  void array(std::uint32_t count) {
    std::uint32_t done = 0;
    if (lua_checkstack(lua_, kMostCollected + 1) != 0) {
      while (done < count && done < kMostCollected && is_scalar_next()) {
        value();
        ++done;
      }
    }
    collect_array(lua_, static_cast<int>(done));
    if (done == count) return;
    luaL_checkstack(lua_, 2, "in function mp_decode_to_lua_array");
    while (done < count) {
      lua_pushnumber(lua_, ++done);
      value();
      lua_rawset(lua_, -3);
    }
  }

  // Neither a table nor nil.
  bool is_scalar_next() const {
    if (at_ == end_) return false;
    const auto first = static_cast<std::uint8_t>(*at_);
    return first < mark::kSmallMap || first >= mark::kSmallNegative ||
           (first >= mark::kSmallText && first != mark::kNil && first < mark::kArray16);
  }

  void map(std::uint32_t count) {
    lua_newtable(lua_);
    if (count > 0) check_stack(2);
    for (std::uint32_t i = 0; i < count; ++i) {
      value();
      value();
      lua_rawset(lua_, -3);
    }
  }

  lua_State* lua_;
  const char* at_;
  const char* end_;
  Meter meter_;
};

int unpack_values(lua_State* lua, lua_Integer limit, lua_Integer offset) {
  std::size_t size = 0;
  const char* bytes = luaL_checklstring(lua, 1, &size);
  if (offset < 0 || limit < 0) {
    // The second number is the size, as in Redis.
    return luaL_error(lua, "Invalid request to unpack with offset of %d and limit of %d.",
                      static_cast<int>(offset), static_cast<int>(size));
  }
  const auto start = static_cast<std::size_t>(offset);
  if (start > size) {
    return luaL_error(lua, "Start offset %d greater than input length %d.",
                      static_cast<int>(offset), static_cast<int>(size));
  }
  const bool takes_all = limit == 0 && offset == 0;
  if (takes_all) limit = INT_MAX;
  Unpacker unpacker(lua, {bytes + start, size - start});
  int count = 0;
  for (; unpacker.left() > 0 && count < limit; ++count) unpacker.result();
  if (takes_all) return count;
  luaL_checkstack(lua, 1, "in function mp_unpack_full");
  const std::size_t left = unpacker.left();
  lua_pushinteger(lua, left == 0 ? -1 : static_cast<lua_Integer>(size - left));
  lua_insert(lua, 2);
  return count + 1;
}

int unpack(lua_State* lua) { return unpack_values(lua, 0, 0); }

// Values are returned after the first argument.
void drop_other_arguments(lua_State* lua) {
  if (lua_gettop(lua) > 1) lua_settop(lua, 1);
}

int unpack_one(lua_State* lua) {
  const lua_Integer offset = luaL_optinteger(lua, 2, 0);
  drop_other_arguments(lua);
  return unpack_values(lua, 1, offset);
}

int unpack_limit(lua_State* lua) {
  const lua_Integer limit = luaL_checkinteger(lua, 2);
  const lua_Integer offset = luaL_optinteger(lua, 3, 0);
  drop_other_arguments(lua);
  return unpack_values(lua, limit, offset);
}

constexpr luaL_Reg kFunctions[] = {{"unpack", unpack},
                                   {"unpack_one", unpack_one},
                                   {"unpack_limit", unpack_limit},
                                   {nullptr, nullptr}};

void set_text(lua_State* lua, const char* name, const char* text) {
  lua_pushstring(lua, text);
  lua_setfield(lua, -2, name);
}

}  // namespace

int open_cmsgpack(lua_State* lua) {
  lua_newtable(lua);
  luaL_register(lua, nullptr, kFunctions);
  lua_createtable(lua, 1, 0);
  lua_pushcclosure(lua, pack, 1);
  lua_setfield(lua, -2, "pack");
  set_text(lua, "_NAME", "cmsgpack");
  set_text(lua, "_VERSION", "lua-cmsgpack 0.4.0");
  set_text(lua, "_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo");
  set_text(lua, "_DESCRIPTION", "MessagePack C implementation for Lua");
  return 1;
}

}  // namespace larder::scripting
