#pragma once

// HyperLogLogs that are values of keys.

#include <string_view>

#include "larder/engine/call.h"
#include "larder/types/hyperloglog.h"

namespace larder::commands {

inline constexpr std::string_view kNotAHyperLogLog =
    "WRONGTYPE Key is not a valid HyperLogLog string value.";
inline constexpr std::string_view kCorruptHyperLogLog = "INVALIDOBJ Corrupted HLL object detected";

// The value of a key: a HyperLogLog, nothing, or an `error`.
struct StoredSketch {
  keyspace::Entry* entry = nullptr;
  std::optional<types::hll::View> view;
  std::string_view error;
};

StoredSketch find_sketch(engine::Call& call, const keyspace::Key& key, keyspace::Look how);

// Writes a value over the entry that the call's key has, or makes one where it has none.
void store_sketch(engine::Call& call, keyspace::Entry* entry, std::string_view bytes,
                  keyspace::Event event);

}  // namespace larder::commands
