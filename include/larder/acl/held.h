#pragma once

// Containers charged to access control, and what they take, for the audit.

#include <string>
#include <string_view>
#include <vector>

#include "larder/memory/heap.h"

namespace larder::acl {

inline constexpr auto kOwner = memory::Owner::acl;

using Text = std::basic_string<char, std::char_traits<char>, memory::Allocator<char, kOwner>>;
template <typename T>
using List = std::vector<T, memory::Allocator<T, kOwner>>;

// Allocated bytes of an object without the object itself, at the allocator's sizes; for a list
// without the bytes of its items.
inline std::size_t held_bytes(const Text& text) {
  const std::size_t inside = Text().capacity();
  return text.capacity() > inside ? memory::size_class(text.capacity() + 1) : 0;
}
template <typename T>
std::size_t held_bytes(const List<T>& list) {
  return list.capacity() == 0 ? 0 : memory::size_class(list.capacity() * sizeof(T));
}

}  // namespace larder::acl
