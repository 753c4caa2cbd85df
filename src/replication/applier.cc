#include "applier.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "larder/base/text.h"
#include "larder/keyspace/removals.h"

namespace larder::replication {
namespace {

// A request may be as large as the primary accepted it.
constexpr resp::Limits kLimits{.max_bulk_bytes = std::numeric_limits<std::int64_t>::max()};
constexpr std::size_t kLeastBytes = 128 * 1024;
// Reads of fewer bytes cost more than moving what is there to the front.
constexpr std::size_t kLeastRoom = 32 * 1024;

bool is_for_link(resp::Args words) {
  return words[0].size() == 8 && base::equals_ignoring_case(words[0], "replconf");
}

}  // namespace

std::span<char> Applier::room() {
  if (begin_ == end_) begin_ = at_ = end_ = 0;
  const std::size_t missing =
      wanted_ > end_ - at_ ? static_cast<std::size_t>(wanted_) - (end_ - at_) : 0;
  const std::size_t least = std::max(kLeastRoom, missing);
  if (bytes_.size() - end_ < least && begin_ > 0) {
    std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
    at_ -= begin_;
    end_ -= begin_;
    transaction_ -= std::min(begin_, transaction_);
    begin_ = 0;
  }
  if (bytes_.size() - end_ < least) {
    // Exactly for a large request: the primary has room for it, too.
    Bytes larger(std::max(2 * kLeastBytes, end_ + least));
    std::copy_n(bytes_.data(), end_, larger.data());
    bytes_ = std::move(larger);
  } else if (end_ == 0 && bytes_.size() > 8 * kLeastBytes) {
    Bytes(kLeastBytes).swap(bytes_);
  }
  return {bytes_.data() + end_, bytes_.size() - end_};
}

bool Applier::cut() {
  batch_.clear();
  const resp::Parsed parsed = reader_.parse({bytes_.data() + at_, end_ - at_}, batch_, kLimits);
  left_ = batch_.requests();
  wanted_ = parsed.wanted;
  if (parsed.status == resp::Parsed::Status::failed) error_ = parsed.error;
  // Empty lines.
  if (left_.empty()) at_ += static_cast<std::size_t>(parsed.consumed);
  return !left_.empty();
}

Applier::Progress Applier::run(base::Budget budget) {
  do {
    if (left_.empty() && !cut()) {
      pass_on();
      return error_.empty() ? Progress::needs_input : Progress::broken;
    }
    if (!run_requests() && take_link_request()) return Progress::asked;
    pass_on();
  } while (session_.closing == engine::Closing::no && !is_put_off_ && !budget.spent());
  return Progress::more;
}

// The primary's commands find keys as they were there: nothing has expired before it says so.
bool Applier::run_requests() {
  const auto* const mine =
      std::find_if(left_.data(), left_.data() + left_.size(),
                   [](const resp::Request& request) { return is_for_link(request.args); });
  const auto count = static_cast<std::size_t>(mine - left_.data());
  const keyspace::Removals::Repeating repeating(parts_.keyspace.removals());
  run_some(left_.first(count));
  return left_.empty();
}

void Applier::run_some(std::span<const resp::Request> requests) {
  constexpr std::size_t kNoBound = std::numeric_limits<std::size_t>::max();
  is_put_off_ = false;
  if (requests.empty()) return;
  parts_.reader.before(requests);
  const std::size_t ran = parts_.executor.run(session_, requests, kNoBound);
  for (const resp::Request& request : requests.first(ran)) {
    follow_transaction(request.args, at_);
    at_ += static_cast<std::size_t>(request.bytes);
  }
  left_ = left_.subspan(ran);
  is_put_off_ = ran < requests.size();
  if (is_put_off_) session_.resume();
}

void Applier::follow_transaction(resp::Args words, std::uint64_t begin) {
  if (words.size() != 1) return;
  if (base::equals_ignoring_case(words[0], "multi")) {
    in_transaction_ = true;
    transaction_ = static_cast<std::size_t>(begin);
  } else if (base::equals_ignoring_case(words[0], "exec") ||
             base::equals_ignoring_case(words[0], "discard")) {
    in_transaction_ = false;
  }
}

// The first request that is left is REPLCONF: true if it asks for the offset, which does not count
// this request.
bool Applier::take_link_request() {
  if (left_.empty()) return false;
  const resp::Args words = left_.front().args;
  if (!is_for_link(words)) return false;
  const bool asks = words.size() > 1 && base::equals_ignoring_case(words[1], "getack");
  pass_on();
  at_ += static_cast<std::size_t>(left_.front().bytes);
  left_ = left_.subspan(1);
  return asks;
}

void Applier::pass_on() {
  const std::size_t done = in_transaction_ ? transaction_ : at_;
  if (done == begin_) return;
  parts_.feed.forward({bytes_.data() + begin_, done - begin_});
  parts_.feed.continue_in(session_.db);
  begin_ = done;
}

void Applier::report_bytes(memory::Audit& audit) const {
  const std::size_t buffer = bytes_.capacity() == 0 ? 0 : memory::size_class(bytes_.capacity());
  audit.found(memory::Owner::client_input,
              static_cast<std::int64_t>(buffer + batch_.held_bytes() + reader_.held_bytes()));
}

}  // namespace larder::replication
