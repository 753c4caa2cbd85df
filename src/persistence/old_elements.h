#pragma once

// Elements of a large hash, set or sorted set as they were at the moment of a snapshot: a table by
// name of those that have changed since. An element that was not there at that moment is `absent`.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "arena.h"
#include "larder/base/hash.h"
#include "larder/types/table.h"

namespace larder::persistence {

// Name and value follow it in its block.
class OldElement {
 public:
  enum class State : std::uint8_t { absent, plain, has_deadline };
  struct Parts {
    State state = State::absent;
    std::string_view name;
    std::string_view value = {};  // of a field
    std::uint64_t bits = 0;       // the deadline of a field in ms, or the bits of a score
  };

  static OldElement* create(Arena& arena, const Parts& parts) {
    void* block = arena.allocate(sizeof(OldElement) + parts.name.size() + parts.value.size());
    return new (block) OldElement(parts);
  }

  State state() const { return state_; }
  std::string_view name() const { return {text(), name_size_}; }
  std::string_view value() const { return {text() + name_size_, value_size_}; }
  std::optional<std::int64_t> deadline_ms() const {
    if (state_ != State::has_deadline) return std::nullopt;
    return static_cast<std::int64_t>(bits_);
  }
  double score() const {
    double score;
    std::memcpy(&score, &bits_, sizeof score);
    return score;
  }

 private:
  explicit OldElement(const Parts& parts)
      : bits_(parts.bits),
        name_size_(static_cast<std::uint32_t>(parts.name.size())),
        value_size_(static_cast<std::uint32_t>(parts.value.size())),
        state_(parts.state) {
    char* const text = reinterpret_cast<char*>(this + 1);
    if (name_size_ != 0) std::memcpy(text, parts.name.data(), name_size_);
    if (value_size_ != 0) std::memcpy(text + name_size_, parts.value.data(), value_size_);
  }
  const char* text() const { return reinterpret_cast<const char*>(this + 1); }

  std::uint64_t bits_;
  std::uint32_t name_size_;
  std::uint32_t value_size_;
  State state_;
};

class OldElements {
 public:
  bool empty() const { return table_.empty(); }
  std::size_t size() const { return table_.size(); }
  bool has(std::string_view name, std::uint64_t hash) const {
    return table_.find(name, hash) != nullptr;
  }
  void prefetch(std::uint64_t hash) const { table_.prefetch(hash); }
  // There must be none of this name.
  void add(const OldElement::Parts& parts, std::uint64_t hash) {
    table_.insert(OldElement::create(arena_, parts), hash);
  }
  // Calls fn(const OldElement&) on each. It must not change while this runs.
  template <typename Fn>
  void for_each(Fn fn) const {
    table_.for_each([&fn](const OldElement* element) { fn(*element); });
  }
  std::size_t held_bytes() const { return arena_.held_bytes() + table_.bytes(); }

 private:
  struct Traits {
    using Element = OldElement;
    static constexpr memory::Owner kOwner = memory::Owner::snapshot;
    static std::string_view key(const OldElement& element) { return element.name(); }
    static std::uint64_t hash(const OldElement& element) {
      return base::hash_bytes(element.name());
    }
  };

  Arena arena_;
  types::Table<Traits> table_;
};

}  // namespace larder::persistence
