#pragma once

// Connections by what they hold, in classes that double: who holds most is found by looking at a
// few of the highest class, however many there are. Those that hold little are in none.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace larder::net {

class Connection;

// A connection's place; part of it.
struct Rank {
  static constexpr std::uint8_t kNone = 0xff;
  std::uint8_t level = kNone;
  std::size_t bytes = 0;
  Connection* previous = nullptr;
  Connection* next = nullptr;
};

class ClientRanks {
 public:
  // Who holds less is not ranked.
  static constexpr std::size_t kLeastBytes = 16 * 1024;

  // The connection holds so much now. Cost: a few instructions while its class stays.
  void place(Connection& connection, std::size_t bytes);
  void remove(Connection& connection);

  // The largest of the first few of the highest class with one that may be taken: at most twice as
  // large is any other. Null when none is ranked that may.
  using MayTake = std::function<bool(const Connection&)>;
  Connection* largest(const MayTake& may_take) const;

 private:
  static constexpr std::size_t kLevels = 32;
  // How many of one class are compared.
  static constexpr int kCompared = 64;
  static std::uint8_t level_of(std::size_t bytes);

  std::array<Connection*, kLevels> firsts_{};
  std::uint32_t filled_ = 0;  // levels with somebody in them
};

}  // namespace larder::net
