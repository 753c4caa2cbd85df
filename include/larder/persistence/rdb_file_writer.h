#pragma once

// Writes RDB files key by key. The caller walks the keyspace; the writer holds only a buffer of
// fixed size, whatever the size of a value.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "larder/base/result.h"
#include "larder/keyspace/keyspace.h"
#include "larder/persistence/value_codec.h"

namespace larder::persistence {

class RdbWriter;

// Where the bytes of a file go.
class RdbSink {
 public:
  virtual base::Result<void> append(std::string_view bytes) = 0;

 protected:
  ~RdbSink() = default;
};

// Takes longer texts instead of the bytes, for a stream that is compressed elsewhere.
class DeferredTexts {
 public:
  virtual void defer(std::string_view text) = 0;

 protected:
  ~DeferredTexts() = default;
};

// A file of its own; the first part of an append-only file; or that part as commands, in place of
// an RDB file.
enum class RdbPurpose : std::uint8_t { snapshot, aof_base, aof_commands };

// What is written about the use of keys: nothing, or what the policy keeps.
enum class RdbUses : std::uint8_t { none, idle, frequency };
// Where the data is in the stream of effects: the id of its history, its offset there, and the
// database that the stream has selected.
struct RdbStreamPosition {
  std::string id;
  std::int64_t offset = 0;
  int db = 0;
};
inline constexpr int kNewestRdbVersion = 12;

struct RdbOptions {
  RdbPurpose purpose = RdbPurpose::snapshot;
  int version = 10;  // 10 to 12
  Compression compression = Compression::on;
  bool checksum = true;
  RdbUses uses = RdbUses::none;
  // Of a file by itself, if there is a stream.
  std::optional<RdbStreamPosition> stream = {};
};

// What stands before the value of a key.
struct RdbKeyHead {
  std::string_view name;
  std::optional<std::int64_t> deadline_ms;
  std::uint64_t use = 0;  // RdbRecords::use_of()
};
// A value that is not in an entry.
struct RdbStorage {
  types::Type type;
  const void* storage;
};

// Writes a value by itself: its type, the key by this, and its contents.
class RdbBody {
 public:
  virtual void write(RdbWriter& out) = 0;

 protected:
  ~RdbBody() = default;
};

// Appends the parts of a file of either form, in this order: begin(), functions, for each database
// with keys select() and its keys, end(). `spill` is called when there are more than `most` bytes,
// also within a value.
class RdbRecords {
 public:
  struct Output {
    Bytes& bytes;
    Spill& spill;
    std::size_t most;
    DeferredTexts* texts = nullptr;
  };
  RdbRecords(const Output& output, const keyspace::AccessPolicy& access, const RdbOptions& options)
      : output_(output), access_(access), options_(options) {}

  // The head, with its metadata. There is none before commands.
  void begin(std::int64_t now_ms, std::uint64_t used_bytes);
  void function(std::string_view library);
  void select(int database, std::uint64_t keys, std::uint64_t deadlines);
  // The database was selected before.
  void select_again(int database);
  // A hash of which no field is left at `now_ms` is left out.
  void key(const keyspace::Entry& entry, std::int64_t now_ms);
  void key(const RdbKeyHead& head, const RdbStorage& value, std::int64_t now_ms);
  // Not in place of commands.
  void key(const RdbKeyHead& head, RdbBody& value);
  // The use of a key, as it is written before its value: idle seconds, or the counter.
  std::uint64_t use_of(const keyspace::Entry& entry) const;
  // The mark of the end; the checksum follows. There is none behind commands.
  void end();

 private:
  bool writes_commands() const { return options_.purpose == RdbPurpose::aof_commands; }
  void aux(std::string_view name, std::string_view value);
  void write_head(RdbWriter& out, const RdbKeyHead& head);
  void commands(const keyspace::Entry& entry, std::int64_t now_ms);

  const Output output_;
  const keyspace::AccessPolicy& access_;
  const RdbOptions options_;
};

// A whole file, for a sink. After an error of the sink nothing more is written, and every call
// returns that error.
class RdbFileWriter final : private Spill {
 public:
  using Options = RdbOptions;
  using Uses = RdbUses;
  using Purpose = RdbPurpose;
  RdbFileWriter(RdbSink& sink, const keyspace::AccessPolicy& access, const Options& options);

  base::Result<void> begin(std::int64_t now_ms, std::uint64_t used_bytes);
  base::Result<void> function(std::string_view library);
  base::Result<void> select(int database, std::uint64_t keys, std::uint64_t deadlines);
  base::Result<void> key(const keyspace::Entry& entry, std::int64_t now_ms);
  base::Result<void> end();

  std::uint64_t bytes() const { return bytes_; }

 private:
  void take(Bytes& bytes) override;
  base::Result<void> state() const;

  RdbSink& sink_;
  const RdbPurpose purpose_;
  const bool checksum_;
  Bytes buffer_;
  RdbRecords records_;
  std::uint64_t crc_ = 0;
  std::uint64_t bytes_ = 0;
  std::optional<base::Error> failure_;
};

}  // namespace larder::persistence
