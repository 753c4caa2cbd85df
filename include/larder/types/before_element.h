#pragma once

// The hook before a change of one element of a large hash, set or sorted set (HashTable, Set's
// table, RankedSet): a snapshot sees each element before it changes. Each collection has a hook of
// its own, null for most; all functions that change an element call it first.

#include <cstdint>
#include <string_view>

namespace larder::types {

class BeforeElement {
 public:
  // `element` is the HashField, SetMember or RankedMember of this name, which is unchanged yet;
  // null if it will be added. `hash` is base::hash_bytes(name). May be called without a following
  // change. Must not change the collection.
  virtual void before_change(std::string_view name, std::uint64_t hash, const void* element) = 0;

 protected:
  ~BeforeElement() = default;
};

}  // namespace larder::types
