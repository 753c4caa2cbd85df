#pragma once

// The requests of a workload, written once and then only given new key numbers.

#include <cstdint>
#include <string>
#include <vector>

namespace larder::versus {

struct Workload {
  std::string op = "get";       // get, set, incr, mget, load, request
  std::string prefix = "key:";  // four characters, before the ten digits
  std::uint64_t keys = 1'000'000;
  std::uint64_t first = 0;  // load: the first key's number
  int pipeline = 1;
  int value_bytes = 32;
  bool integers = false;  // load: the values are distinct numbers above 9999
  std::uint64_t ttl = 0;  // load: with this deadline in seconds
  // request, and load if it is not empty: words with spaces between them, "{}" in them for the
  // ten digits of a number; several requests with " ; " between them are sent in turn.
  std::string request;
};

// One connection's requests: `pipeline` of them in one buffer.
class Requests {
 public:
  Requests(const Workload& workload, std::uint64_t seed);

  // The next burst, with random keys. Valid until the next call.
  const std::string& random();
  // The next burst of at most `most` requests with the keys from `number` on.
  const std::string& in_order(std::uint64_t number, std::uint64_t most);

 private:
  void append(const std::vector<std::string>& words, const std::vector<bool>& is_key);
  void append(const std::vector<std::string>& words);
  void write_numbers(std::size_t first_place, std::uint64_t number);

  const Workload workload_;
  std::uint64_t state_;
  std::string buffer_;
  std::vector<std::size_t> places_;                // positions of the ten digits of each key
  std::vector<std::vector<std::string>> made_of_;  // the words of `request`
};

}  // namespace larder::versus
