#include "read_barrier.h"

#include <algorithm>

#include "larder/base/hash.h"
#include "larder/engine/command_table.h"
#include "larder/engine/keys.h"

namespace larder::persistence {
namespace {

constexpr auto kOwner = memory::Owner::journal;

// Keys of different databases have different hashes.
std::uint64_t hash_of(int db, std::string_view key) {
  constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15;
  return base::hash_bytes(key) + kMix * static_cast<std::uint64_t>(db);
}

}  // namespace

ReadBarrier::ReadBarrier(engine::Executor& executor, const engine::Propagation& effects,
                         const JournalStream& stream)
    : executor_(executor),
      effects_(effects),
      stream_(stream),
      pending_(memory::make<PendingKeys>(kOwner)),
      seen_(stream.end()) {
  // What was written before has no keys here.
  pending_->all_changed(seen_);
  executor_.add(*this);
}

ReadBarrier::~ReadBarrier() {
  executor_.remove(*this);
  memory::destroy(kOwner, pending_);
}

std::size_t ReadBarrier::held_bytes() const {
  const std::size_t keys = keys_.capacity() * sizeof(std::uint64_t);
  return memory::size_class(sizeof(PendingKeys)) + (keys == 0 ? 0 : memory::size_class(keys));
}

template <typename Fn>
bool ReadBarrier::each_key(const engine::Session& session, const engine::BoundCommand& command,
                           resp::Args args, Fn fn) {
  if (command.row->has(engine::kTouchesArbitraryKeys)) return false;
  const auto spans = engine::find_key_spans(*command.row, args);
  if (!spans || spans->size == 0) return false;
  engine::for_each_key(*spans, [&](std::size_t position, std::uint32_t) {
    fn(hash_of(session.db, args[position]));
    return true;
  });
  return true;
}

void ReadBarrier::over(engine::Session& session, const engine::BoundCommand* command,
                       resp::Args args) {
  if (command == nullptr) return;
  const bool in_group = effects_.in_group();
  if (stream_.end() != seen_ || (in_group && command->row->has(engine::kWrites))) {
    return wrote(session, *command, args);
  }
  if (!in_group && !keys_.empty()) keys_.clear();
  // A write that changed nothing shows what it found.
  constexpr std::uint32_t kShows = engine::kReads | engine::kWrites;
  if (effects_.released() < stream_.end() && command->row->has(kShows)) {
    read(session, *command, args);
  }
}

// The effects of a transaction come with its end.
void ReadBarrier::wrote(engine::Session& session, const engine::BoundCommand& command,
                        resp::Args args) {
  const auto add = [this](std::uint64_t hash) { keys_.push_back(hash); };
  if (!command.row->has(engine::kRunsQueue) && !each_key(session, command, args, add)) {
    all_keys_ = true;
  }
  if (keys_.size() > kMostKeys) {
    keys_.clear();
    all_keys_ = true;
  }
  if (effects_.in_group()) return;
  seen_ = stream_.end();
  for (const std::uint64_t hash : keys_) pending_->changed(hash, seen_);
  if (all_keys_) pending_->all_changed(seen_);
  keys_.clear();
  all_keys_ = false;
  // Keys that expired by themselves may be what was written, and the command a read.
  session.shown_position = std::max(session.shown_position, seen_);
}

void ReadBarrier::read(engine::Session& session, const engine::BoundCommand& command,
                       resp::Args args) const {
  std::uint64_t position = 0;
  const bool known = each_key(session, command, args, [this, &position](std::uint64_t hash) {
    position = std::max(position, pending_->position(hash));
  });
  if (!known) position = stream_.end();
  session.shown_position = std::max(session.shown_position, position);
}

}  // namespace larder::persistence
