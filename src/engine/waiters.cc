#include "larder/engine/waiters.h"

#include <algorithm>
#include <limits>

#include "larder/base/assert.h"
#include "larder/base/budget.h"
#include "larder/engine/command_table.h"
#include "larder/engine/session.h"
#include "parked_command.h"

namespace larder::engine {
namespace {

// Waits that are ended between two readings of the clock.
constexpr std::uint32_t kEndedBetweenLooks = 16;

constexpr std::string_view kUnblocked = "UNBLOCKED client unblocked via CLIENT UNBLOCK";
constexpr std::string_view kDemoted =
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)";

// A deadline that overflows means no deadline.
std::int64_t deadline_us(const base::Clock& clock, std::int64_t timeout_ms) {
  const std::int64_t now = clock.steady_us();
  const std::int64_t most_ms = (std::numeric_limits<std::int64_t>::max() - now) / 1000;
  return timeout_ms > 0 && timeout_ms <= most_ms ? now + timeout_ms * 1000 : 0;
}

void answer(resp::Writer& reply, WaitEnd end) {
  switch (end) {
    case WaitEnd::null_array:
      return reply.null_array();
    case WaitEnd::null:
      return reply.null();
    case WaitEnd::zero:
      return reply.integer(0);
    case WaitEnd::two_zeros:
    case WaitEnd::one_and_zero:
      reply.array(2);
      reply.integer(end == WaitEnd::one_and_zero ? 1 : 0);
      reply.integer(0);
  }
}

}  // namespace

Waiters::Waiters(const base::Clock& clock, keyspace::Keyspace& keyspace, Metrics& metrics,
                 Observer& observer)
    : clock_(clock),
      keyspace_(keyspace),
      metrics_(metrics),
      observer_(observer),
      by_name_(keyspace.databases()) {}

Waiters::~Waiters() { LARDER_ASSERT(sessions_ == 0); }

bool Waiters::wait(Session& session, BoundCommand& command, resp::Args words, const Wait& wait) {
  if (resumed_ != nullptr && resumed_->session == &session) {
    session.parked_ = resumed_;
    return true;
  }
  LARDER_ASSERT(!session.is_parked());
  if (!session.may_block) return false;
  std::uint64_t key_bytes = 0;
  for (const std::string_view key : wait.keys) key_bytes += key.size();
  // The session is closed, and gets no reply.
  if (!session.may_hold(wait.keys.size(), key_bytes)) return true;
  park(session, command, wait.words.empty() ? words : wait.words, wait);
  return true;
}

void Waiters::wait_for_room(Session& session, std::uint64_t bytes) {
  LARDER_ASSERT(resumed_ != nullptr && resumed_->session == &session);
  session.parked_ = resumed_;
  session.put_off(bytes);
}

void Waiters::wait_for_held_keys() {
  Session& session = *resumed_->session;
  session.parked_ = resumed_;
  for_held_keys_.add(session);
}

void Waiters::park(Session& session, BoundCommand& bound, resp::Args words, const Wait& wait) {
  session.free_left_before_adding(wait.keys.size());
  ParkedCommand& command = *make_parked(session, bound, words, wait);
  enqueue(command, wait);
  command.deadline_us = deadline_us(clock_, wait.timeout_ms);
  if (command.deadline_us != 0) deadlines_.add(command);
  session.waiters_ = this;
  session.parked_ = &command;
  command.position = wait.position;
  if (command.position != 0) for_positions_.add(command);
  count(command, 1);
}

// Changes are of interest only while a session waits for keys.
void Waiters::count(const ParkedCommand& command, int change) {
  const auto by = static_cast<std::size_t>(change);
  const std::size_t before = sessions_ - keyless_;
  sessions_ += by;
  if (command.places.empty()) {
    keyless_ += by;
    keyless_bytes_ += by * parked_bytes(command);
  }
  const std::size_t after = sessions_ - keyless_;
  if (before == 0 && after != 0) keyspace_.log().listen();
  if (before != 0 && after == 0) keyspace_.log().unlisten();
}

void Waiters::enqueue(ParkedCommand& command, const Wait& wait) {
  std::size_t used = 0;
  for (const std::string_view name : wait.keys) {
    WaitedKey& key = key_for(command.session->db, name);
    if (key.last != nullptr && key.last->command == &command) continue;
    Place& place = command.places[used++];
    place = {.command = &command, .key = &key, .previous = key.last, .next = nullptr};
    add_place(place);
  }
  command.places = command.places.first(used);
}

// The places of a wait that is over, if there are many: they belong to no session any more.
class Waiters::LeftPlaces final : public Attachment {
 public:
  LeftPlaces(Waiters& home, ParkedCommand& command) : home_(home), command_(command) {}

  // It is never attached to a session.
  void detach(Session&) override { LARDER_ASSERT(false); }
  std::size_t bytes() const override {
    return memory::size_class(sizeof(LeftPlaces)) + parked_bytes(command_);
  }
  // From the last to the first, because the audit counts the whole block with the first.
  bool free_in_steps(std::size_t& pieces) override {
    std::span<Place>& places = command_.places;
    for (; !places.empty() && pieces > 0; --pieces) {
      home_.remove_place(places.back());
      places = places.first(places.size() - 1);
    }
    if (!places.empty()) return false;
    release_parked(&command_);
    memory::destroy(memory::Owner::client_input, this);
    return true;
  }
  void report_bytes(memory::Audit& audit) const override {
    constexpr std::size_t kBytes = sizeof(LeftPlaces);
    audit.found(memory::Owner::client_input, static_cast<std::int64_t>(memory::size_class(kBytes)));
  }

 private:
  Waiters& home_;
  ParkedCommand& command_;
};

void Waiters::release(ParkedCommand& command) {
  Session& session = *command.session;
  deadlines_.remove(command);
  forget_position(command);
  if (session.parked_ == &command) session.parked_ = nullptr;
  if (for_held_keys_.has(session)) {
    session.held_ = false;
    session.leave_queue();
  }
  count(command, -1);
  command.session = nullptr;
  const std::size_t places = command.places.size();
  if (places > Attachment::kPiecesAtOnce) {
    auto* const left = memory::make<LeftPlaces>(memory::Owner::client_input, *this, command);
    return session.defer_detach(*left, places);
  }
  for (Place& place : command.places) remove_place(place);
  release_parked(&command);
}

void Waiters::forget(Session& session) {
  if (!session.is_blocked()) return;
  // Its words are in use while it runs; end_resume() releases it.
  if (session.parked_ == resumed_) {
    session.parked_ = nullptr;
  } else {
    release(*session.parked_);
  }
}

void Waiters::keep_cycles(Session& session, std::uint64_t cycles) {
  if (session.is_blocked()) session.parked_->cycles = cycles;
}

// The session has its reply.
void Waiters::end(ParkedCommand& command) {
  Session& session = *command.session;
  session.last_active_ms = clock_.steady_ms();
  release(command);
  session.peer_.unblocked();
}

bool Waiters::unblock(Session& session, Ending ending) {
  if (!session.is_blocked()) return false;
  ParkedCommand& command = *session.parked_;
  CommandStats& stats = command.bound->stats;
  session.reply.start_command();
  if (ending != Ending::timeout) {
    session.reply.error(ending == Ending::error ? kUnblocked : kDemoted);
    ++stats.failed;
    ++metrics_.error_replies;
    metrics_.errors.count(session.reply.error_code());
  } else {
    answer(session.reply, command.end);
  }
  ++stats.calls;
  ++stats.timed;
  observer_.time(stats.latency, command.cycles, 1);
  if (command.cycles >= observer_.slow_cycles()) {
    observer_.slow({session, *command.bound, command.words}, command.cycles, 1);
  }
  if (session.reply_mode != ReplyMode::on) session.advance_reply_mode();
  end(command);
  return true;
}

std::size_t Waiters::expire() {
  std::size_t ended = 0;
  base::Budget budget(clock_, kExpireUs);
  for (ParkedCommand* command = deadlines_.earliest();
       command != nullptr && command->deadline_us <= clock_.steady_us() &&
       !budget.spent(kEndedBetweenLooks);
       command = deadlines_.earliest()) {
    unblock(*command->session, Ending::timeout);
    ++ended;
  }
  return ended;
}

std::int64_t Waiters::next_deadline_us() const {
  const ParkedCommand* earliest = deadlines_.earliest();
  return earliest == nullptr ? 0 : earliest->deadline_us;
}

void Waiters::report_bytes(memory::Audit& audit) const {
  std::size_t bytes = deadlines_.held_bytes() + keyless_bytes_;
  for (const Keys& keys : by_name_) {
    bytes += keys.bytes();
    keys.for_each([&bytes](const WaitedKey* key) {
      bytes += memory::size_class(key->bytes());
      for (const Place* place = key->first; place != nullptr; place = place->next) {
        // A command is counted in the queue of its first key.
        if (place == place->command->places.data()) bytes += parked_bytes(*place->command);
      }
    });
  }
  audit.found(memory::Owner::client_input, static_cast<std::int64_t>(bytes));
}

}  // namespace larder::engine
