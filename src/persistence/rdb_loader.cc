#include "rdb_loader.h"

#include <algorithm>
#include <array>

#include "key_delay.h"
#include "larder/base/format.h"
#include "larder/base/numbers.h"

namespace larder::persistence {
namespace {

constexpr std::int64_t kSliceUs = 1000;
constexpr std::int64_t kLogUs = 1'000'000;
// So many empty keys are named in the log.
constexpr std::uint64_t kNamedEmpty = 10;
// Longer than the access bits can represent.
constexpr std::uint64_t kMostIdleSeconds = std::uint64_t{1} << 31;

std::string shown(std::string_view name) { return std::string(name.substr(0, 128)); }

}  // namespace

RdbLoader::RdbLoader(const Snapshots::Parts& parts, KeptFunctions& functions, LoadingHost* host,
                     bool merge)
    : parts_(parts),
      functions_(functions),
      host_(host),
      merge_(merge),
      db_(&parts.keyspace.db(0)),
      started_us_(parts.clock.steady_now_us()),
      served_us_(started_us_),
      logged_us_(started_us_) {}

bool RdbLoader::make_room() {
  if (!parts_.evictor.over_limit()) return true;
  if (parts_.evictor.policy().victims != eviction::Victims::all_keys) return false;
  return parts_.evictor.make_room(base::Budget::unlimited()) != eviction::Room::none;
}

bool RdbLoader::go_on() {
  if (stopped_ || lacked_room_) return false;
  if (!make_room()) {
    lacked_room_ = true;
    return false;
  }
  if (host_ == nullptr) return true;
  const std::int64_t now_us = parts_.clock.steady_now_us();
  const auto interval =
      static_cast<std::uint64_t>(parts_.settings.loading_process_events_interval_bytes.value());
  if (now_us - served_us_ < kSliceUs && bytes_ - served_bytes_ < interval) return true;
  return serve(now_us);
}

bool RdbLoader::serve(std::int64_t now_us) {
  if (now_us - logged_us_ >= kLogUs) log_progress(now_us);
  served_bytes_ = bytes_;
  parts_.keyspace.log().clear();
  // Nothing but the file changes the data meanwhile.
  parts_.keyspace.removals().hold(keyspace::Hold::loading);
  stopped_ = !host_->serve();
  parts_.keyspace.removals().release(keyspace::Hold::loading);
  served_us_ = parts_.clock.steady_now_us();
  return !stopped_;
}

void RdbLoader::log_progress(std::int64_t now_us) {
  logged_us_ = now_us;
  const LoadingFigures& figures = parts_.metrics.loading;
  const std::string line = base::printed(
      "Loading: %.1f%% (%llu of %llu bytes), %llu keys, about %lld seconds left", figures.percent(),
      static_cast<unsigned long long>(bytes_), static_cast<unsigned long long>(figures.total_bytes),
      static_cast<unsigned long long>(loaded_),
      static_cast<long long>(figures.seconds_left(now_us - started_us_)));
  parts_.log.notice(line);
}

void RdbLoader::progress(std::uint64_t bytes) {
  bytes_ = bytes;
  parts_.metrics.loading.loaded_bytes = bytes;
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
  } else {
    parts_.log.debug("AUX field '" + shown(name) + "' of the RDB is not used");
  }
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
    if (const auto stored = store(keys[i], names[i]); !stored) return stored;
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
  if (key.deadline_ms && *key.deadline_ms < parts_.clock.unix_ms()) {
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
  if (make_room()) return {};
  return base::Error{"The data does not fit into maxmemory: key '" + shown(name.name) + "' in DB " +
                     std::to_string(db_->index()) + " makes it " +
                     std::to_string(parts_.evictor.counted_bytes()) +
                     " bytes. Increase maxmemory, or set an allkeys policy"};
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
