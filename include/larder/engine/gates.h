#pragma once

// Gates refuse commands that carry a trait. All are checked as one mask; only a refused
// command looks at which one it was.

#include <array>
#include <cstdint>
#include <string_view>

namespace larder::engine {

// In the order in which they are looked at. Behind `permission` the Guard is asked.
enum class Gate : std::uint8_t { debug, auth, permission, loading, out_of_memory };
inline constexpr std::size_t kGates = 5;

constexpr std::uint32_t bit(Gate gate) { return 1u << static_cast<unsigned>(gate); }

// The gates that stand closed for everybody; a Session has its own besides.
class GateBoard {
 public:
  std::uint32_t closed() const { return closed_; }
  void close(Gate gate) { closed_ |= bit(gate); }
  void open(Gate gate) { closed_ &= ~bit(gate); }

  // The error of the first closed gate among `refused`, which is neither zero nor permission's.
  static std::string_view error(std::uint32_t refused);

 private:
  std::uint32_t closed_ = 0;
};

// The gates that a command with these flags does not pass when they are closed.
std::uint32_t refusals(std::uint32_t command_flags);

}  // namespace larder::engine
