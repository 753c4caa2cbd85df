#include "larder/persistence/snapshot_source.h"

#include <vector>

#include "key_delay.h"
#include "larder/base/prefetch.h"
#include "larder/keyspace/prefetch.h"
#include "larder/memory/heap.h"
#include "larder/memory/ledger.h"
#include "rdb_format.h"

namespace larder::persistence {
namespace {

constexpr auto kOwner = memory::Owner::snapshot;
// Keys whose cache misses overlap.
constexpr std::size_t kAtOnce = 64;

// rdb-version's words; `auto` is the lowest version that holds the data.
enum class FileVersion : int { lowest, v10, v11, v12 };

RdbFileWriter::Uses uses_of(const eviction::Policy& policy) {
  if (policy.order == eviction::Order::least_recent) return RdbFileWriter::Uses::idle;
  if (policy.order == eviction::Order::least_frequent) return RdbFileWriter::Uses::frequency;
  return RdbFileWriter::Uses::none;
}

// The next entries, with overlapping cache misses; returns the cursor behind them.
template <typename Batch>
std::uint64_t collect(const keyspace::Database& db, std::uint64_t cursor, Batch& batch) {
  batch.clear();
  do {
    cursor = db.scan(cursor, 1, [&batch](const keyspace::Entry& entry) {
      base::prefetch(&entry);
      batch.push_back(&entry);
    });
  } while (cursor != 0 && batch.size() < kAtOnce);
  for (const keyspace::Entry* entry : batch) keyspace::prefetch_storage(*entry);
  return cursor;
}

base::Result<void> write_database(const SnapshotSource& source, RdbFileWriter& writer,
                                  const keyspace::Database& db, SaveProgress* progress) {
  if (db.size() == 0) return {};
  auto done = writer.select(db.index(), db.size(), db.volatile_size());
  std::uint64_t delayed = 0;
  const std::int64_t now_ms = source.clock.unix_ms();
  std::vector<const keyspace::Entry*, memory::Allocator<const keyspace::Entry*, kOwner>> batch;
  std::uint64_t cursor = 0;
  do {
    cursor = collect(db, cursor, batch);
    for (const keyspace::Entry* entry : batch) {
      if (!done) break;
      done = writer.key(*entry, now_ms);
      delay_key(source.settings.rdb_key_save_delay.value(), delayed);
      if (progress != nullptr) progress->key_written();
    }
  } while (cursor != 0 && done);
  return done;
}

std::size_t hashes_with_deadlines(const keyspace::Keyspace& keyspace) {
  std::size_t hashes = 0;
  for (std::size_t i = 0; i < keyspace.databases(); ++i) {
    hashes += keyspace.db(i).element_expires().size();
  }
  return hashes;
}

}  // namespace

std::size_t SnapshotSource::dropped_deadlines() const {
  const bool has_none = purpose != RdbPurpose::aof_commands && version() < kFieldDeadlineVersion;
  return has_none ? hashes_with_deadlines(keyspace) : 0;
}

int SnapshotSource::version() const {
  switch (settings.rdb_version.as<FileVersion>()) {
    case FileVersion::v10:
      return kPlainVersion;
    case FileVersion::v11:
      return kActiveTimeVersion;
    case FileVersion::v12:
      return kFieldDeadlineVersion;
    case FileVersion::lowest:
      break;
  }
  if (hashes_with_deadlines(keyspace) == 0 || most_version < kFieldDeadlineVersion) {
    return kPlainVersion;
  }
  return kFieldDeadlineVersion;
}

RdbFileWriter::Options SnapshotSource::options() const {
  return {.purpose = purpose,
          .version = version(),
          .compression = settings.rdbcompression.value() ? Compression::on : Compression::off,
          .checksum = settings.rdbchecksum.value(),
          .uses = uses_of(evictor.policy()),
          .stream = stream == nullptr ? std::nullopt : stream->position()};
}

base::Result<void> SnapshotSource::write(RdbSink& sink, SaveProgress* progress) const {
  RdbFileWriter writer(sink, keyspace.access(), options());
  auto done = writer.begin(clock.unix_ms(), memory::used_bytes());
  each_library([&](std::string_view code) {
    if (done) done = writer.function(code);
  });
  for (std::size_t i = 0; i < keyspace.databases() && done && !without_keys; ++i) {
    done = write_database(*this, writer, keyspace.db(i), progress);
  }
  return done ? writer.end() : done;
}

}  // namespace larder::persistence
