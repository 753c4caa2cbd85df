#pragma once

// The members of a large set: each is one allocation of its bytes behind a short length, found
// through a Table that holds nothing but their addresses.
//
//   | size: 1 byte up to 127, 2 up to 16,383, else 5 | bytes |

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "larder/base/hash.h"
#include "larder/memory/heap.h"
#include "larder/types/table.h"

namespace larder::types {

class SetMember {
 public:
  static SetMember* create(memory::Owner owner, std::string_view text) {
    const std::size_t head = head_bytes(text.size());
    auto* bytes = static_cast<std::uint8_t*>(memory::allocate(owner, head + text.size()));
    if (head == 1) {
      bytes[0] = static_cast<std::uint8_t>(text.size());
    } else {
      write_long_head(bytes, head, text.size());
    }
    std::memcpy(bytes + head, text.data(), text.size());
    return reinterpret_cast<SetMember*>(bytes);
  }
  static void destroy(memory::Owner owner, SetMember* member) noexcept {
    memory::release(owner, member, member->bytes());
  }

  std::string_view text() const {
    if (__builtin_expect(first_ < kTwoBytes, 1)) return {start() + 1, first_};
    return long_text();
  }
  // What the block takes.
  std::size_t footprint() const { return memory::dataset_class(bytes()); }
  // What its block was allocated with.
  std::size_t bytes() const {
    const std::size_t size = text().size();
    return head_bytes(size) + size;
  }

 private:
  static constexpr std::uint8_t kTwoBytes = 0x80;
  static constexpr std::uint8_t kFiveBytes = 0xc0;

  SetMember() = default;
  static constexpr std::size_t head_bytes(std::size_t size) {
    if (size < 128) return 1;
    return size < 16384 ? 2 : 5;
  }
  static void write_long_head(std::uint8_t* bytes, std::size_t head, std::size_t size) {
    if (head == 2) {
      bytes[0] = static_cast<std::uint8_t>(kTwoBytes | (size >> 8));
      bytes[1] = static_cast<std::uint8_t>(size);
      return;
    }
    const auto wide = static_cast<std::uint32_t>(size);
    bytes[0] = kFiveBytes;
    std::memcpy(bytes + 1, &wide, sizeof wide);
  }

  const char* start() const { return reinterpret_cast<const char*>(this); }
  std::string_view long_text() const {
    if (first_ < kFiveBytes) {
      const auto low = static_cast<std::uint8_t>(start()[1]);
      return {start() + 2, (static_cast<std::size_t>(first_ & 0x3f) << 8) | low};
    }
    std::uint32_t size;
    std::memcpy(&size, start() + 1, sizeof size);
    return {start() + 5, size};
  }

  std::uint8_t first_ = 0;
};

struct SetMemberTraits {
  using Element = SetMember;
  static constexpr memory::Owner kOwner = memory::Owner::sets;
  // Intersections and differences probe one set in the order of another.
  static constexpr bool kCommonOrder = true;
  static std::string_view key(const SetMember& member) { return member.text(); }
  static std::uint64_t hash(const SetMember& member) { return base::hash_bytes(member.text()); }
};
using MemberTable = Table<SetMemberTraits>;

}  // namespace larder::types
