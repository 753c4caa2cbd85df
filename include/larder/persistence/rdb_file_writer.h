#pragma once

// Writes an RDB file key by key. The caller walks the keyspace; the writer appends to a sink and
// holds only a buffer of fixed size, whatever the size of a value.

#include <cstdint>
#include <optional>
#include <string_view>

#include "larder/base/result.h"
#include "larder/keyspace/keyspace.h"
#include "larder/persistence/value_codec.h"

namespace larder::persistence {

// Where the bytes of a file go.
class RdbSink {
 public:
  virtual base::Result<void> append(std::string_view bytes) = 0;

 protected:
  ~RdbSink() = default;
};

// The order of the calls: begin(), functions, for each database with keys select() and its keys,
// end(). After an error of the sink nothing more is written, and every call returns that error.
class RdbFileWriter final : private Spill {
 public:
  // What is written about the use of keys: nothing, or what the policy keeps.
  enum class Uses : std::uint8_t { none, idle, frequency };
  struct Options {
    int version = 10;  // 10 to 12
    Compression compression = Compression::on;
    bool checksum = true;
    Uses uses = Uses::none;
  };
  RdbFileWriter(RdbSink& sink, const keyspace::AccessPolicy& access, const Options& options);

  // The head, with its metadata.
  base::Result<void> begin(std::int64_t now_ms, std::uint64_t used_bytes);
  base::Result<void> function(std::string_view library);
  base::Result<void> select(int database, std::uint64_t keys, std::uint64_t deadlines);
  // A hash of which no field is left at `now_ms` is left out.
  base::Result<void> key(const keyspace::Entry& entry, std::int64_t now_ms);
  base::Result<void> end();

  std::uint64_t bytes() const { return bytes_; }

 private:
  void take(Bytes& bytes) override;
  void opcode(std::uint8_t number);
  void aux(std::string_view name, std::string_view value);
  void write_use(const keyspace::Entry& entry);
  base::Result<void> state() const;

  RdbSink& sink_;
  const keyspace::AccessPolicy& access_;
  const Options options_;
  Bytes buffer_;
  std::uint64_t crc_ = 0;
  std::uint64_t bytes_ = 0;
  std::optional<base::Error> failure_;
};

}  // namespace larder::persistence
