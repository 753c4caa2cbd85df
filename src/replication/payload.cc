#include "payload.h"

#include <algorithm>
#include <limits>

#include "larder/base/numbers.h"

namespace larder::replication {

std::optional<Payload> Payload::of(std::string_view head) {
  constexpr std::string_view kMarked = "$EOF:";
  Payload payload;
  if (head.starts_with(kMarked)) {
    const std::string_view mark = head.substr(kMarked.size());
    if (mark.size() != kMarkBytes) return std::nullopt;
    payload.mark_ = mark;
    return payload;
  }
  if (!head.starts_with('$')) return std::nullopt;
  const auto bytes = base::parse_int64(head.substr(1));
  if (!bytes || *bytes < 0) return std::nullopt;
  payload.bytes_ = static_cast<std::uint64_t>(*bytes);
  payload.is_complete_ = *bytes == 0;
  return payload;
}

std::uint64_t Payload::wanted() const {
  if (is_complete_) return 0;
  return has_mark() ? std::numeric_limits<std::uint64_t>::max() : bytes_ - arrived_;
}

void Payload::arrived(Bytes& held, std::size_t count) {
  arrived_ += count;
  if (!has_mark()) {
    is_complete_ = arrived_ == bytes_;
    return;
  }
  // The primary sends nothing behind the mark before it is answered.
  if (held.size() < kMarkBytes) return;
  const std::string_view end(held.data() + held.size() - kMarkBytes, kMarkBytes);
  if (end != mark_) return;
  held.resize(held.size() - kMarkBytes);
  is_complete_ = true;
}

}  // namespace larder::replication
