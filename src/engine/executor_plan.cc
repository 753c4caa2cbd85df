// The plan of a batch before it runs: which commands it has, and which of their keys to prefetch.

#include "larder/engine/executor.h"

namespace larder::engine {
namespace {

// A database with this many keys stays in the processor's L2 cache: prefetching is not needed.
constexpr std::size_t kKeysInCache = 4096;

}  // namespace

void Executor::plan(const Session& session, std::span<const resp::Request> requests,
                    Plan& plan) const {
  Planned* const planned = plan.requests_.data();
  std::uint64_t bytes = 0;
  const BoundCommand* small = nullptr;  // the request before, if it is of this command and small
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const resp::Args args = requests[i].args;
    bytes += requests[i].bytes;
    BoundCommand* command = parts_.commands.resolve(args);
    planned[i] = {command, 0, false};
    if (command == nullptr || command->small_words != args.size()) {
      small = nullptr;
    } else {
      if (small == command) planned[i - 1].like_next = true;
      small = command;
    }
    if (command == nullptr || command->first_key == 0) continue;
    const auto first_key = static_cast<std::size_t>(command->first_key);
    if (first_key >= args.size()) continue;
    planned[i].hash = base::hash_bytes(args[first_key]);
  }
  plan.size_ = requests.size();
  plan.bytes_ = bytes;
  plan.fetches_ = exceeds_cache(session.db);
}

bool Executor::exceeds_cache(int db) const {
  return parts_.keyspace.db(static_cast<std::size_t>(db)).size() > kKeysInCache;
}

void Executor::fetch_buckets(const Session& session, const Plan& plan) const {
  if (!plan.fetches_) return;
  const keyspace::Database& db = parts_.keyspace.db(static_cast<std::size_t>(session.db));
  for (std::size_t i = 0; i < plan.size_; ++i) {
    if (plan.requests_[i].hash != 0) db.prefetch(plan.requests_[i].hash);
  }
}

void Executor::fetch_entries(const Session& session, const Plan& plan) const {
  if (!plan.fetches_) return;
  const keyspace::Database& db = parts_.keyspace.db(static_cast<std::size_t>(session.db));
  for (std::size_t i = 0; i < plan.size_; ++i) {
    if (plan.requests_[i].hash != 0) db.prefetch_entry(plan.requests_[i].hash);
  }
}

}  // namespace larder::engine
