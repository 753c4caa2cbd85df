#pragma once

// The keys whose last changes are not on disk yet, with `appendfsync always`: a reply that shows a
// change must not be sent before the change is durable. A table of fixed size has for each hash the
// position of the journal behind the last change; keys that share a place wait for each other.

#include <array>
#include <cstdint>

namespace larder::persistence {

class PendingKeys {
 public:
  void changed(std::uint64_t hash, std::uint64_t position) { place(hash) = position; }
  // Any key may have changed.
  void all_changed(std::uint64_t position) { all_ = position; }
  // The position that must be durable before a value of this key may be shown.
  std::uint64_t position(std::uint64_t hash) const {
    const std::uint64_t own = positions_[hash % kPlaces];
    return own < all_ ? all_ : own;
  }

 private:
  static constexpr std::size_t kPlaces = 1 << 14;

  std::uint64_t& place(std::uint64_t hash) { return positions_[hash % kPlaces]; }

  std::array<std::uint64_t, kPlaces> positions_{};
  std::uint64_t all_ = 0;
};

}  // namespace larder::persistence
