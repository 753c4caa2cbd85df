#pragma once

// Values as the bytes of an RDB: one byte of type, then the body, as snapshots and DUMP's payloads
// hold them. What is written, redis-server from 7.0 on reads (RDB version 10), but for hashes
// whose fields have deadlines, for which version 12 was the first to have a form. What is read
// is every form from version 1 to 12: also ziplists, zipmaps and the old lists of them.

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "larder/keyspace/entry.h"
#include "larder/memory/heap.h"
#include "larder/types/settings.h"

namespace larder::persistence {

using Bytes = std::vector<char, memory::Allocator<char, memory::Owner::snapshot>>;

// Bytes whose contents are not set, for one text after the other.
class Room {
 public:
  Room() = default;
  ~Room();
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  // At least so many; what stood in them before is gone.
  char* of(std::size_t bytes);

 private:
  char* bytes_ = nullptr;
  std::size_t size_ = 0;
};

class RdbText;

// The newest version that is read.
inline constexpr int kNewestRdb = 12;

// Whether texts of more than 20 bytes go through LZF where that makes them shorter.
enum class Compression : std::uint8_t { off, on };

// Appends the entry's value. Returns the RDB version that a reader must know. Fields of hashes that
// are past their deadline by `now_ms` are left out. Cost: that of the whole value.
int encode_value(const keyspace::Entry& entry, std::int64_t now_ms, Compression compression,
                 Bytes& out);

// A value that was read and stands in no keyspace yet.
class DecodedValue {
 public:
  DecodedValue();
  // Frees the storage that nobody took.
  ~DecodedValue();
  DecodedValue(const DecodedValue&) = delete;
  DecodedValue& operator=(const DecodedValue&) = delete;

  types::Type type() const { return type_; }
  // The value of type string that has no storage; perhaps a view of what was read.
  std::string_view text() const;
  bool has_storage() const { return storage_ != nullptr; }
  // The storage of a collection or of a long string, which is the caller's from here on.
  void* take_storage();

  // Reads a value, all of `bytes`, into encodings that the settings allow. False when the bytes are
  // not a value with at least one element: every length, order and repetition in them is
  // checked. Memory and time are in proportion to the value, or to `bytes` where they are wrong.
  bool read(std::string_view bytes, const types::Settings& settings, std::int64_t now_ms);

 private:
  types::Type type_ = types::Type::string;
  std::unique_ptr<RdbText> text_;
  void* storage_ = nullptr;
};

}  // namespace larder::persistence
