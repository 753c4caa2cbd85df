#pragma once

// The copy of a full sync on the wire: its head says how many bytes follow, or a mark of 40 bytes
// that stands behind the last one.
//
//   $<bytes>\r\n<file>        $EOF:<mark>\r\n<file><mark>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "larder/memory/heap.h"

namespace larder::replication {

class Payload {
 public:
  static constexpr std::size_t kMarkBytes = 40;
  using Bytes = std::vector<char, memory::Allocator<char, memory::Owner::runtime>>;

  // Nothing if the line is no head.
  static std::optional<Payload> of(std::string_view head);

  bool has_mark() const { return !mark_.empty(); }
  // All of its bytes; 0 with a mark.
  std::uint64_t bytes() const { return bytes_; }
  // At most so many of the bytes that arrive belong to it.
  std::uint64_t wanted() const;
  // Bytes have arrived, at most wanted(); they stand at the end of `held`, which has at most what
  // spare() left of the bytes before.
  void arrived(Bytes& held, std::size_t count);
  bool is_complete() const { return is_complete_; }
  // How many at the end of `held` may be a part of the mark.
  std::size_t spare(const Bytes& held) const {
    return has_mark() && !is_complete_ ? std::min(held.size(), kMarkBytes) : 0;
  }

 private:
  Payload() = default;

  std::string mark_;
  std::uint64_t bytes_ = 0;
  std::uint64_t arrived_ = 0;
  bool is_complete_ = false;
};

}  // namespace larder::replication
