#pragma once

// Counts the work of one call of a library, so that a script with a long call can be ended.

#include <cstddef>
#include <lua.hpp>

namespace larder::scripting {

// Calls the state's check, if there is one (set_interrupt_check). May raise a Lua error.
void check_interrupt(lua_State* lua);

class Meter {
 public:
  explicit Meter(lua_State* lua) : lua_(lua) {}

  // An element counts like some bytes. May raise a Lua error.
  void charge(std::size_t bytes) {
    if (bytes < left_) {
      left_ -= bytes;
      return;
    }
    left_ = kBytesBetweenChecks;
    check_interrupt(lua_);
  }

  static constexpr std::size_t kBytesBetweenChecks = std::size_t{16} * 1024;
  static constexpr std::size_t kElement = 8;

 private:
  lua_State* lua_;
  std::size_t left_ = kBytesBetweenChecks;
};

}  // namespace larder::scripting
