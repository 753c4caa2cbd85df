// The first byte is the size of pieces, the rest is the stream. The reader must return the same
// values and fail at the same position for the whole stream and for its pieces.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "larder/base/assert.h"
#include "larder/resp/reply_reader.h"

namespace {

using larder::resp::ReplyReader;

std::string read_all(std::string_view stream, std::size_t piece) {
  ReplyReader reader;
  std::string out;
  while (!stream.empty() && reader.status() != ReplyReader::Status::failed) {
    const std::size_t used = reader.feed(stream.substr(0, piece));
    LARDER_ASSERT(used > 0);
    stream.remove_prefix(std::min(used, stream.size()));
    if (reader.status() == ReplyReader::Status::done) out += print(reader.take());
  }
  if (reader.status() == ReplyReader::Status::failed) out += reader.error();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(bytes + 1), size - 1);
  LARDER_ASSERT(read_all(stream, stream.size()) == read_all(stream, 1 + bytes[0] % 64));
  return 0;
}
