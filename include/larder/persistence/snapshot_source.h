#pragma once

// What a snapshot contains, and in which form: all data, written in one go.

#include <cstdint>
#include <optional>

#include "larder/base/clock.h"
#include "larder/engine/function_libraries.h"
#include "larder/eviction/evictor.h"
#include "larder/keyspace/keyspace.h"
#include "larder/persistence/rdb_file_writer.h"
#include "larder/persistence/settings.h"

namespace larder::persistence {

// Called after each key that was written.
class SaveProgress {
 public:
  virtual void key_written() = 0;

 protected:
  ~SaveProgress() = default;
};

// Returns the position of the data in the stream of effects.
class StreamOfEffects {
 public:
  // Nothing if there is no stream.
  virtual std::optional<RdbStreamPosition> position() const = 0;

 protected:
  ~StreamOfEffects() = default;
};

struct SnapshotSource {
  const base::Clock& clock;
  keyspace::Keyspace& keyspace;
  const eviction::Evictor& evictor;
  const SnapshotSettings& settings;
  const engine::FunctionLibraries* functions;  // or null
  RdbPurpose purpose = RdbPurpose::snapshot;
  const StreamOfEffects* stream = nullptr;
  // The newest version that the reader of the file supports.
  int most_version = kNewestRdbVersion;
  bool without_keys = false;

  // What rdb-version and the data require now.
  int version() const;
  RdbFileWriter::Options options() const;
  // How many hashes a file of that version has without the deadlines of their fields.
  std::size_t dropped_deadlines() const;
  // Gives the code of each library of functions to `write`.
  template <typename Write>
  void each_library(Write write) const {
    for (std::size_t i = 0; functions != nullptr && i < functions->libraries(); ++i) {
      write(functions->code(i));
    }
  }
  // Writes a whole file. Cost: as long as that takes; memory: two buffers of 64 KB.
  base::Result<void> write(RdbSink& sink, SaveProgress* progress = nullptr) const;
};

}  // namespace larder::persistence
