#include "larder/engine/session.h"

#include <algorithm>
#include <utility>

#include "larder/base/assert.h"
#include "larder/engine/held_sessions.h"
#include "larder/engine/long_commands.h"
#include "larder/engine/progress.h"
#include "larder/engine/waiters.h"
#include "parked_command.h"

namespace larder::engine {
namespace {

constexpr std::size_t kPiecesBetweenLooks = 16;

}  // namespace

bool Attachment::free_in_steps(std::size_t&) {
  LARDER_ASSERT(false);
  return true;
}

Session::Session(Sessions& sessions, Peer& peer, resp::ReplyBuffer& output,
                 const base::Clock& clock, Listing listing)
    : id(listing == Listing::listed ? sessions.next_id() : 0),
      created_ms(clock.steady_ms()),
      last_active_ms(clock.steady_ms()),
      reply(output),
      sessions_(sessions),
      peer_(peer) {
  if (id != 0) sessions_.add(*this);
}

Session::~Session() {
  leave();
  if (id != 0) sessions_.remove(*this);
}

void Session::leave() {
  stop_waiting();
  leave_queue();
  detach_all();
}

void Session::detach_all() {
  for (Attachment*& kept : attachments_) {
    Attachment* const attachment = std::exchange(kept, nullptr);
    if (attachment != nullptr) attachment->detach(*this);
  }
}

std::size_t Session::attached_bytes() const {
  std::size_t bytes = 0;
  for (const Attachment* attachment : attachments_) {
    if (attachment != nullptr) bytes += attachment->bytes();
  }
  return bytes;
}

void Session::defer_detach(Attachment& attachment, std::size_t pieces) {
  sessions_.defer_detach(attachment, pieces);
}

void Session::free_left_before_adding(std::size_t pieces) {
  if (__builtin_expect(sessions_.left_pieces_ > Sessions::kMostLeft, 0)) {
    sessions_.free_in_steps(pieces);
  }
}

void Session::push(resp::SharedText& text) {
  if (closing != Closing::no) return;
  resp::ReplyBuffer& output = held_pushes_ == nullptr ? reply.buffer() : *held_pushes_;
  output.share(text);
  if (output.is_dropping()) return drop();
  peer_.pushed();
}

void Session::stop_waiting() {
  if (parked_ == nullptr) return;
  runs_in_steps_ ? long_commands_->forget(*this) : waiters_->forget(*this);
}

void Session::resume() {
  if (!held_) return;
  held_ = false;
  leave_queue();
  if (is_working()) long_commands_->resume(*this);
  if (is_blocked()) waiters_->try_again(*this);
  peer_.unblocked();
}

void Session::leave_queue() {
  if (queue_ != nullptr) queue_->remove(*this);
}

std::size_t Session::parked_bytes() const {
  return parked_ == nullptr ? 0 : engine::parked_bytes(*parked_);
}

std::size_t Session::working_reply_bytes() const {
  return parked_->progress == nullptr ? 0 : parked_->progress->reply.held_bytes();
}

std::size_t Session::text_bytes() const {
  return name.held_bytes() + library_name.held_bytes() + library_version.held_bytes();
}

void Session::advance_reply_mode() {
  switch (reply_mode) {
    case ReplyMode::on:
      break;
    case ReplyMode::off:
      reply.mute(true);
      break;
    case ReplyMode::skip_next:
      reply.mute(true);
      reply_mode = ReplyMode::skip;
      break;
    case ReplyMode::skip:
      reply.mute(false);
      reply_mode = ReplyMode::on;
      break;
  }
}

void Session::reset() {
  detach_all();
  db = 0;
  reply_mode = ReplyMode::on;
  no_evict = false;
  no_touch = false;
  name.clear();
  reply.mute(false);
  reply.protocol(resp::Protocol::resp2);
}

Sessions::~Sessions() { free_left(base::Budget::unlimited()); }

void Sessions::defer_detach(Attachment& attachment, std::size_t pieces) {
  attachment.next_left_ = nullptr;
  (last_left_ == nullptr ? first_left_ : last_left_->next_left_) = &attachment;
  last_left_ = &attachment;
  left_pieces_ += pieces;
  left_bytes_ += attachment.bytes();
}

void Sessions::free_in_steps(std::size_t pieces) {
  left_pieces_ -= std::min(left_pieces_, pieces);
  while (first_left_ != nullptr && pieces > 0) {
    Attachment* const next = first_left_->next_left_;
    const std::size_t before = first_left_->bytes();
    const bool is_freed = first_left_->free_in_steps(pieces);
    left_bytes_ -= std::min(left_bytes_, before - (is_freed ? 0 : first_left_->bytes()));
    if (!is_freed) return;
    first_left_ = next;
  }
  if (first_left_ != nullptr) return;
  last_left_ = nullptr;
  left_pieces_ = left_bytes_ = 0;
}

bool Sessions::free_left(base::Budget budget) {
  while (has_left()) {
    free_in_steps(kPiecesBetweenLooks);
    if (budget.spent()) break;
  }
  return !has_left();
}

void Sessions::report_bytes(memory::Audit& audit) const {
  for (const Attachment* left = first_left_; left != nullptr; left = left->next_left_) {
    left->report_bytes(audit);
  }
}

void Sessions::add(Session& session) {
  session.previous_ = last_;
  session.next_ = nullptr;
  (last_ == nullptr ? first_ : last_->next_) = &session;
  last_ = &session;
  ++size_;
}

void Sessions::remove(Session& session) {
  for (SessionWalk* walk = first_walk_; walk != nullptr; walk = walk->next_walk_) {
    if (walk->at_ == &session) walk->at_ = session.next_;
  }
  (session.previous_ == nullptr ? first_ : session.previous_->next_) = session.next_;
  (session.next_ == nullptr ? last_ : session.next_->previous_) = session.previous_;
  --size_;
}

SessionWalk::SessionWalk(Sessions& sessions)
    : sessions_(sessions),
      at_(sessions.first_),
      last_id_(sessions.last_id_),
      next_walk_(sessions.first_walk_) {
  if (next_walk_ != nullptr) next_walk_->previous_walk_ = this;
  sessions.first_walk_ = this;
}

SessionWalk::~SessionWalk() {
  (previous_walk_ == nullptr ? sessions_.first_walk_ : previous_walk_->next_walk_) = next_walk_;
  if (next_walk_ != nullptr) next_walk_->previous_walk_ = previous_walk_;
}

Session* SessionWalk::next() {
  if (at_ == nullptr || at_->id > last_id_) return nullptr;
  return std::exchange(at_, at_->next());
}

Session* Sessions::find(std::uint64_t id) const {
  for (Session* session = first_; session != nullptr; session = session->next()) {
    if (session->id == id) return session;
  }
  return nullptr;
}

}  // namespace larder::engine
