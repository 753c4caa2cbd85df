#pragma once

// The digest of a dataset that redis-server prints too: SHA-1 chained over ordered elements, xored
// over unordered ones.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "larder/keyspace/keyspace.h"

namespace larder::commands {

class Digest {
 public:
  // The next of ordered elements: digest = sha1(digest ^ sha1(bytes)).
  void mix(std::string_view bytes);
  void mix_number(std::uint32_t number);  // in network order
  // One of unordered elements: digest ^= sha1(bytes).
  void fold(std::string_view bytes);
  void fold(const Digest& digest);

  // 40 hexadecimal digits.
  std::string hex() const;

 private:
  std::array<std::uint8_t, 20> bytes_{};
};

// The value with its type, and whether it has a deadline, without the key.
Digest digest_value(const keyspace::Entry& entry);

// Of everything stored; keys past their deadline do not count. Zeros when it is empty.
Digest digest_dataset(const keyspace::Keyspace& keyspace);

}  // namespace larder::commands
