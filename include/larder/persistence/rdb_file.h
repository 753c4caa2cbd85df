#pragma once

// RDB files, read as a stream: the reader holds a window of the file that is larger than the value
// it reads, because the format does not contain the length of a value.
//
//   REDIS | version: 4 digits | items | 255 | CRC64: 8, from version 5 on, 0 if not computed
//
// Items are metadata (AUX), functions, the number of a database with the sizes of its tables, and
// keys, each with its deadline and its last use in front.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "larder/base/result.h"
#include "larder/persistence/value_codec.h"
#include "larder/types/settings.h"

namespace larder::persistence {

// The bytes of a file.
class RdbSource {
 public:
  // Reads up to `most` bytes to `out`; 0 at the end. The error is the system's.
  virtual base::Result<std::size_t> read(char* out, std::size_t most) = 0;
  // All of its bytes, as known at the beginning.
  virtual std::uint64_t size() const = 0;

 protected:
  ~RdbSource() = default;
};

// A key as the file has it. The name is valid until the call that passes it returns.
struct RdbKey {
  std::string_view name;
  std::optional<std::int64_t> deadline_ms;
  std::optional<std::uint64_t> idle_s;
  std::optional<std::uint8_t> frequency;
  DecodedValue* value = nullptr;  // may be empty
  std::uint64_t offset = 0;       // where the value begins
};

// Receives what a file contains, in its order. An error ends the reading and becomes its result.
class RdbVisitor : public Pulse {
 public:
  // The most keys in one call.
  static constexpr std::size_t kMostKeys = 16;

  virtual void aux(std::string_view name, std::string_view value) = 0;
  virtual base::Result<void> function(std::string_view library) = 0;
  virtual base::Result<void> database(std::uint64_t index) = 0;
  // How many keys and deadlines the current database has, according to the file.
  virtual void sizes(std::uint64_t keys, std::uint64_t deadlines) = 0;
  virtual base::Result<void> keys(std::span<RdbKey> keys) = 0;
  // So many bytes of the file have been read.
  virtual void progress(std::uint64_t bytes) = 0;

 protected:
  ~RdbVisitor() = default;
};

struct RdbFailure {
  enum class Kind : std::uint8_t {
    magic,      // no RDB file
    version,    // one of a version that is not supported
    truncated,  // the file ends too early
    damaged,    // its contents are wrong
    checksum,
    source,   // it could not be read
    visitor,  // the visitor's error
    stopped,  // Pulse::go_on() was false
  };
  Kind kind;
  std::uint64_t offset;
  std::string text;
};

struct RdbReading {
  const types::Settings& settings;
  std::int64_t now_ms = 0;  // fields of hashes that have expired by then are left out
  bool verifies_checksum = true;
  std::size_t window = 1 << 20;  // bytes of the file in memory; more for a value that is larger
};

// The first bytes of a file: magic and version.
inline constexpr std::size_t kRdbHeadBytes = 9;
// Whether a file that begins with them can be read.
base::Result<void> check_rdb_head(std::string_view head);

// Reads a whole file; nothing if all of it was good. Magic and version are checked before the
// visitor is called. Memory: the window, or at most twice the largest value's bytes in the file.
std::optional<RdbFailure> read_rdb(RdbSource& source, const RdbReading& reading,
                                   RdbVisitor& visitor);

}  // namespace larder::persistence
