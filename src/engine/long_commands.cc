#include "larder/engine/long_commands.h"

#include <utility>

#include "larder/base/assert.h"
#include "larder/engine/session.h"
#include "larder/engine/waiting.h"
#include "parked_command.h"

namespace larder::engine {

LongCommands::LongCommands(const base::Clock& clock) : clock_(clock) {}

LongCommands::~LongCommands() { LARDER_ASSERT(empty() && resumed_ == nullptr); }

bool LongCommands::step_is_over(const Session& session) {
  if (!session.may_block) return false;
  if (resumed_ == nullptr && !empty()) return true;
  const std::int64_t now_us = clock_.steady_now_us();
  if (deadline_us_ == 0) deadline_us_ = now_us + kTurnUs;
  return now_us >= deadline_us_;
}

std::unique_ptr<Progress> LongCommands::take() {
  if (resumed_ == nullptr) return nullptr;
  return std::unique_ptr<Progress>(std::exchange(resumed_->progress, nullptr));
}

void LongCommands::go_on_later(Session& session, BoundCommand& command, resp::Args words,
                               std::unique_ptr<Progress> progress) {
  if (resumed_ != nullptr) {
    resumed_->progress = progress.release();
    session.parked_ = resumed_;
    return;
  }
  LARDER_ASSERT(!session.is_parked() && session.may_block);
  ParkedCommand* const parked = make_parked(session, command, words, {.keys = {}, .type = {}});
  parked->progress = progress.release();
  session.parked_ = parked;
  session.goes_on_ = true;
  session.long_commands_ = this;
  join(*parked);
}

void LongCommands::join(ParkedCommand& command) {
  command.previous = last_;
  command.next = nullptr;
  (last_ == nullptr ? first_ : last_->next) = &command;
  last_ = &command;
  ++size_;
}

void LongCommands::leave(ParkedCommand& command) {
  (command.previous == nullptr ? first_ : command.previous->next) = command.next;
  (command.next == nullptr ? last_ : command.next->previous) = command.previous;
  --size_;
}

void LongCommands::release(ParkedCommand& command) {
  leave(command);
  delete command.progress;
  command.session->parked_ = nullptr;
  command.session->goes_on_ = false;
  release_parked(&command);
}

void LongCommands::forget(Session& session) {
  // What its step uses goes when the step ends.
  if (session.parked_ == resumed_) {
    session.parked_ = nullptr;
  } else {
    release(*session.parked_);
  }
}

const ParkedCommand* LongCommands::next_step() {
  LARDER_ASSERT(resumed_ == nullptr);
  if (empty()) return nullptr;
  resumed_ = first_;
  if (step_is_over(*resumed_->session)) {
    resumed_ = nullptr;
    return nullptr;
  }
  leave(*resumed_);
  join(*resumed_);
  resumed_->session->parked_ = nullptr;
  return resumed_;
}

void LongCommands::end_step() {
  ParkedCommand& command = *std::exchange(resumed_, nullptr);
  Session& session = *command.session;
  if (session.is_parked()) {
    session.peer_.working();
    return;
  }
  session.last_active_ms = clock_.steady_ms();
  release(command);
  session.peer_.unblocked();
}

std::uint64_t LongCommands::resumed_cycles() const {
  return resumed_ == nullptr ? 0 : resumed_->cycles;
}

void LongCommands::keep_cycles(Session& session, std::uint64_t cycles) {
  if (session.is_parked()) session.parked_->cycles = cycles;
}

void LongCommands::testify(memory::Audit& audit) const {
  std::size_t input = 0;
  std::size_t output = 0;
  for (const ParkedCommand* command = first_; command != nullptr; command = command->next) {
    input += parked_bytes(*command);
    // The command that takes a step has its progress with it.
    if (command->progress != nullptr) output += command->progress->reply.held_bytes();
  }
  audit.found(memory::Owner::client_input, static_cast<std::int64_t>(input));
  audit.found(memory::Owner::client_output, static_cast<std::int64_t>(output));
}

}  // namespace larder::engine
