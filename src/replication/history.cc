#include "larder/replication/history.h"

#include <array>
#include <cstddef>

#include "larder/base/rng.h"
#include "larder/base/text.h"

namespace larder::replication {

std::string random_replication_id() {
  constexpr char kDigits[] = "0123456789abcdef";
  std::array<std::byte, 20> secret;
  base::random_secret(secret);
  std::string id;
  for (const std::byte byte : secret) {
    id += kDigits[std::to_integer<unsigned>(byte) >> 4];
    id += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return id;
}

void History::renew() {
  id_ = random_replication_id();
  id2_.assign(40, '0');
  second_offset_ = -1;
}

void History::shift_to(std::string_view id) {
  id2_ = id_;
  second_offset_ = offset_ + 1;
  id_ = id;
}

void History::adopt(std::string_view id, std::int64_t offset) {
  id_ = id;
  offset_ = offset;
  id2_.assign(40, '0');
  second_offset_ = -1;
}

void History::adopt(std::string_view id, std::int64_t offset, std::string_view id2,
                    std::int64_t second_offset) {
  adopt(id, offset);
  id2_ = id2;
  second_offset_ = second_offset;
}

bool History::holds(std::string_view id, std::int64_t next) const {
  if (base::equals_ignoring_case(id, id_)) return true;
  return base::equals_ignoring_case(id, id2_) && next <= second_offset_;
}

}  // namespace larder::replication
