#pragma once

// Connections by the memory that they hold, in classes whose sizes double: the largest is found by
// comparing a few of the highest class, however many there are. Connections with little memory are
// in no class.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace larder::net {

class Connection;

// A connection's place in the ranks; a member of it.
struct Rank {
  static constexpr std::uint8_t kNone = 0xff;
  std::uint8_t level = kNone;
  std::size_t bytes = 0;
  Connection* previous = nullptr;
  Connection* next = nullptr;
};

class ClientRanks {
 public:
  // Connections with less are not ranked.
  static constexpr std::size_t kLeastBytes = 16 * 1024;

  // The connection holds this much now. Cost: a few instructions while its class stays the same.
  void place(Connection& connection, std::size_t bytes);
  void remove(Connection& connection);

  // What the ranked connections hold together.
  std::uint64_t held_bytes() const { return held_; }

  // The largest of the first few of the highest class with one that may be closed: no other is more
  // than twice as large. Null if no ranked connection may be closed.
  using MayTake = std::function<bool(const Connection&)>;
  Connection* largest(const MayTake& may_take) const;

 private:
  static constexpr std::size_t kLevels = 32;
  // How many of one class are compared.
  static constexpr int kCompared = 64;
  static std::uint8_t level_of(std::size_t bytes);
  void unlink(Rank& rank);

  std::array<Connection*, kLevels> firsts_{};
  std::uint64_t held_ = 0;
  std::uint32_t filled_ = 0;  // levels that are not empty
};

}  // namespace larder::net
