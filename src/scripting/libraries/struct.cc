// Values to bytes and back, as a format says. Each option is a letter, some with a number after
// it:
//   b B h H l L T   integers of 1, 2, 8 and 8 bytes, signed as small letters, unsigned as capital
//                   ones; T is an unsigned one of 8 bytes
//   iN IN           integers of N bytes, 4 without N
//   f d             numbers of 4 and 8 bytes
//   x               a zero byte
//   cN              N characters, one without N; c0: all of the argument, or as many as the number
//                   before it says
//   s               characters with a zero byte after them
//   > < !N space    big or little endian, the largest alignment, nothing

#include <bit>
#include <climits>
#include <cstdint>
#include <cstring>

#include "byte_buffer.h"
#include "conversions.h"
#include "libraries.h"
#include "meter.h"

namespace larder::scripting {
namespace {

// The table in which pack keeps its bytes between calls.
constexpr int kShelf = lua_upvalueindex(1);

constexpr int kMostIntegerBytes = 32;
constexpr int kDefaultAlignment = 8;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_small_letter(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter(char c) { return is_small_letter(c) || (c >= 'A' && c <= 'Z'); }

class Format {
 public:
  struct Item {
    char option;
    std::size_t size;
    std::size_t padding;  // bytes before it
  };

  // The first argument.
  explicit Format(lua_State* lua) : lua_(lua), at_(luaL_checkstring(lua, 1)) {}

  bool is_at_end() const { return *at_ == '\0'; }
  bool is_big_endian() const { return is_big_endian_; }

  // The next option, for a value at `position`.
  Item next(std::size_t position) {
    const char option = *at_++;
    const std::size_t size = size_of(option);
    return {option, size, padding_of(option, size, position)};
  }

  // Follows an option that has no value.
  void control(char option) {
    switch (option) {
      case ' ':
        return;
      case '>':
        is_big_endian_ = true;
        return;
      case '<':
        is_big_endian_ = false;
        return;
      case '!':
        return align();
      default:
        luaL_argerror(lua_, 1, lua_pushfstring(lua_, "invalid format option '%c'", option));
    }
  }

 private:
  std::size_t size_of(char option) {
    switch (option) {
      case 'b':
      case 'B':
      case 'x':
        return 1;
      case 'h':
      case 'H':
        return 2;
      case 'f':
        return 4;
      case 'l':
      case 'L':
      case 'T':
      case 'd':
        return 8;
      case 'c':
        return static_cast<std::size_t>(number(1));
      case 'i':
      case 'I':
        return integer_size();
      default:
        return 0;
    }
  }

  std::size_t integer_size() {
    const int size = number(4);
    if (size > kMostIntegerBytes) {
      luaL_error(lua_, "integral size %d is larger than limit of %d", size, kMostIntegerBytes);
    }
    return static_cast<std::size_t>(size);
  }

  void align() {
    const int alignment = number(kDefaultAlignment);
    if (alignment <= 0 || (alignment & (alignment - 1)) != 0) {
      luaL_error(lua_, "alignment %d is not a power of 2", alignment);
    }
    alignment_ = static_cast<std::size_t>(alignment);
  }

  std::size_t padding_of(char option, std::size_t size, std::size_t position) const {
    if (size == 0 || option == 'c') return 0;
    // Sizes other than powers of two give what this formula gives.
    const std::size_t unit = std::min(size, alignment_);
    return (unit - (position & (unit - 1))) & (unit - 1);
  }

  // The digits that follow, or `fallback`.
  int number(int fallback) {
    if (!is_digit(*at_)) return fallback;
    std::int64_t value = 0;
    for (; is_digit(*at_); ++at_) {
      value = value * 10 + (*at_ - '0');
      if (value > INT_MAX) luaL_error(lua_, "integral size overflow");
    }
    return static_cast<int>(value);
  }

  lua_State* lua_;
  const char* at_;
  std::size_t alignment_ = 1;
  bool is_big_endian_ = false;
};

void put_integer(ByteBuffer& out, std::uint64_t value, std::size_t size, bool is_big_endian) {
  char* bytes = out.reserve(size);
  for (std::size_t i = 0; i < size; ++i, value >>= 8) {
    bytes[is_big_endian ? size - 1 - i : i] = static_cast<char>(value & 0xff);
  }
  out.commit(size);
}

// Of more than 8 bytes, the lowest ones count.
std::uint64_t get_integer(const char* bytes, std::size_t size, bool is_big_endian) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const char byte = bytes[is_big_endian ? i : size - 1 - i];
    value = value << 8 | static_cast<unsigned char>(byte);
  }
  return value;
}

std::int64_t with_sign(std::uint64_t value, std::size_t size) {
  // The processor takes the distance of a shift modulo 64, which shows in sizes above 8 bytes.
  const std::uint64_t sign_bits = ~std::uint64_t{0} << ((size * 8 - 1) % 64);
  return static_cast<std::int64_t>((value & sign_bits) != 0 ? value | sign_bits : value);
}

// Packs the argument at `index` and returns its size.
std::size_t put_text(lua_State* lua, ByteBuffer& out, Format::Item item, int index) {
  std::size_t length = 0;
  const char* text = luaL_checklstring(lua, index, &length);
  const std::size_t size = item.size == 0 ? length : item.size;
  // The error names the argument after it, as in Redis.
  luaL_argcheck(lua, length >= size, index + 1, "string too short");
  out.append({text, size});
  if (item.option != 's') return size;
  out.append('\0');
  return size + 1;
}

int pack(lua_State* lua) {
  Format format(lua);
  Meter meter(lua);
  int argument = 2;
  lua_pushnil(lua);  // what an argument too many finds, in front of the bytes
  ByteBuffer out(lua, kShelf);
  std::size_t position = 0;
  while (!format.is_at_end()) {
    meter.charge(Meter::kElement);
    auto item = format.next(position);
    out.append_zeros(item.padding);
    const bool is_big = format.is_big_endian();
    switch (item.option) {
      case 'b':
      case 'B':
      case 'h':
      case 'H':
      case 'l':
      case 'L':
      case 'T':
      case 'i':
      case 'I':
        put_integer(out, to_uint64(luaL_checknumber(lua, argument++)), item.size, is_big);
        break;
      case 'x':
        out.append('\0');
        break;
      case 'f': {
        const auto value = static_cast<float>(luaL_checknumber(lua, argument++));
        put_integer(out, std::bit_cast<std::uint32_t>(value), item.size, is_big);
        break;
      }
      case 'd': {
        const double value = luaL_checknumber(lua, argument++);
        put_integer(out, std::bit_cast<std::uint64_t>(value), item.size, is_big);
        break;
      }
      case 'c':
      case 's':
        item.size = put_text(lua, out, item, argument++);
        break;
      default:
        format.control(item.option);
    }
    position += item.padding + item.size;
  }
  out.push_string();
  out.keep(kShelf);
  return 1;
}

struct Data {
  const char* bytes;
  std::size_t size;
};

void check_room(lua_State* lua, Data data, std::size_t position, std::size_t size) {
  luaL_argcheck(lua, size <= data.size && position <= data.size - size, 2, "data string too short");
}

// c0: the last result is not a result, but the length of the characters that follow.
std::size_t take_length(lua_State* lua, int results) {
  if (results == 0 || lua_isnumber(lua, -1) == 0) {
    luaL_error(lua, "format 'c0' needs a previous size");
  }
  const std::uint64_t length = to_uint64(lua_tonumber(lua, -1));
  lua_pop(lua, 1);
  return length;
}

// Pushes a string up to its zero byte, and returns its size.
std::size_t get_text(lua_State* lua, Data data, std::size_t position) {
  const char* text = data.bytes + position;
  const void* end = std::memchr(text, '\0', data.size - position);
  if (end == nullptr) luaL_error(lua, "unfinished string in data");
  const auto length = static_cast<std::size_t>(static_cast<const char*>(end) - text);
  lua_pushlstring(lua, text, length);
  return length + 1;
}

void push_integer(lua_State* lua, const char* bytes, Format::Item item, bool is_big_endian) {
  const std::uint64_t value = get_integer(bytes, item.size, is_big_endian);
  lua_pushnumber(lua, is_small_letter(item.option)
                          ? static_cast<double>(with_sign(value, item.size))
                          : static_cast<double>(value));
}

int unpack(lua_State* lua) {
  Format format(lua);
  Meter meter(lua);
  Data data{};
  data.bytes = luaL_checklstring(lua, 2, &data.size);
  const auto start = static_cast<std::size_t>(luaL_optinteger(lua, 3, 1));
  luaL_argcheck(lua, start > 0, 3, "offset must be 1 or greater");
  std::size_t position = start - 1;
  lua_settop(lua, 2);
  int results = 0;
  while (!format.is_at_end()) {
    meter.charge(Meter::kElement);
    auto item = format.next(position);
    position += item.padding;
    check_room(lua, data, position, item.size);
    luaL_checkstack(lua, 1, "too many results");
    const char* bytes = data.bytes + position;
    const bool is_big = format.is_big_endian();
    switch (item.option) {
      case 'b':
      case 'B':
      case 'h':
      case 'H':
      case 'l':
      case 'L':
      case 'T':
      case 'i':
      case 'I':
        push_integer(lua, bytes, item, is_big);
        ++results;
        break;
      case 'x':
        break;
      case 'f': {
        const auto bits = static_cast<std::uint32_t>(get_integer(bytes, item.size, is_big));
        lua_pushnumber(lua, std::bit_cast<float>(bits));
        ++results;
        break;
      }
      case 'd':
        lua_pushnumber(lua, std::bit_cast<double>(get_integer(bytes, item.size, is_big)));
        ++results;
        break;
      case 'c':
        if (item.size == 0) {
          item.size = take_length(lua, results--);
          check_room(lua, data, position, item.size);
        }
        lua_pushlstring(lua, bytes, item.size);
        ++results;
        break;
      case 's':
        item.size = get_text(lua, data, position);
        ++results;
        break;
      default:
        format.control(item.option);
    }
    position += item.size;
  }
  lua_pushinteger(lua, static_cast<lua_Integer>(position + 1));
  return results + 1;
}

int size(lua_State* lua) {
  Format format(lua);
  Meter meter(lua);
  std::size_t position = 0;
  while (!format.is_at_end()) {
    meter.charge(Meter::kElement);
    const auto item = format.next(position);
    if (item.option == 's') luaL_argerror(lua, 1, "option 's' has no fixed size");
    if (item.option == 'c' && item.size == 0) {
      luaL_argerror(lua, 1, "option 'c0' has no fixed size");
    }
    if (!is_letter(item.option) && !is_digit(item.option)) format.control(item.option);
    position += item.padding + item.size;
  }
  lua_pushinteger(lua, static_cast<lua_Integer>(position));
  return 1;
}

constexpr luaL_Reg kFunctions[] = {{"unpack", unpack}, {"size", size}, {nullptr, nullptr}};

}  // namespace

int open_struct(lua_State* lua) {
  lua_newtable(lua);
  luaL_register(lua, nullptr, kFunctions);
  lua_createtable(lua, 1, 0);
  lua_pushcclosure(lua, pack, 1);
  lua_setfield(lua, -2, "pack");
  return 1;
}

}  // namespace larder::scripting
