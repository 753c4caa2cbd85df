#include "open_hash.h"

namespace larder::commands {
namespace {

// A hash of up to this many fields is freed of all its expired ones at once.
constexpr std::size_t kMostPurged = 512;

}  // namespace

FoundHash purged(engine::Call& call, const FoundHash& found, keyspace::Look how) {
  const bool is_large = found->size() > kMostPurged;
  if (call.db.removals_held()) return found;
  if (how != keyspace::Look::write && (is_large || call.db.defers_removals())) return found;
  const auto entry = [&call] { return call.db.entries().find(call.key.name, call.key.hash); };
  if (!is_large) {
    while (!call.db.expire_elements(entry(), call.key.hash, kMostPurged)) {
    }
    return FoundHash(entry());
  }
  // Some of the words are names of fields.
  for (std::size_t i = 2; i < call.size() && entry() != nullptr; ++i) {
    call.db.expire_element(entry(), call.key.hash, call.arg(i));
  }
  return FoundHash(entry());
}

std::uint64_t most_value_bytes(const engine::Call& call, const types::Hash& hash,
                               const FieldList& fields) {
  constexpr std::uint64_t kAround = 32;
  std::uint64_t bytes = kAround * (fields.size() + 1);
  types::String::Scratch scratch;
  for (std::size_t i = fields.first; i < fields.end; ++i) {
    const auto value = hash.get(call.arg(i), call.expired_until_ms());
    if (value) bytes += value->text(scratch).size();
  }
  return bytes;
}

}  // namespace larder::commands
