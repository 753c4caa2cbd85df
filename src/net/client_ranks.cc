#include "client_ranks.h"

#include <algorithm>
#include <bit>

#include "connection.h"

namespace larder::net {

std::uint8_t ClientRanks::level_of(std::size_t bytes) {
  if (bytes < kLeastBytes) return Rank::kNone;
  const auto doublings = static_cast<std::size_t>(std::bit_width(bytes / kLeastBytes)) - 1;
  return static_cast<std::uint8_t>(std::min(doublings, kLevels - 1));
}

void ClientRanks::place(Connection& connection, std::size_t bytes) {
  Rank& rank = connection.in_memory.rank;
  const std::uint8_t level = level_of(bytes);
  if (rank.level != Rank::kNone) held_ -= rank.bytes;
  rank.bytes = bytes;
  if (level != Rank::kNone) held_ += bytes;
  if (level == rank.level) return;
  unlink(rank);
  if (level == Rank::kNone) return;
  rank.level = level;
  rank.next = firsts_[level];
  if (rank.next != nullptr) rank.next->in_memory.rank.previous = &connection;
  firsts_[level] = &connection;
  filled_ |= 1u << level;
}

void ClientRanks::remove(Connection& connection) {
  Rank& rank = connection.in_memory.rank;
  if (rank.level != Rank::kNone) held_ -= rank.bytes;
  unlink(rank);
}

void ClientRanks::unlink(Rank& rank) {
  if (rank.level == Rank::kNone) return;
  (rank.previous == nullptr ? firsts_[rank.level] : rank.previous->in_memory.rank.next) = rank.next;
  if (rank.next != nullptr) rank.next->in_memory.rank.previous = rank.previous;
  if (firsts_[rank.level] == nullptr) filled_ &= ~(1u << rank.level);
  rank.level = Rank::kNone;
  rank.previous = rank.next = nullptr;
}

Connection* ClientRanks::largest(const MayTake& may_take) const {
  for (std::uint32_t levels = filled_; levels != 0;) {
    const auto level = static_cast<std::size_t>(std::bit_width(levels)) - 1;
    levels &= ~(1u << level);
    Connection* found = nullptr;
    Connection* other = firsts_[level];
    for (int i = 0; i < kCompared && other != nullptr; ++i, other = other->in_memory.rank.next) {
      const bool is_larger =
          found == nullptr || other->in_memory.rank.bytes > found->in_memory.rank.bytes;
      if (is_larger && may_take(*other)) found = other;
    }
    if (found != nullptr) return found;
  }
  return nullptr;
}

}  // namespace larder::net
