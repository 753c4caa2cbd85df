// Waiting for room below maxmemory and in the clients' share of it.

#include <algorithm>

#include "connection.h"

namespace larder::net {

void Connection::put_off(std::uint64_t bytes) {
  waits_to_reply_ = true;
  const std::uint64_t unfinished = session_.unfinished_reply_bytes();
  // A command that starts again from the beginning returns the pass meanwhile.
  if (session_.is_working() && unfinished == 0) home_.budget_.forget(*this);
  // If it requested too little last time it requests twice as much, and an eighth of what a long
  // command has written, as far as that is possible.
  const std::uint64_t total = total_bytes();
  const std::uint64_t most = home_.budget_.most_ever() - std::min(home_.budget_.most_ever(), total);
  wait_for_memory(std::max(bytes, std::min(std::max(2 * room_wanted_, unfinished / 8), most)));
}

void Connection::wait_for_memory(std::uint64_t bytes) {
  room_wanted_ = bytes;
  if (waits_for_memory()) {
    wants_more_memory_ = true;
    return;
  }
  memory_queue_place_ = home_.memory_wait_queue_->join(*this);
  home_.mark_dirty(*this);
}

void Connection::leave_memory_queue() {
  if (waits_for_memory()) home_.memory_wait_queue_->leave(memory_queue_place_);
  memory_queue_place_ = ConnectionQueue::kNowhere;
  room_wanted_ = 0;
  waits_to_reply_ = false;
}

bool Connection::take_room() {
  wants_more_memory_ = false;
  takes_room_ = true;
  if (waits_to_reply_) {
    session_.go_on();
    resume();
  } else {
    receive_long();
  }
  takes_room_ = false;
  if (is_dead()) return true;
  home_.mark_dirty(*this);
  if (wants_more_memory_) return false;
  leave_memory_queue();
  return true;
}

void Connection::refuse_room() {
  const bool is_reply = waits_to_reply_;
  const std::uint64_t bytes = is_reply ? room_wanted_ + session_.unfinished_reply_bytes()
                                       : std::max<std::uint64_t>(wanted_, room_wanted_);
  leave_memory_queue();
  if (!is_reply) discarded_ = bytes - std::min<std::uint64_t>(bytes, input_.size());
  input_.clear();
  reader_.reset();
  wanted_ = 0;
  stalled_ = false;
  const std::string text = (is_reply ? "A reply of about " : "A request of ") +
                           std::to_string(bytes) + " bytes does not fit into maxmemory (" +
                           std::to_string(home_.parts_.memory.maxmemory.value()) + " bytes)";
  home_.parts_.log.warning("Closing client: " + text + ": " + describe());
  session_.reply.error("OOM", text);
  session_.close(engine::Closing::after_reply);
}

void Connection::discard() {
  const ssize_t got = read_into(home_.read_ahead_->room(home_.next_reading()));
  if (is_dead()) return;
  if (got > 0) discarded_ -= std::min<std::uint64_t>(discarded_, static_cast<std::uint64_t>(got));
  if (ended_) discarded_ = 0;
  if (!is_discarding()) home_.mark_dirty(*this);
}

// The command had its effects; its reply is lost, and with it the order of replies.
void Connection::dropped() {
  if (output_.passed_own_bound()) {
    close_for_output();
  } else {
    home_.parts_.metrics.evicted_clients += 1;
    home_.parts_.log.warning("Evicting client whose reply exceeds maxmemory-clients (" +
                             std::to_string(home_.parts_.memory.client_budget()) +
                             " bytes) and what maxmemory leaves: " + describe());
  }
  session_.close(engine::Closing::now);
}

}  // namespace larder::net
