#pragma once

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <string>

#include "larder/resp/reply_buffer.h"

namespace larder::resp {

// Takes all bytes that wait to be sent, as a socket would.
inline std::string taken(ReplyBuffer& output) {
  std::array<iovec, 64> pieces;
  std::string text;
  while (const std::size_t count = output.gather(pieces.data(), pieces.size())) {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
      text.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
      bytes += pieces[i].iov_len;
    }
    output.consume(bytes);
  }
  return text;
}

}  // namespace larder::resp
