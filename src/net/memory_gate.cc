#include "memory_gate.h"

#include "closer.h"
#include "connection.h"
#include "larder/base/budget.h"
#include "sender.h"

namespace larder::net {
namespace {

// The time for disconnecting in one turn.
constexpr std::int64_t kDisconnectingUs = 300;
// The number of connections that continue in one turn after waiting for room.
constexpr std::size_t kServedAtOnce = 8;
// If no connection is ranked, this many are compared.
constexpr std::size_t kCompared = 256;

}  // namespace

MemoryGate::MemoryGate(const Connections::Parts& parts, resp::ChunkPool& chunks,
                       const ConnectionList& list, Sender& sender, const Closer& closer)
    : parts_(parts),
      list_(list),
      sender_(sender),
      chunks_(chunks),
      budget_(parts.memory, parts.executor, chunks, closer.remains(), ranks_) {}

bool MemoryGate::exceeds_any_budget(std::uint64_t bytes) {
  budget_.measure();
  return bytes > budget_.most_ever();
}

void MemoryGate::note_growth() {
  if (!budget_.in_force()) return;
  budget_.measure();
  full_ = budget_.is_passed_with_closed() || budget_.is_exhausted();
}

void MemoryGate::check_after_pushes() {
  pushes_ = 0;
  note_growth();
  if (full_) parts_.executor.end_batch();
}

bool MemoryGate::may_hold(Connection& connection, std::uint64_t bytes) {
  budget_.measure();
  if (!budget_.in_force() || budget_.has_share(bytes) || connection.session().no_evict) return true;
  const Connection* const other = largest();
  const std::uint64_t own = connection.total_bytes() + bytes;
  if (other != nullptr && other != &connection && other->in_memory.rank.bytes >= own) return true;
  log_eviction(connection);
  connection.session().close(engine::Closing::now);
  return false;
}

void MemoryGate::rank(Connection& connection) {
  if (!budget_.in_force()) return;
  if (connection.is_small() && connection.in_memory.rank.level == Rank::kNone) return;
  ranks_.place(connection, connection.session().may_be_evicted() ? connection.total_bytes() : 0);
}

// The queue

bool MemoryGate::admits(Connection& connection, std::uint64_t bytes) {
  switch (budget_.ask(connection, bytes)) {
    case ClientBudget::Answer::yes:
      return true;
    case ClientBudget::Answer::too_much:
      return connection.refuse_room(), false;
    case ClientBudget::Answer::evicts:
    case ClientBudget::Answer::waits:
      break;
  }
  wait(connection, bytes);
  return false;
}

void MemoryGate::wait_to_reply(Connection& connection, std::uint64_t bytes) {
  connection.in_memory.is_reply = true;
  const engine::Session& session = connection.session();
  connection.in_memory.removes = session.stopped == engine::ReplyOrder::of_removed;
  const std::uint64_t unfinished = session.unfinished_reply_bytes();
  // A command that starts again from the beginning returns the pass meanwhile.
  if (session.is_working() && unfinished == 0) budget_.forget(connection);
  // If it requested too little last time it requests twice as much, and an eighth of what a long
  // command has written, as far as that is possible.
  const std::uint64_t total = connection.total_bytes();
  const std::uint64_t most = budget_.most_ever() - std::min(budget_.most_ever(), total);
  const std::uint64_t better = std::max(2 * connection.in_memory.wanted, unfinished / 8);
  wait(connection, std::max(bytes, std::min(better, most)));
}

void MemoryGate::wait(Connection& connection, std::uint64_t bytes) {
  Slot& slot = connection.in_memory;
  slot.wanted = bytes;
  if (slot.waits()) {
    slot.wants_more = true;
    return;
  }
  queue_.join(connection, slot.place);
  sender_.visit_at_turn_end(connection);
}

void MemoryGate::stop_waiting(Connection& connection) {
  Slot& slot = connection.in_memory;
  queue_.leave(slot.place);
  slot.wanted = 0;
  slot.is_reply = slot.removes = slot.is_alone = false;
}

void MemoryGate::forget(Connection& connection) {
  stop_waiting(connection);
  budget_.forget(connection);
  ranks_.remove(connection);
}

// The others wait for the pass, and so for its holder.
Connection* MemoryGate::next_waiting() {
  Connection* const holder = budget_.pass_holder();
  return holder != nullptr && holder->in_memory.waits() ? holder : queue_.first();
}

bool MemoryGate::run_waiting() {
  if (queue_.empty()) return false;
  std::size_t served = 0;
  for (Connection* first; (first = next_waiting()) != nullptr; ++served) {
    if (served == kServedAtOnce) return true;
    const std::uint64_t wanted = first->in_memory.wanted;
    const ClientBudget::Answer answer = budget_.ask(*first, wanted);
    budget_.reserve_for(answer == ClientBudget::Answer::evicts ? wanted : 0);
    // Freeing makes room without any action of a client.
    if (answer == ClientBudget::Answer::waits) return parts_.executor.evictor().is_freeing();
    if (answer == ClientBudget::Answer::evicts) return true;
    answer == ClientBudget::Answer::too_much ? first->refuse_room() : run_waiting(*first);
  }
  budget_.reserve_for(0);
  stall_timeout_ms_ = kMostStallMs;
  return false;
}

void MemoryGate::run_waiting(Connection& connection) {
  Slot& slot = connection.in_memory;
  slot.wants_more = false;
  slot.is_served = true;
  slot.is_reply ? connection.run_held_command() : connection.run_long_request();
  slot.is_served = false;
  if (!connection.is_open()) return;
  sender_.visit_at_turn_end(connection);
  if (!slot.wants_more) stop_waiting(connection);
}

void MemoryGate::close_stalled(std::int64_t now_ms) {
  const Connection* const first = next_waiting();
  if (first == nullptr) return;
  Connection* const found = find_stalled(*first, now_ms);
  if (found == nullptr) return;
  stall_timeout_ms_ = std::max(stall_timeout_ms_ / 2, kLeastStallMs);
  parts_.metrics.evicted_clients += 1;
  parts_.log.warning(
      "Evicting client that holds memory for which other clients wait (maxmemory-clients) and "
      "neither reads nor sends: " +
      found->describe());
  found->session().close(engine::Closing::now);
}

Connection* MemoryGate::find_stalled(const Connection& first, std::int64_t now_ms) const {
  const auto largest_still = [&](bool waits) {
    return ranks_.largest([&](const Connection& one) {
      return &one != &first && one.in_memory.waits() == waits &&
             one.idle_ms(now_ms) > stall_timeout_ms_;
    });
  };
  Connection* const found = largest_still(false);
  return found != nullptr ? found : largest_still(true);
}

// Closing the largest

// The memory of closed clients is freed over several turns, and counts until then: no other client
// is closed for it, but no input is read while it exceeds the budget.
bool MemoryGate::close_largest() {
  full_ = false;
  pushes_ = 0;
  budget_.measure();
  bool over = false;
  if (budget_.is_passed_with_closed()) {
    // That may be enough: no client is closed for chunks that none of them uses.
    chunks_.trim();
    over = close_some();
    full_ = budget_.is_passed_with_closed() && budget_.has_closed();
  }
  // What they took from the data is evicted first.
  const eviction::Evictor& evictor = parts_.executor.evictor();
  full_ = full_ || (budget_.is_exhausted() && evictor.over_limit() && evictor.has_victims());
  return over;
}

bool MemoryGate::close_some() {
  const engine::Sessions& sessions = parts_.sessions;
  base::Budget time(parts_.loop.clock(), kDisconnectingUs);
  std::uint64_t closed = 0;
  const auto measure = [&] {
    budget_.closed_hold(closed + sessions.left_bytes());
    budget_.measure();
  };
  measure();
  Connection* victim = budget_.is_passed() ? largest() : nullptr;
  while (victim != nullptr && budget_.is_nearly_passed() && !time.spent()) {
    close_for_budget(*victim);
    closed += victim->total_bytes();
    measure();
    victim = largest();
  }
  budget_.closed_hold(0);
  return victim != nullptr && budget_.is_passed();
}

void MemoryGate::log_eviction(const Connection& connection) {
  parts_.metrics.evicted_clients += 1;
  parts_.log.warning("Evicting client: " + connection.describe());
}

void MemoryGate::close_for_budget(Connection& connection) {
  log_eviction(connection);
  connection.disconnect();
}

Connection* MemoryGate::largest() {
  const auto counts = [this](const Connection& one) { return !budget_.has_pass(one); };
  Connection* const found = ranks_.largest(counts);
  return found != nullptr ? found : largest_of_some();
}

// Small ones have no rank: of these the largest of some, from the position of the periodic walk on.
Connection* MemoryGate::largest_of_some() {
  Connection* found = nullptr;
  Connection* other = list_.cursor();
  for (std::size_t i = 0; i < std::min(list_.size(), kCompared); ++i) {
    std::size_t& bytes = other->in_memory.rank.bytes;
    bytes = other->total_bytes();
    const bool is_larger = found == nullptr || bytes > found->in_memory.rank.bytes;
    if (is_larger && other->session().may_be_evicted()) found = other;
    other = list_.next_in_circle(*other);
  }
  return found;
}

}  // namespace larder::net
