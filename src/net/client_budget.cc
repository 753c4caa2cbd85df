#include "client_budget.h"

#include <algorithm>

#include "connection.h"
#include "larder/memory/ledger.h"
#include "larder/memory/metrics.h"

namespace larder::net {
namespace {

using memory::Owner;

// Slow readers are held back from a fifth of the limit on, and are not read at all from a half on.
// In between each may have an eighth of what is left up to the half.
constexpr std::uint64_t kUnboundedPart = 5;
constexpr std::uint64_t kReadPart = 2;
constexpr std::uint64_t kShareOfRest = 8;

// Of maxmemory: how much clients may hold while a command that cannot run again exceeds it.
constexpr std::uint64_t kExcessPart = 4;

// Kept free for memory without a check: otherwise a reply that grows a chunk at a time would fill
// the limit completely, and the largest client would be closed for the next small request.
constexpr std::uint64_t kUnaskedPart = 64;

// Clients may take used_memory this far above maxmemory, before keys are evicted for them.
std::uint64_t tolerance(std::uint64_t limit) {
  constexpr std::uint64_t kLeast = 768 << 10;
  return std::max(limit / 128, kLeast);
}

std::uint64_t left(std::uint64_t limit, std::uint64_t used) {
  return limit - std::min(limit, used);
}

// All bytes that count against maxmemory.
std::uint64_t charged_bytes(const memory::Charges& charges) {
  std::uint64_t bytes = 0;
  for (const std::int64_t each : charges) bytes += static_cast<std::uint64_t>(each);
  return bytes - static_cast<std::uint64_t>(eviction::apart_from_data(charges));
}

}  // namespace

void ClientBudget::measure() {
  const auto limit = static_cast<std::uint64_t>(settings_.maxmemory.value());
  if (limit == 0 && settings_.client_budget() == 0) return forget_limits();
  measure_limits(limit, memory::balance());
  most_unsent_ = bound_of_unsent();
  bound_output();
}

void ClientBudget::forget_limits() {
  limit_ = left_of_share_ = left_of_memory_ = left_unreserved_ = kNoBound;
  left_for_pass_ = left_of_excess_ = most_ever_ = turn_bound_ = kNoBound;
  most_unsent_ = std::numeric_limits<std::size_t>::max();
  pass_ = nullptr;
  reserve_for(0);
  chunks_.bound(kNoBound, *this);
}

void ClientBudget::measure_limits(std::uint64_t limit, const memory::Charges& charges) {
  all_ = left(static_cast<std::uint64_t>(memory::client_bytes(charges)),
              leaving_.held_bytes() + leaving_.shared_bytes() + closed_);
  if (limit == 0) {
    most_ever_ = left_of_memory_ = left_unreserved_ = kNoBound;
  } else {
    measure_memory(limit, charges);
  }
  const auto share = static_cast<std::uint64_t>(settings_.client_budget());
  limit_ = std::max(kFloorBytes, std::min(share == 0 ? kNoBound : share, most_ever_));
  keep_or_return_pass();
  left_of_share_ = left(limit_ - limit_ / kUnaskedPart, held_);
  left_of_floor_ = left(kFloorBytes - kFloorBytes / kUnaskedPart, all_);
  left_for_pass_ = left(most_ever_, all_);
  left_of_excess_ = left(limit == 0 ? limit_ : std::min(limit_, limit / kExcessPart), all_);
}

void ClientBudget::measure_memory(std::uint64_t limit, const memory::Charges& charges) {
  const std::uint64_t used = charged_bytes(charges);
  const std::uint64_t allowed = limit + tolerance(limit);
  const std::uint64_t movable = executor_.evictor().most_freeable_bytes(charges);
  const auto clients = static_cast<std::uint64_t>(memory::client_bytes(charges));
  most_ever_ = std::max(kFloorBytes, left(allowed, left(used, clients + movable)));
  left_of_memory_ = left(allowed, left(used, chunks_.free_bytes()));
  left_unreserved_ =
      std::max(std::min(left_of_memory_, tolerance(limit) / 2), left(left_of_memory_, reserved_));
}

// If all clients fit into the share again, the next one may have the pass.
void ClientBudget::keep_or_return_pass() {
  if (all_ <= limit_) pass_ = nullptr;
  held_ = pass_ == nullptr ? all_ : left(all_, pass_->total_bytes());
}

void ClientBudget::bound_output() {
  const std::uint64_t used = chunks_.used_bytes();
  const std::uint64_t more = std::max(
      {std::min(left_of_share_, left_unreserved_), left_of_floor_, left(kOutputFloorBytes, used)});
  chunks_.bound(used + more, *this);
  // If nothing is left, and evicting or freeing reduces memory, no connection is read meanwhile.
  const eviction::Evictor& evictor = executor_.evictor();
  const bool waits =
      more == 0 && left_of_memory_ == 0 && (evictor.is_freeing() || evictor.has_victims());
  turn_bound_ = used + (waits ? 0 : std::max(more, kOutputFloorBytes) / 2);
}

std::size_t ClientBudget::bound_of_unsent() const {
  if (held_ <= limit_ / kUnboundedPart) return std::numeric_limits<std::size_t>::max();
  return left(limit_ / kReadPart, held_) / kShareOfRest;
}

ClientBudget::Answer ClientBudget::ask(Connection& connection, std::uint64_t bytes) {
  measure();
  if (!in_force() || bytes <= left_of_floor_) return Answer::yes;
  if (bytes > left(most_ever_, connection.total_bytes())) return Answer::too_much;
  const bool by_pass = pass_ == &connection || bytes > left_of_share_;
  if (by_pass && !may_pass(connection)) return Answer::waits;
  if (by_pass && bytes > left_for_pass_) return answer_without_room(connection);
  if (by_pass) pass_ = &connection;
  if (bytes <= left_of_memory_) {
    verdict_ = {};
    return Answer::yes;
  }
  const bool evicts = executor_.evictor().has_victims() && may_evict_for(connection, bytes);
  return evicts ? Answer::evicts : answer_without_room(connection);
}

// Before the first key is evicted for it: whether all keys that may be evicted are enough for all
// of its need, as far as that is known. Checked again when there is more room, or when other keys
// may be evicted.
bool ClientBudget::may_evict_for(const Connection& connection, std::uint64_t bytes) {
  const eviction::Evictor& evictor = executor_.evictor();
  const std::uint64_t wanted = std::max(bytes, connection.announced_bytes());
  const Verdict now{&connection, wanted, left_of_memory_, evictor.victims(), false};
  if (verdict_.connection == &connection && (verdict_.evicts || verdict_.is_of_same_state(now))) {
    return verdict_.evicts;
  }
  verdict_ = now;
  verdict_.evicts = evictor.may_free(left(wanted, left_of_memory_));
  return verdict_.evicts;
}

// The memory may be held by others, or by removed data that is not freed yet.
ClientBudget::Answer ClientBudget::answer_without_room(const Connection& connection) const {
  const bool others_hold = left(all_, connection.total_bytes()) > kFloorBytes;
  const bool frees = executor_.evictor().is_freeing() || leaving_.chunks() > 0;
  return others_hold || frees ? Answer::waits : Answer::too_much;
}

// The pass is taken from a connection that is done with it and given to the next, although all
// together are a little above the limit.
bool ClientBudget::may_pass(const Connection& connection) const {
  if (pass_ == nullptr || pass_ == &connection) return true;
  const bool is_done = !pass_->waits_for_memory() && pass_->total_bytes() <= kLeastPassed;
  return is_done && left(all_, connection.total_bytes()) <= limit_ + kLeastPassed;
}

void ClientBudget::reserve_for(std::uint64_t bytes) {
  const auto limit = static_cast<std::uint64_t>(settings_.maxmemory.value());
  const std::uint64_t reserved = limit == 0 ? 0 : left(bytes, tolerance(limit));
  if (reserved == 0 && reserved_ == 0) return;
  reserved_ = reserved;
  executor_.evictor().reserve(reserved);
}

// Output without a request is never refused here: above the limit the largest clients are closed
// for it at the end of the turn. Replies of commands that cannot run again may exceed maxmemory, as
// long as all clients together hold less than their limit and a quarter of maxmemory; eviction
// compensates for it.
bool ClientBudget::grants(const resp::ReplyBuffer& buffer, std::uint64_t bytes) {
  const engine::Session* const running = executor_.running();
  const bool unfinished = executor_.long_commands().is_reply(buffer);
  if (running == nullptr || !(unfinished || &running->reply.buffer() == &buffer)) return true;
  if (bytes <= resp::ChunkPool::kChunkBytes && buffer.empty()) return true;
  measure();
  const bool waits = unfinished ? running->may_block : executor_.may_put_off();
  if (bytes <= left_of_floor_) return true;
  if (bytes > left_unreserved_ && (waits || bytes > left_of_excess_)) return false;
  // The buffer belongs to a Connection, which is also the peer of its session.
  auto& connection = const_cast<Connection&>(static_cast<const Connection&>(running->peer()));
  if (pass_ != &connection && bytes <= left_of_share_) return true;
  if (!may_pass(connection) || bytes > left_for_pass_) return false;
  pass_ = &connection;
  return true;
}

}  // namespace larder::net
