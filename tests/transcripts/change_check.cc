#include "change_check.h"

#include <limits>
#include <utility>

#include "larder/persistence/value_codec.h"

namespace larder::transcripts {
namespace {

constexpr std::size_t kMostKeys = 3000;
constexpr std::size_t kMostBytes = 1 << 20;

// The bytes that a snapshot would write for the entry, including expired fields.
std::string bytes_of(const keyspace::Entry& entry) {
  constexpr std::int64_t kBeforeAllTimes = std::numeric_limits<std::int64_t>::min();
  persistence::Bytes bytes;
  persistence::encode_value(entry, kBeforeAllTimes, persistence::Compression::off, bytes);
  std::string out(bytes.begin(), bytes.end());
  const auto deadline = entry.deadline();
  return out + (deadline ? " until " + std::to_string(*deadline) : std::string());
}

}  // namespace

ChangeCheck::ChangeCheck(keyspace::Keyspace& keyspace)
    : keyspace_(keyspace),
      before_(keyspace.databases()),
      asked_(keyspace.databases()),
      born_(keyspace.databases()) {
  keyspace_.before_changes().add(*this);
}

ChangeCheck::~ChangeCheck() { keyspace_.before_changes().remove(*this); }

bool ChangeCheck::is_small() const {
  if (keyspace_.size() > kMostKeys) return false;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < keyspace_.databases(); ++i) {
    keyspace_.db(i).entries().for_each(
        [&bytes](const keyspace::Entry* entry) { bytes += entry->footprint(); });
  }
  return bytes <= kMostBytes;
}

ChangeCheck::Values ChangeCheck::copy(std::size_t db) const {
  Values values;
  keyspace_.db(db).entries().for_each([&values](const keyspace::Entry* entry) {
    values.emplace(std::string(entry->key()), bytes_of(*entry));
  });
  return values;
}

void ChangeCheck::begin() {
  looks_ = is_small();
  for (std::size_t i = 0; i < before_.size(); ++i) {
    before_[i] = looks_ ? copy(i) : Values();
    asked_[i].clear();
    born_[i].clear();
  }
}

void ChangeCheck::end() {
  if (!looks_ || !is_small()) return;
  looks_ = false;
  for (std::size_t i = 0; i < before_.size(); ++i) compare(i);
}

void ChangeCheck::compare(std::size_t db) {
  const Values now = copy(db);
  // These changed without a call of the hook.
  for (const auto& [key, value] : before_[db]) {
    const auto found = now.find(key);
    if (found == now.end() || found->second != value)
      report("changed without a call of the hook", db, key);
  }
  for (const auto& [key, value] : now) {
    const bool known = before_[db].contains(key) || asked_[db].contains(key);
    if (!known && !born_[db].contains(key)) report("appeared without an event", db, key);
  }
  for (const auto& [key, value] : asked_[db]) {
    const auto found = now.find(key);
    changes_ += found == now.end() || found->second != value ? 1 : 0;
  }
}

void ChangeCheck::report(const std::string& what, std::size_t db, std::string_view key) {
  trouble_ += "before a change: " + what + ": db" + std::to_string(db) + " " +
              std::string(key.substr(0, 60)) + "; ";
}

void ChangeCheck::before_change(int db, std::uint64_t hash, keyspace::Entry& entry,
                                keyspace::Intent) {
  if (!looks_) return;
  const auto number = static_cast<std::size_t>(db);
  if (hash != base::hash_bytes(entry.key())) report("wrong hash", number, entry.key());
  const auto known = before_[number].find(entry.key());
  if (known == before_[number].end()) {
    const bool was_announced =
        asked_[number].contains(entry.key()) || born_[number].contains(entry.key());
    if (!was_announced)
      report("the hook was called for a key that did not exist", number, entry.key());
    return;
  }
  if (known->second != bytes_of(entry))
    report("the hook was called after the change", number, entry.key());
  asked_[number].insert(before_[number].extract(known));
}

void ChangeCheck::placed(int db, std::uint64_t, keyspace::Entry& entry,
                         const keyspace::Entry* before) {
  if (!looks_) return;
  const auto number = static_cast<std::size_t>(db);
  if (before_[number].contains(entry.key()))
    report("replaced without a call of the hook", number, entry.key());
  if (before == nullptr) born_[number].emplace(std::string(entry.key()), "");
}

void ChangeCheck::before_flush(int db) {
  if (!looks_) return;
  const auto number = static_cast<std::size_t>(db);
  if (copy(number).size() < before_[number].size())
    report("the hook was called after the flush", number, "");
  changes_ += before_[number].size();
  asked_[number].merge(before_[number]);
  before_[number].clear();
}

void ChangeCheck::before_swap(int a, int b) {
  for (auto* values : {&before_, &asked_, &born_}) {
    std::swap((*values)[static_cast<std::size_t>(a)], (*values)[static_cast<std::size_t>(b)]);
  }
}

}  // namespace larder::transcripts
