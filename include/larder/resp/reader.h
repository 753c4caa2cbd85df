#pragma once

// Parses the requests in a connection's bytes: RESP arrays of bulk strings and inline commands,
// with Redis's limits and error texts.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "larder/resp/request.h"

namespace larder::resp {

struct Limits {
  std::uint64_t max_bulk_bytes = std::uint64_t{512} << 20;  // proto-max-bulk-len
  bool authenticated = true;                                // false: at most 10 arguments of 16 KiB
};

// A line (inline command, array or bulk header) ends within this many bytes.
inline constexpr std::size_t kMostLineBytes = 64 * 1024;

struct Parsed {
  enum class Status : std::uint8_t {
    more,    // no complete request is left: read more input
    full,    // the batch should run, then parse the rest of the input
    failed,  // run the batch, answer `error`, close the connection
  };

  Status status = Status::more;
  // Bytes at the start of the input that are consumed (requests in the batch, empty lines).
  std::uint64_t consumed = 0;
  // With `more`: the length that the incomplete request must reach before parsing can continue,
  // counted from its first byte; 0 if that is not known. It is within the limits, but it is only
  // announced by the client.
  std::uint64_t wanted = 0;
  // Bytes that this call has processed; the contents of a bulk string count once, when complete.
  std::uint64_t examined = 0;
  // With `failed`: "ERR Protocol error: ...", valid until the batch is cleared.
  std::string_view error;
};

// One for each connection. Costs 24 bytes; while an array is half received also one block of
// 8 bytes for each argument that arrived.
class Reader {
 public:
  Reader() = default;
  ~Reader() { reset(); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Appends the complete requests at the start of `input` to `batch`. Unconsumed bytes must be the
  // start of the next input, at any address, with at least as many bytes. The reader stores how far
  // it has parsed them, so every byte is parsed once however the input is split. While not
  // authenticated it stops after each request, since this request may log in.
  Parsed parse(std::span<const char> input, Batch& batch, const Limits& limits);

  // Drops the incomplete request.
  void reset();

  // True if the end of the last input is a part of a request.
  bool half_way() const { return half_ != nullptr || scanned_ != 0; }
  // Memory of the incomplete request in this reader, in addition to its bytes in the input.
  std::size_t held_bytes() const;

 private:
  friend class RequestParser;
  struct HalfRequest;

  HalfRequest* half_ = nullptr;  // the array whose header has been read, if any
  std::uint64_t wanted_ = 0;     // a tail shorter than this brings nothing new
  std::uint32_t scanned_ = 0;    // without half_: bytes of the first line known to have no end
};

}  // namespace larder::resp
