#include "larder/persistence/dump_payload.h"

#include <cstring>

#include "larder/persistence/crc64.h"

namespace larder::persistence {
namespace {

constexpr std::size_t kVersionBytes = 2;
constexpr std::size_t kChecksumBytes = 8;

}  // namespace

void write_payload(const keyspace::Entry& entry, std::int64_t now_ms, Compression compression,
                   Bytes& out) {
  const std::size_t begin = out.size();
  // Growing would copy a large value several times; unused pages are never touched.
  out.reserve(begin + entry.footprint() + kVersionBytes + kChecksumBytes);
  const int version = encode_value(entry, now_ms, compression, out);
  out.push_back(static_cast<char>(version & 0xff));
  out.push_back(static_cast<char>(version >> 8));
  const std::uint64_t checksum = crc64(0, {out.data() + begin, out.size() - begin});
  char tail[kChecksumBytes];
  std::memcpy(tail, &checksum, sizeof tail);
  out.insert(out.end(), tail, tail + sizeof tail);
}

std::optional<std::string_view> open_payload(std::string_view payload, Checksum checksum) {
  if (payload.size() < kVersionBytes + kChecksumBytes) return std::nullopt;
  const std::size_t body = payload.size() - kVersionBytes - kChecksumBytes;
  const int version =
      static_cast<std::uint8_t>(payload[body]) | static_cast<std::uint8_t>(payload[body + 1]) << 8;
  if (version > kNewestRdb) return std::nullopt;
  std::uint64_t sum;
  std::memcpy(&sum, payload.data() + body + kVersionBytes, sizeof sum);
  if (checksum == Checksum::verified && crc64(0, payload.substr(0, body + kVersionBytes)) != sum) {
    return std::nullopt;
  }
  return payload.substr(0, body);
}

}  // namespace larder::persistence
