// Keeps all connections together within their budget.

#include <sys/uio.h>

#include <algorithm>
#include <array>

#include "client_ranks.h"
#include "connection.h"
#include "larder/base/budget.h"
#include "larder/net/connections.h"

namespace larder::net {
namespace {

// Output with more chunks than this is not freed at once; each turn frees this many.
constexpr std::size_t kFreedAtOnce = 256;
// The time for disconnecting in one turn.
constexpr std::int64_t kClosingUs = 300;
constexpr std::int64_t kFreeingUs = 500;
// The number of connections that resume in one turn after waiting for room.
constexpr std::size_t kServedAtOnce = 8;
// If no connection is ranked, this many are compared.
constexpr std::size_t kCompared = 256;

}  // namespace

void Connections::defer_detach(resp::ReplyBuffer& output) {
  output.keep_all();
  if (output.chunks() <= kFreedAtOnce) return output.clear();
  remains_.take_over(output);
}

// The more there is, the more is freed at a time: an eighth in each turn, as far as the time
// allows. It counts until it is freed, so others cannot fill memory faster.
void Connections::free_remains() {
  std::array<iovec, kFreedAtOnce> pieces;
  base::Budget time(parts_.loop.clock(), kFreeingUs);
  for (std::size_t rounds = 1 + remains_.chunks() / (8 * kFreedAtOnce); rounds > 0; --rounds) {
    std::uint64_t bytes = 0;
    const std::size_t count = remains_.gather(pieces.data(), pieces.size());
    for (std::size_t i = 0; i < count; ++i) bytes += pieces[i].iov_len;
    remains_.consume(bytes);
    if (time.spent()) break;
  }
}

void Connections::note_growth() {
  if (!budget_.in_force()) return;
  measure();
  full_ = budget_.is_passed() || budget_.is_exhausted();
}

// The connection that holds the most, for closing. Small ones have no rank: of these the largest of
// some, from the position of run_periodic() on.
Connection* Connections::largest() {
  const auto counts = [this](const Connection& one) { return !budget_.has_pass(one); };
  if (Connection* found = ranks_->largest(counts); found != nullptr) return found;
  Connection* found = nullptr;
  Connection* other = cursor_;
  for (std::size_t i = 0; i < std::min(size_, kCompared); ++i) {
    if (other == nullptr) other = first_;
    const bool may_go = !other->session_.no_evict;
    other->rank_.bytes = other->total_bytes();
    if (may_go && (found == nullptr || other->rank_.bytes > found->rank_.bytes)) found = other;
    other = other->next_;
  }
  return found;
}

void Connections::forget_dead(List& list) {
  list.erase(std::remove_if(list.begin(), list.end(),
                            [](const Connection* one) { return one->is_dead(); }),
             list.end());
}

bool Connections::keep_to_budget() {
  full_ = false;
  measure();
  if (!budget_.is_passed()) return false;
  chunks_.trim();
  measure();
  base::Budget time(parts_.loop.clock(), kClosingUs);
  std::uint64_t closed = 0;
  Connection* victim = largest();
  // The memory of a closed client may be freed over several turns, and counts until then: no other
  // client is closed for it.
  const auto goes_on = [&] {
    return victim != nullptr && budget_.is_nearly_passed() && !parts_.sessions.has_left() &&
           !time.spent();
  };
  for (; goes_on(); victim = largest()) {
    parts_.metrics.evicted_clients += 1;
    parts_.log.warning("Evicting client: " + victim->describe());
    victim->disconnect();
    closed += victim->total_bytes();
    budget_.closed_hold(closed);
    measure();
  }
  forget_dead(stalled_);
  forget_dead(dirty_);
  return victim != nullptr && budget_.is_passed();
}

// The others wait for the pass, and so for its holder.
Connection* Connections::next_waiting_for_memory() {
  Connection* const holder = budget_.pass_holder();
  return holder != nullptr && holder->waits_for_memory() ? holder : memory_wait_queue_->first();
}

bool Connections::serve_memory_queue() {
  std::size_t served = 0;
  for (Connection* first; (first = next_waiting_for_memory()) != nullptr; ++served) {
    if (served == kServedAtOnce) return true;
    const ClientBudget::Answer answer = budget_.ask(*first, first->wanted_room());
    budget_.reserve_for(answer == ClientBudget::Answer::evicts ? first->wanted_room() : 0);
    // Freeing makes room without any action of a client.
    if (answer == ClientBudget::Answer::waits) return parts_.executor.evictor().is_freeing();
    if (answer == ClientBudget::Answer::evicts) return true;
    if (answer == ClientBudget::Answer::too_much) {
      first->refuse_room();
    } else {
      first->take_room();
    }
  }
  budget_.reserve_for(0);
  stall_timeout_ms_ = kMostStallMs;
  return false;
}

void Connections::disconnect_stalled(std::int64_t now_ms) {
  Connection* const first = next_waiting_for_memory();
  if (first == nullptr) return;
  const auto is_still = [&](const Connection& one, bool waits) {
    return &one != first && one.waits_for_memory() == waits &&
           one.still_ms(now_ms) > stall_timeout_ms_;
  };
  Connection* found = ranks_->largest([&](const Connection& one) { return is_still(one, false); });
  if (found == nullptr) {
    found = ranks_->largest([&](const Connection& one) { return is_still(one, true); });
  }
  if (found == nullptr) return;
  stall_timeout_ms_ = std::max(stall_timeout_ms_ / 2, kLeastStallMs);
  parts_.metrics.evicted_clients += 1;
  parts_.log.warning(
      "Evicting client that holds memory others wait for (maxmemory-clients) and does "
      "not go on: " +
      found->describe());
  found->session().close(engine::Closing::now);
}

}  // namespace larder::net
