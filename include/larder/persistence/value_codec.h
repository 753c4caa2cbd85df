#pragma once

// Values in the RDB format: one byte of type, then the body, as in snapshots and in DUMP payloads.
// The writer uses RDB version 10, which redis-server reads from 7.0 on, except for hashes whose
// fields have deadlines, which need version 12. The reader accepts every form of versions 1 to 12,
// also ziplists, zipmaps and the old lists of them.

#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <vector>

#include "larder/keyspace/entry.h"
#include "larder/memory/heap.h"
#include "larder/types/settings.h"

namespace larder::persistence {

using Bytes = std::vector<char, memory::Allocator<char, memory::Owner::snapshot>>;

// A buffer of uninitialised bytes, for one text after the other.
class Room {
 public:
  Room() = default;
  ~Room();
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  // At least `bytes` bytes; earlier contents are lost.
  char* of(std::size_t bytes);

 private:
  char* bytes_ = nullptr;
  std::size_t size_ = 0;
};

class RdbText;
class RdbReader;

// Called every few elements while a value is read, so that a long one does not occupy the thread.
class Pulse {
 public:
  // False: stop reading.
  virtual bool go_on() = 0;

 protected:
  ~Pulse() = default;
};

// The newest version that is read.
inline constexpr int kNewestRdb = 12;

// Whether texts of more than 20 bytes are compressed with LZF if that makes them shorter.
enum class Compression : std::uint8_t { off, on };

// What values may contain that readers of version 10 do not support.
struct RdbFeatures {
  bool field_deadlines = true;  // of hashes: version 12; otherwise they are left out
  bool active_time = false;     // of consumers: version 11
};
struct RdbEncoding {
  Compression compression = Compression::on;
  RdbFeatures features{};
};

// Takes bytes that were written and empties them.
class Spill {
 public:
  virtual void take(Bytes& bytes) = 0;

 protected:
  ~Spill() = default;
};

// Appends the entry's value. Returns the RDB version that a reader must support. Fields of hashes
// that are past their deadline at `now_ms` are left out. Cost: O(size of the value).
int encode_value(const keyspace::Entry& entry, std::int64_t now_ms, Compression compression,
                 Bytes& out);

// Whether values of this form can be read.
bool is_value_form(std::uint8_t form);

// A decoded value that is not in the keyspace yet.
class DecodedValue {
 public:
  DecodedValue();
  // Frees the storage if it was not taken.
  ~DecodedValue();
  DecodedValue(const DecodedValue&) = delete;
  DecodedValue& operator=(const DecodedValue&) = delete;

  types::Type type() const { return type_; }
  // The value of type string that has no storage; perhaps a view of what was read.
  std::string_view text() const;
  bool has_storage() const { return storage_ != nullptr; }
  // The storage of a collection or of a long string, which is the caller's from here on.
  void* take_storage();

  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  // Reads a value, all of `bytes`, into encodings that the settings allow. False when the bytes are
  // not a value with at least one element: every length, order and repetition in them is
  // checked. Memory and time are proportional to the value, or to `bytes` if they are wrong. A
  // value may take many times its bytes: if used_bytes() would grow by more than `most_growth` (and
  // about 64 KB), or if the system has no memory for it, this returns false, and lacks_room() is
  // true.
  bool read(std::string_view bytes, const types::Settings& settings, std::int64_t now_ms,
            std::uint64_t most_growth = kNoLimit);
  bool lacks_room() const { return lacks_room_; }
  // Fields of a hash were left out, because they were past their deadline at `now_ms`.
  bool left_out_fields() const { return left_out_fields_; }
  // The same for a value of which `in` reads the body, and without a limit. A value without
  // elements is accepted: is_empty() is then true, and there is no storage.
  bool read_body(std::uint8_t form, RdbReader& in, const types::Settings& settings,
                 std::int64_t now_ms);
  bool is_empty() const { return is_empty_; }
  // The blocks of packed elements that were checked.
  std::uint64_t checked_blocks() const { return checked_blocks_; }
  // Frees the storage if it was not taken.
  void clear() { clear(nullptr); }

 private:
  // Calls the pulse between steps.
  void clear(Pulse* pulse);

  types::Type type_ = types::Type::string;
  std::unique_ptr<RdbText> text_;
  void* storage_ = nullptr;
  bool lacks_room_ = false;
  bool left_out_fields_ = false;
  bool is_empty_ = false;
  std::uint64_t checked_blocks_ = 0;
};

}  // namespace larder::persistence
