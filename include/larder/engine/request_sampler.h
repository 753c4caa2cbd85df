#pragma once

// Looks at some of the requests that ran. The executor reports the number of requests after each
// batch, which costs one subtraction, and shows the batch only when one of them is picked.

#include <cstddef>
#include <cstdint>
#include <span>

#include "larder/resp/request.h"

namespace larder::engine {

class CommandTable;

class RequestSampler {
 public:
  RequestSampler(const RequestSampler&) = delete;
  RequestSampler& operator=(const RequestSampler&) = delete;

  // `ran` commands more have run: true when one of them is picked.
  bool is_due(std::size_t ran) {
    until_ -= static_cast<std::int64_t>(ran);
    return __builtin_expect(until_ < 0, 0);
  }
  // Looks at the picked ones among the commands that the last is_due() counted.
  virtual void sample(int db, const CommandTable& commands, std::span<const resp::Request> ran) = 0;

 protected:
  RequestSampler() = default;
  ~RequestSampler() = default;

  std::int64_t until_ = 0;  // commands before the next one that is picked
};

}  // namespace larder::engine
