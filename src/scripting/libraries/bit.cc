// Operations on 32 bits. A number becomes bits by its remainder modulo 2^32, after it was rounded
// to an integer; the results are signed.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string_view>

#include "libraries.h"

namespace larder::scripting {
namespace {

using Bits = std::uint32_t;

// Added to a number, this leaves the number's integer part in the low bits of the sum.
constexpr double kRounder = 6755399441055744.0;  // 2^52 + 2^51

Bits bits_at(lua_State* lua, int index) {
  const double sum = lua_tonumber(lua, index) + kRounder;
  const auto bits = static_cast<Bits>(std::bit_cast<std::uint64_t>(sum));
  // What is no number was read as zero.
  if (bits == 0 && lua_isnumber(lua, index) == 0) luaL_typerror(lua, index, "number");
  return bits;
}

int push(lua_State* lua, Bits bits) {
  lua_pushnumber(lua, static_cast<std::int32_t>(bits));
  return 1;
}

int tobit(lua_State* lua) { return push(lua, bits_at(lua, 1)); }

int bnot(lua_State* lua) { return push(lua, ~bits_at(lua, 1)); }

int bswap(lua_State* lua) { return push(lua, __builtin_bswap32(bits_at(lua, 1))); }

// Of all arguments: the first, then the others from the last one on.
template <typename Operation>
int combine(lua_State* lua, Operation operation) {
  Bits bits = bits_at(lua, 1);
  for (int index = lua_gettop(lua); index > 1; --index) bits = operation(bits, bits_at(lua, index));
  return push(lua, bits);
}

int band(lua_State* lua) {
  return combine(lua, [](Bits a, Bits b) { return a & b; });
}

int bor(lua_State* lua) {
  return combine(lua, [](Bits a, Bits b) { return a | b; });
}

int bxor(lua_State* lua) {
  return combine(lua, [](Bits a, Bits b) { return a ^ b; });
}

// The second argument modulo 32 is the distance.
template <typename Operation>
int shift(lua_State* lua, Operation operation) {
  const Bits bits = bits_at(lua, 1);
  return push(lua, operation(bits, static_cast<int>(bits_at(lua, 2) % 32)));
}

int lshift(lua_State* lua) {
  return shift(lua, [](Bits bits, int distance) { return bits << distance; });
}

int rshift(lua_State* lua) {
  return shift(lua, [](Bits bits, int distance) { return bits >> distance; });
}

int arshift(lua_State* lua) {
  return shift(lua, [](Bits bits, int distance) {
    return static_cast<Bits>(static_cast<std::int32_t>(bits) >> distance);
  });
}

int rol(lua_State* lua) {
  return shift(lua, [](Bits bits, int distance) { return std::rotl(bits, distance); });
}

int ror(lua_State* lua) {
  return shift(lua, [](Bits bits, int distance) { return std::rotr(bits, distance); });
}

// A negative number of digits asks for capital letters.
int tohex(lua_State* lua) {
  constexpr int kMostDigits = 8;
  Bits bits = bits_at(lua, 1);
  const std::int64_t wanted =
      lua_isnone(lua, 2) ? kMostDigits : static_cast<std::int32_t>(bits_at(lua, 2));
  const std::string_view digits = wanted < 0 ? "0123456789ABCDEF" : "0123456789abcdef";
  const auto count =
      static_cast<int>(std::min<std::int64_t>(wanted < 0 ? -wanted : wanted, kMostDigits));
  char text[kMostDigits];
  for (int i = count - 1; i >= 0; --i, bits >>= 4) text[i] = digits[bits % 16];
  lua_pushlstring(lua, text, static_cast<std::size_t>(count));
  return 1;
}

constexpr luaL_Reg kFunctions[] = {
    {"tobit", tobit},   {"tohex", tohex},     {"bnot", bnot},     {"band", band}, {"bor", bor},
    {"bxor", bxor},     {"lshift", lshift},   {"rol", rol},       {"ror", ror},   {"bswap", bswap},
    {"rshift", rshift}, {"arshift", arshift}, {nullptr, nullptr},
};

}  // namespace

int open_bit(lua_State* lua) {
  lua_newtable(lua);
  luaL_register(lua, nullptr, kFunctions);
  return 1;
}

}  // namespace larder::scripting
