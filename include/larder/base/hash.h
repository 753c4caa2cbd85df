#pragma once

// The keyed hash of everything that stands in a hash table. The secret is drawn once per
// process, so that nobody outside can choose keys that collide. docs/decisions/ says which
// function this is and why.

#include <cstdint>
#include <string_view>

namespace larder::base {

// 64 well-mixed bits; every bit may be used. Cost: about 3 ns for a key of 16 bytes.
std::uint64_t hash_bytes(std::string_view bytes);

}  // namespace larder::base
