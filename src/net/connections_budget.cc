// Keeping all connections together to their budget.

#include <sys/uio.h>

#include <algorithm>
#include <array>

#include "client_ranks.h"
#include "connection.h"
#include "larder/base/budget.h"
#include "larder/net/connections.h"

namespace larder::net {
namespace {

// Output with more chunks than this is not freed at once, but so many in a turn.
constexpr std::size_t kFreedAtOnce = 1024;
// How long disconnecting may take in one turn.
constexpr std::int64_t kClosingUs = 500;
// Where nobody is ranked, so many are compared.
constexpr std::size_t kCompared = 256;

}  // namespace

void Connections::leave_behind(resp::ReplyBuffer& output) {
  if (output.chunks() <= kFreedAtOnce) return output.clear();
  remains_.take_over(output);
}

void Connections::free_remains() {
  std::array<iovec, kFreedAtOnce> pieces;
  std::uint64_t bytes = 0;
  const std::size_t count = remains_.gather(pieces.data(), pieces.size());
  for (std::size_t i = 0; i < count; ++i) bytes += pieces[i].iov_len;
  remains_.consume(bytes);
}

void Connections::measure() { budget_.measure(remains_.held_bytes() + remains_.shared_bytes()); }

void Connections::note_growth() {
  if (!budget_.in_force()) return;
  measure();
  full_ = budget_.is_passed();
}

// Who holds most, for closing. Small ones stand in no rank: of them the largest of some, from
// where tend() is.
Connection* Connections::largest() {
  if (Connection* found = ranks_->largest(); found != nullptr) return found;
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

bool Connections::keep_to_budget() {
  full_ = false;
  measure();
  if (!budget_.is_passed()) return false;
  chunks_.trim();
  measure();
  base::Budget time(parts_.loop.clock(), kClosingUs);
  Connection* victim = largest();
  for (; victim != nullptr && budget_.is_passed() && !time.spent(); victim = largest()) {
    parts_.metrics.evicted_clients += 1;
    parts_.log.warning("Evicting client: " + victim->describe());
    victim->disconnect();
    measure();
  }
  stalled_.erase(std::remove_if(stalled_.begin(), stalled_.end(),
                                [](const Connection* one) { return one->is_dead(); }),
                 stalled_.end());
  return victim != nullptr && budget_.is_passed();
}

}  // namespace larder::net
