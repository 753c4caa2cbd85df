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

// Of maxmemory: how much clients may hold while the large reply of a command that cannot run again
// exceeds it.
constexpr std::uint64_t kExcessPart = 4;

// While more removed data than this waits to be freed, no reply takes the room of what its command
// removes.
constexpr std::int64_t kMostBuried = 512 << 10;

// Kept free for memory without a check: otherwise a reply that grows a chunk at a time would fill
// the limit completely, and the largest client would be closed for the next small request.
constexpr std::uint64_t kUnaskedPart = 64;

// Clients may take used_memory this far above maxmemory, before keys are evicted for them.
std::uint64_t tolerance(std::uint64_t limit) {
  constexpr std::uint64_t kLeast = 768 << 10;
  return std::max(limit / 256, kLeast);
}

std::uint64_t left(std::uint64_t limit, std::uint64_t used) {
  return limit - std::min(limit, used);
}

// All bytes that count against maxmemory.
std::uint64_t charged_bytes(const memory::Charges& charges) {
  std::uint64_t bytes = 0;
  for (const std::int64_t each : charges) bytes += static_cast<std::uint64_t>(each);
  return bytes - static_cast<std::uint64_t>(eviction::bytes_not_counted_for_evict(charges));
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
  over_memory_ = 0;
  much_is_buried_ = false;
  pass_ = nullptr;
  reserve_for(0);
  chunks_.bound(kNoBound, *this);
}

void ClientBudget::measure_limits(std::uint64_t limit, const memory::Charges& charges) {
  unfreed_ = leaving_.held_bytes() + leaving_.shared_bytes() + closed_;
  const auto clients = static_cast<std::uint64_t>(memory::client_bytes(charges));
  all_ = left(clients, unfreed_);
  unfreed_ = std::min(unfreed_, clients);
  if (limit == 0) {
    most_ever_ = left_of_memory_ = left_unreserved_ = kNoBound;
    over_memory_ = 0;
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
  const std::uint64_t allowed = limit + tolerance(limit);
  std::uint64_t used = charged_bytes(charges);
  if (used > allowed) {
    // Chunks kept for reuse are not worth evicting keys for.
    const std::size_t kept = chunks_.free_bytes();
    chunks_.trim();
    used -= kept - chunks_.free_bytes();
  }
  const std::uint64_t movable = executor_.evictor().most_freeable_bytes(charges);
  const auto clients = static_cast<std::uint64_t>(memory::client_bytes(charges));
  most_ever_ = std::max(kFloorBytes, left(allowed, left(used, clients + movable)));
  left_of_memory_ = left(allowed, left(used, chunks_.free_bytes()));
  over_memory_ = left(left(used, chunks_.free_bytes()), allowed);
  much_is_buried_ = memory::balance(Owner::graveyard) > kMostBuried;
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
  // What it removes fits already.
  const bool removes = connection.in_memory.removes;
  if (!removes && bytes > left(most_ever_, connection.total_bytes())) return Answer::too_much;
  const bool by_pass = pass_ == &connection || bytes > left_of_share_;
  if (by_pass && !may_pass(connection)) return Answer::waits;
  if (by_pass && !removes && bytes > left_for_pass_) return answer_without_room(connection, bytes);
  if (by_pass) pass_ = &connection;
  if (bytes <= left_of_memory_) {
    verdict_ = {};
    // They were counted as free memory.
    if (bytes + chunks_.free_bytes() > left_of_memory_) chunks_.trim();
    return Answer::yes;
  }
  if (evicts_for(connection, bytes)) return Answer::evicts;
  if (removes) return much_is_buried_ ? Answer::waits : Answer::yes;
  return answer_without_room(connection, bytes);
}

bool ClientBudget::evicts_for(const Connection& connection, std::uint64_t bytes) {
  return !connection.in_memory.is_alone && executor_.evictor().has_victims() &&
         may_evict_for(connection, bytes);
}

bool ClientBudget::obtains(Connection& connection, std::uint64_t bytes) {
  if (ask(connection, bytes) == Answer::evicts) {
    executor_.evictor().make_room_for({.more = bytes}, base::Budget::unlimited());
  }
  return ask(connection, bytes) == Answer::yes;
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

// The bytes that will be left without eviction when the other connections have sent or run what
// they hold, or are closed. A few KB of each are counted as still held.
std::uint64_t ClientBudget::left_after_others(const Connection& connection) const {
  if (left_of_memory_ == kNoBound) return kNoBound;
  const std::uint64_t others = left(ranks_.held_bytes(), connection.in_memory.rank.bytes);
  return std::max(left_of_floor_ + others, left(left_of_memory_ + others, over_memory_));
}

std::uint64_t ClientBudget::most_for(const Connection& connection) {
  measure();
  const auto limit = static_cast<std::uint64_t>(settings_.maxmemory.value());
  std::uint64_t most = left(most_ever_, connection.total_bytes());
  // Without the tolerance, which would look like more than maxmemory.
  if (most > kFloorBytes) most = std::max(kFloorBytes, left(most, tolerance(limit)));
  if (executor_.evictor().has_victims()) return most;
  return std::min(most, left_after_others(connection));
}

// The memory may be held by others, or by removed data that is not freed yet.
ClientBudget::Answer ClientBudget::answer_without_room(const Connection& connection,
                                                       std::uint64_t bytes) const {
  const bool others_hold =
      left(all_, connection.total_bytes()) > kFloorBytes || bytes <= left_after_others(connection);
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
// for it at the end of the turn.
bool ClientBudget::grants(const resp::ReplyBuffer& buffer, std::uint64_t bytes) {
  const engine::Session* const running = executor_.running();
  const bool unfinished = executor_.long_commands().is_reply(buffer);
  if (running == nullptr || !(unfinished || &running->reply.buffer() == &buffer)) return true;
  constexpr std::uint64_t kSmall = resp::ChunkPool::kChunkBytes;
  if (bytes <= kSmall && buffer.empty()) return true;
  // The element came for the client, which can neither wait again nor lose it.
  if (executor_.is_served()) return true;
  const bool stops = unfinished || executor_.may_stop();
  // Commands with effects have small replies otherwise, smaller than their requests.
  if (!stops && bytes <= kSmall && executor_.reply_bytes() <= kSmall) return true;
  measure();
  if (bytes <= left_of_floor_) return true;
  // The buffer belongs to a Connection, which is also the peer of its session.
  auto& connection = const_cast<Connection&>(static_cast<const Connection&>(running->peer()));
  return grants_memory(bytes, stops) && grants_share(connection, bytes);
}

// Large replies of commands that cannot run again, such as CLIENT LIST: one may exceed maxmemory,
// as long as all clients together hold less than their limit and a quarter of maxmemory; eviction
// compensates for it.
bool ClientBudget::grants_memory(std::uint64_t bytes, bool stops) const {
  if (bytes <= left_unreserved_) return true;
  if (stops) {
    // With victims it waits for eviction first, or gets a promise of the pool.
    return executor_.removes_reply() && !much_is_buried_ && !executor_.evictor().has_victims();
  }
  return left_of_memory_ > 0 && bytes <= left_of_excess_;
}

bool ClientBudget::grants_share(Connection& connection, std::uint64_t bytes) {
  if (pass_ != &connection && bytes <= left_of_share_) return true;
  if (!may_pass(connection)) return false;
  if (bytes > left_for_pass_ && !executor_.removes_reply()) return false;
  pass_ = &connection;
  return true;
}

}  // namespace larder::net
