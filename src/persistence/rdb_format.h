#pragma once

// The numbers of the RDB format.

#include <cstdint>
#include <string_view>

namespace larder::persistence {

// The form of a value: its first byte. Missing numbers are those of modules.
enum class RdbType : std::uint8_t {
  string = 0,
  list = 1,
  set = 2,
  sorted_set_text = 3,  // scores as text
  hash = 4,
  sorted_set = 5,
  hash_zipmap = 9,
  list_ziplist = 10,
  set_intset = 11,
  sorted_set_ziplist = 12,
  hash_ziplist = 13,
  list_of_ziplists = 14,
  stream_1 = 15,
  hash_listpack = 16,
  sorted_set_listpack = 17,
  list_of_listpacks = 18,
  stream_2 = 19,
  set_listpack = 20,
  stream_3 = 21,
  hash_with_deadlines = 24,
  hash_listpack_with_deadlines = 25,
};

// Versions that introduced the forms that are written.
inline constexpr int kPlainVersion = 10;
inline constexpr int kActiveTimeVersion = 11;
inline constexpr int kFieldDeadlineVersion = 12;

// The first byte of what stands in a file beside keys.
enum class RdbOpcode : std::uint8_t {
  slot_sizes = 244,
  function = 245,
  old_function = 246,
  module_aux = 247,
  idle = 248,
  frequency = 249,
  aux = 250,
  sizes = 251,
  deadline_ms = 252,
  deadline_s = 253,
  database = 254,
  end = 255,
};
inline constexpr std::string_view kRdbMagic = "REDIS";
inline constexpr std::size_t kRdbVersionDigits = 4;
// From this version on a checksum follows the end.
inline constexpr int kChecksumVersion = 5;

// The two highest bits of a length determine its form; 3 is a text in a special form.
enum class LengthForm : std::uint8_t { bits_6, bits_14, wide, special };
inline constexpr std::uint8_t kLength32 = 0x80;
inline constexpr std::uint8_t kLength64 = 0x81;
enum class SpecialText : std::uint8_t { int8, int16, int32, lzf };

// A node of a list of listpacks.
enum class NodeForm : std::uint8_t { plain = 1, packed = 2 };

}  // namespace larder::persistence
