#include "rdb_loader.h"

#include <algorithm>
#include <array>

#include "key_delay.h"
#include "larder/base/numbers.h"

namespace larder::persistence {
namespace {

// So many empty keys are named in the log.
constexpr std::uint64_t kNamedEmpty = 10;
// Longer than the access bits can represent.
constexpr std::uint64_t kMostIdleSeconds = std::uint64_t{1} << 31;

std::string shown(std::string_view name) { return std::string(name.substr(0, 128)); }

}  // namespace

RdbLoader::RdbLoader(const Snapshots::Parts& parts, engine::FunctionLibraries* functions,
                     LoadingHost* host, bool merge)
    : parts_(parts),
      functions_(functions),
      merge_(merge),
      db_(&parts.keyspace.db(0)),
      slices_(parts, host) {}

bool RdbLoader::go_on() { return slices_.go_on(bytes_, loaded_); }

void RdbLoader::progress(std::uint64_t bytes) {
  bytes_ = bytes;
  if (!is_base_) parts_.metrics.loading.loaded_bytes = bytes;
  parts_.metrics.rdb_last_load_keys_loaded = static_cast<std::int64_t>(loaded_);
  parts_.metrics.rdb_last_load_keys_expired = static_cast<std::int64_t>(expired_);
}

void RdbLoader::aux(std::string_view name, std::string_view value) {
  const auto number = base::parse_int64(value);
  if (name == "redis-ver") {
    parts_.log.notice("Loading RDB produced by version " + shown(value));
  } else if (name == "ctime" && number) {
    const std::int64_t age = std::max<std::int64_t>(parts_.clock.unix_ms() / 1000 - *number, 0);
    parts_.log.notice("RDB age " + std::to_string(age) + " seconds");
  } else if (name == "used-mem" && number) {
    parts_.metrics.loading.used_bytes_then = *number;
    const std::string line = base::printed("RDB memory usage when created %.2f Mb",
                                           static_cast<double>(*number) / (1024 * 1024));
    parts_.log.notice(line);
  } else if (name == "aof-base" && number && *number != 0) {
    parts_.log.notice("RDB is base AOF");
  } else if (stream_ != nullptr && name == "repl-stream-db" && number) {
    stream_->db = static_cast<int>(*number);
  } else if (stream_ != nullptr && name == "repl-id") {
    stream_->id = value;
  } else if (stream_ != nullptr && name == "repl-offset" && number) {
    stream_->offset = *number;
  } else {
    parts_.log.debug("AUX field '" + shown(name) + "' of the RDB is not used");
  }
}

base::Result<void> RdbLoader::function(std::string_view library) {
  using Existing = engine::FunctionLibraries::Existing;
  if (functions_ == nullptr) return {};
  auto loaded =
      functions_->load_saved(library, merge_ ? Existing::is_replaced : Existing::is_an_error, this);
  if (!loaded && go_on()) parts_.log.warning("Failed loading library, " + loaded.error().text);
  return loaded;
}

base::Result<void> RdbLoader::database(std::uint64_t index) {
  if (index < parts_.keyspace.databases()) {
    db_ = &parts_.keyspace.db(index);
    return {};
  }
  return base::Error{
      "FATAL: Data file was created with a Redis server configured to handle more "
      "than " +
      std::to_string(parts_.keyspace.databases()) + " databases. Exiting"};
}

void RdbLoader::sizes(std::uint64_t keys, std::uint64_t deadlines) {
  // Not more than what the limit of memory admits; a key takes 32 bytes at least.
  const std::uint64_t most = parts_.evictor.most_growth() / 32;
  if (db_->size() == 0) db_->reserve(std::min(keys, most), std::min(deadlines, most));
}

base::Result<void> RdbLoader::keys(std::span<RdbKey> keys) {
  std::array<keyspace::Key, kMostKeys> names;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    names[i] = keyspace::Key::of(keys[i].name);
    db_->prefetch(names[i].hash);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) db_->prefetch_entry(names[i].hash);
  const bool counts_checks =
      parts_.settings.sanitize_dump_payload.as<SanitizePayload>() == SanitizePayload::yes;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (counts_checks) {
      parts_.metrics.dump_payload_sanitizations += keys[i].value->checked_blocks();
    }
    if (auto stored = store(keys[i], names[i]); !stored) return stored;
  }
  parts_.keyspace.log().clear();
  return {};
}

void RdbLoader::log_empty(const RdbKey& key) {
  if (++empty_ <= kNamedEmpty) {
    parts_.log.notice("RDB loading: skipping empty key: " + shown(key.name));
  }
}

base::Result<void> RdbLoader::store(const RdbKey& key, const keyspace::Key& name) {
  if (key.value->is_empty()) {
    log_empty(key);
    return {};
  }
  if (!is_base_ && key.deadline_ms && *key.deadline_ms < parts_.clock.unix_ms()) {
    ++expired_;
    return {};
  }
  if (!merge_ && db_->entries().find(name.name, name.hash) != nullptr) {
    return base::Error{"RDB has duplicated key '" + shown(name.name) + "' in DB " +
                       std::to_string(db_->index())};
  }
  put(key, name);
  ++loaded_;
  if (const std::int64_t delay = parts_.settings.key_load_delay.value(); delay != 0) {
    delay_key(delay, delayed_);
    go_on();
  }
  if (slices_.make_room()) return {};
  return base::Error{slices_.no_room_text(name.name, db_->index())};
}

void RdbLoader::put(const RdbKey& key, const keyspace::Key& name) {
  const auto deadline =
      key.deadline_ms ? keyspace::Deadline::at(*key.deadline_ms) : keyspace::Deadline::never();
  if (key.value->has_storage()) {
    const types::Type type = key.value->type();
    db_->put_storage(name, type, key.value->take_storage(), keyspace::Event::restore, deadline);
  } else {
    db_->put(name, key.value->text(), deadline, keyspace::Event::restore);
  }
  if (key.idle_s || key.frequency) set_use(key, name);
}

void RdbLoader::set_use(const RdbKey& key, const keyspace::Key& name) {
  keyspace::Entry* entry = db_->entries().find(name.name, name.hash);
  const std::int64_t now_ms = parts_.clock.unix_ms();
  if (parts_.keyspace.access().mode == keyspace::AccessMode::lfu) {
    if (key.frequency) {
      entry->access(keyspace::LfuCounter::fresh(now_ms, *key.frequency).bits());
    }
  } else if (key.idle_s) {
    const auto idle_ms = static_cast<std::int64_t>(std::min(*key.idle_s, kMostIdleSeconds)) * 1000;
    entry->access(keyspace::LruStamp::idle_since(now_ms, idle_ms).bits());
  }
}

void RdbLoader::log_result() const {
  if (empty_ > 0) {
    parts_.log.notice("Done loading RDB, keys loaded: " + std::to_string(loaded_) +
                      ", keys expired: " + std::to_string(expired_) +
                      ", empty keys skipped: " + std::to_string(empty_) + ".");
  } else {
    parts_.log.notice("Done loading RDB, keys loaded: " + std::to_string(loaded_) +
                      ", keys expired: " + std::to_string(expired_) + ".");
  }
}

}  // namespace larder::persistence
