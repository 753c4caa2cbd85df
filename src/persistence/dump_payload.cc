#include "larder/persistence/dump_payload.h"

#include <algorithm>
#include <cstring>

#include "larder/persistence/crc64.h"
#include "rdb_writer.h"
#include "type_codecs.h"

namespace larder::persistence {
namespace {

constexpr std::size_t kVersionBytes = 2;
constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kPiece = 16 << 10;

// Computes the checksum of what passes through.
class Checksummed final : public Spill {
 public:
  explicit Checksummed(Spill& out) : out_(out) {}

  void take(Bytes& bytes) override {
    note(bytes);
    out_.take(bytes);
  }
  void note(const Bytes& bytes) { sum_ = crc64(sum_, {bytes.data(), bytes.size()}); }
  std::uint64_t sum() const { return sum_; }

 private:
  Spill& out_;
  std::uint64_t sum_ = 0;
};

class Appended final : public Spill {
 public:
  explicit Appended(Bytes& all) : all_(all) {}

  void take(Bytes& bytes) override {
    all_.insert(all_.end(), bytes.begin(), bytes.end());
    bytes.clear();
  }

 private:
  Bytes& all_;
};

}  // namespace

void write_payload(const keyspace::Entry& entry, std::int64_t now_ms, Compression compression,
                   Spill& out) {
  Bytes piece;
  piece.reserve(std::min(entry.footprint() + kVersionBytes + kChecksumBytes, 2 * kPiece));
  Checksummed checked(out);
  RdbWriter writer({.bytes = piece, .spill = checked, .most = kPiece},
                   {.compression = compression});
  const int version = write_value(entry, now_ms, writer);
  piece.push_back(static_cast<char>(version & 0xff));
  piece.push_back(static_cast<char>(version >> 8));
  checked.note(piece);
  writer.word(checked.sum());
  out.take(piece);
}

void write_payload(const keyspace::Entry& entry, std::int64_t now_ms, Compression compression,
                   Bytes& out) {
  Appended all(out);
  write_payload(entry, now_ms, compression, all);
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
