#pragma once

// Large values of the moment of a snapshot that are not written yet, although their keys are passed
// or have changed. Their storage must neither change nor be freed: commands that would change it
// wait, and if it leaves the keyspace it is kept here instead of being freed.

#include <cstdint>
#include <vector>

#include "larder/keyspace/graveyard.h"
#include "larder/memory/heap.h"
#include "larder/persistence/rdb_file_writer.h"

namespace larder::persistence {

struct OwedValue {
  using Name = std::vector<char, memory::Allocator<char, memory::Owner::snapshot>>;

  int db;
  Name name;
  std::optional<std::int64_t> deadline_ms;
  std::uint64_t use;
  types::Type type;
  void* storage;
  bool is_kept = false;  // it left the keyspace, and is charged to the snapshot

  RdbKeyHead head() const { return {{name.data(), name.size()}, deadline_ms, use}; }
};

class OwedValues final : public keyspace::Keeper {
 public:
  explicit OwedValues(keyspace::Graveyard& graveyard);
  // Gives back what it keeps.
  ~OwedValues();
  OwedValues(const OwedValues&) = delete;
  OwedValues& operator=(const OwedValues&) = delete;

  void add(OwedValue value);
  bool empty() const { return values_.empty(); }
  std::size_t size() const { return values_.size(); }
  OwedValue& first() { return values_.front(); }
  // The first one is written.
  void drop_first();
  // All of them, without being written.
  void drop_all();
  // Cost: proportional to the number of values.
  bool has(const void* storage) const;
  // The value is written as soon as the first one is.
  void hurry(const void* storage);

  // Bytes of storages that are kept only for the snapshot.
  std::uint64_t kept_bytes() const { return kept_bytes_; }
  std::size_t held_bytes() const;

  bool keep(types::Type type, void* storage) override;

 private:
  void give_back(const OwedValue& value);

  keyspace::Graveyard& graveyard_;
  std::vector<OwedValue, memory::Allocator<OwedValue, memory::Owner::snapshot>> values_;
  std::uint64_t kept_bytes_ = 0;
};

}  // namespace larder::persistence
