#pragma once

// The one place that decides how much memory clients may have. The memory of clients (client input
// and output in the ledger, pubsub and tracking) counts against maxmemory, and is bounded by a
// share of it, maxmemory-clients.
//
// - All clients together below a fifth of the limit: no connection is held back.
// - From a fifth on: a connection with unsent output is not read. The more memory clients hold, the
//   less output each may have; from half of the limit on, none.
// - A reply that exceeds the limit or maxmemory while it is written: a command that has had no
//   effects yet runs again when there is room; otherwise the connection is closed.
// - The reply of a command that removes what it replies with may take that room before it is freed,
//   if no other keys can be evicted for it, and while not much else waits to be freed.
// - A request that exceeds them is not received until there is room.
// - More than the share, but less than maxmemory: allowed for one connection at a time, the holder
//   of the large pass. A holder with next to nothing left returns the pass as soon as another one
//   needs it.
// - More than maxmemory can ever leave: an error that says so, and the connection is closed.
// - Clients over the limit: the largest are closed, until the rest fits.
//
// The limit is the share, and at most what maxmemory leaves besides data that cannot be evicted.
// Without a share (0) it is only the latter; with neither there is no limit. Always allowed,
// for any limits: kFloorBytes for all clients together, kOutputFloorBytes of output, and
// the first chunk of a reply, so that a client with small requests gets its replies.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "client_ranks.h"
#include "larder/engine/executor.h"
#include "larder/eviction/settings.h"
#include "larder/resp/reply_buffer.h"

namespace larder::net {

class Connection;

class ClientBudget final : public resp::OutputRoom {
 public:
  static constexpr std::uint64_t kFloorBytes = 4 << 20;
  static constexpr std::uint64_t kOutputFloorBytes = 1 << 20;

  // `leaving` is output of closed connections that is not freed yet.
  ClientBudget(const eviction::Settings& settings, engine::Executor& executor,
               resp::ChunkPool& chunks, const resp::ReplyBuffer& leaving, const ClientRanks& ranks)
      : settings_(settings),
        executor_(executor),
        chunks_(chunks),
        leaving_(leaving),
        ranks_(ranks) {}

  // Reads the ledger, and sets the bound of the pool of chunks accordingly. Cost: about 50 ns while
  // there is a limit.
  void measure();

  // According to the last measurement.
  bool in_force() const { return limit_ != kNoBound; }
  bool is_passed() const {
    return in_force() && held_ > limit_ + (pass_ != nullptr ? kLeastPassed : 0);
  }
  // A lower bound, so that closing a client also makes room for the next small ones.
  bool is_nearly_passed() const { return in_force() && held_ > limit_ - limit_ / 64; }
  // The same, with what closed connections hold until it is freed.
  bool is_passed_with_closed() const {
    return in_force() && held_ + unfreed_ > limit_ + (pass_ != nullptr ? kLeastPassed : 0);
  }
  bool has_closed() const { return unfreed_ > 0; }
  // Whether a connection may keep `bytes` more as long as it likes.
  bool has_share(std::uint64_t bytes) const {
    return bytes <= std::max(left_of_floor_, left_of_share_);
  }
  // maxmemory and the floor are used up.
  bool is_exhausted() const { return in_force() && left_of_memory_ == 0 && left_of_floor_ == 0; }
  bool has_pass(const Connection& connection) const { return pass_ == &connection; }
  Connection* pass_holder() const { return pass_; }
  // Unsent bytes from which a connection is not read.
  std::size_t most_unsent() const { return most_unsent_; }
  // The most that one connection could ever get.
  std::uint64_t most_ever() const { return most_ever_; }
  // Measures; the most that this connection could get besides what it holds.
  std::uint64_t most_for(const Connection& connection);
  // So much was written or received since the measurement that the turn should end, so that replies
  // are sent before more is read.
  bool turn_is_full() const { return chunks_.used_bytes() >= turn_bound_; }

  enum class Answer : std::uint8_t {
    yes,      // take it now
    evicts,   // keys are being evicted for it
    waits,    // other clients must first receive or send something
    too_much  // it can never fit
  };
  // Whether the connection may take `bytes` more: measures, and gives it the large pass if that is
  // needed and free. While the answer is `evicts`, reserve_for() evicts keys for it.
  Answer ask(Connection& connection, std::uint64_t bytes);
  void reserve_for(std::uint64_t bytes);
  // The same for a command that cannot wait: keys are evicted at once.
  bool obtains(Connection& connection, std::uint64_t bytes);

  // The bytes that closed connections hold until they are freed, besides `leaving`.
  void closed_hold(std::uint64_t bytes) { closed_ = bytes; }

  // The connection ends.
  void forget(const Connection& connection) {
    if (pass_ == &connection) pass_ = nullptr;
    if (verdict_.connection == &connection) verdict_ = {};
  }

  bool grants(const resp::ReplyBuffer& buffer, std::uint64_t bytes) override;

 private:
  // A pass holder with at most this much has sent and received all that it needed the pass for.
  // When the pass is given to the next one, the rest may be too much for the limit; no client is
  // closed for it.
  static constexpr std::uint64_t kLeastPassed = 64 << 10;
  static constexpr std::uint64_t kNoBound = std::numeric_limits<std::uint64_t>::max();

  void measure_limits(std::uint64_t limit, const memory::Charges& charges);
  void measure_memory(std::uint64_t limit, const memory::Charges& charges);
  void bound_output();
  void forget_limits();
  void keep_or_return_pass();
  std::uint64_t left_after_others(const Connection& connection) const;
  Answer answer_without_room(const Connection& connection, std::uint64_t bytes) const;
  bool evicts_for(const Connection& connection, std::uint64_t bytes);
  bool grants_memory(std::uint64_t bytes, bool stops) const;
  bool grants_share(Connection& connection, std::uint64_t bytes);
  bool may_evict_for(const Connection& connection, std::uint64_t bytes);
  std::size_t bound_of_unsent() const;
  bool may_pass(const Connection& connection) const;

  // Whether keys are evicted for a connection, and the state in which that was decided.
  struct Verdict {
    const Connection* connection = nullptr;
    std::uint64_t wanted = 0;
    std::uint64_t left_of_memory = 0;
    std::size_t victims = 0;
    bool evicts = false;

    bool is_of_same_state(const Verdict& other) const {
      return other.left_of_memory <= left_of_memory && other.victims == victims;
    }
  };

  const eviction::Settings& settings_;
  engine::Executor& executor_;
  resp::ChunkPool& chunks_;
  const resp::ReplyBuffer& leaving_;
  const ClientRanks& ranks_;
  Connection* pass_ = nullptr;  // may hold more than the share
  Verdict verdict_;             // of the connection of the last call of ask()
  std::uint64_t reserved_ = 0;
  std::uint64_t closed_ = 0;

  // According to the last measurement. Bytes that are left are 0 if a bound is exceeded.
  std::uint64_t limit_ = kNoBound;
  std::uint64_t held_ = 0;     // by all except the holder of the pass
  std::uint64_t unfreed_ = 0;  // of closed connections
  std::uint64_t left_of_share_ = kNoBound;
  std::uint64_t all_ = 0;  // by all
  std::uint64_t left_of_memory_ = kNoBound;
  std::uint64_t left_unreserved_ = kNoBound;  // of it, for those that do not wait
  std::uint64_t left_of_floor_ = kFloorBytes;
  std::uint64_t over_memory_ = 0;  // above maxmemory and its tolerance
  bool much_is_buried_ = false;
  std::uint64_t left_for_pass_ = kNoBound;
  std::uint64_t left_of_excess_ = kNoBound;
  std::uint64_t most_ever_ = kNoBound;
  std::uint64_t turn_bound_ = kNoBound;
  std::size_t most_unsent_ = std::numeric_limits<std::size_t>::max();
};

}  // namespace larder::net
