#include "serialized_length.h"

namespace larder::commands {

std::size_t serialized_length(const keyspace::Entry& entry, std::int64_t now_ms,
                              persistence::Compression compression) {
  persistence::Bytes bytes;
  persistence::encode_value(entry, now_ms, compression, bytes);
  return bytes.size() - 1;
}

}  // namespace larder::commands
