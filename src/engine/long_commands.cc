#include "larder/engine/long_commands.h"

#include <utility>

#include "larder/base/assert.h"
#include "larder/engine/session.h"
#include "larder/engine/waiting.h"
#include "parked_command.h"

namespace larder::engine {

Progress::Progress(LongCommands& commands, resp::ChunkPool& pool)
    : reply(pool), commands_(commands) {
  commands_.reply_ = &reply;
}

Progress::~Progress() {
  if (commands_.is_reply(reply)) commands_.reply_ = nullptr;
}

LongCommands::LongCommands(const base::Clock& clock) : clock_(clock) {}

LongCommands::~LongCommands() { LARDER_ASSERT(empty() && resumed_ == nullptr); }

bool LongCommands::step_is_over(const Session& session) {
  if (!session.may_block) return false;
  if (resumed_ == nullptr && has_steps()) return true;
  const std::int64_t now_us = clock_.steady_now_us();
  if (deadline_us_ == 0) deadline_us_ = now_us + kTurnUs;
  return now_us >= deadline_us_;
}

std::unique_ptr<Progress> LongCommands::take() {
  if (resumed_ == nullptr) return nullptr;
  std::unique_ptr<Progress> progress(std::exchange(resumed_->progress, nullptr));
  if (progress != nullptr) reply_ = &progress->reply;
  return progress;
}

void LongCommands::continue_later(Session& session, BoundCommand& command, resp::Args words,
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
  session.runs_in_steps_ = true;
  session.long_commands_ = this;
  steps_.join(*parked);
}

void LongCommands::Line::join(ParkedCommand& command) {
  command.previous = last;
  command.next = nullptr;
  (last == nullptr ? first : last->next) = &command;
  last = &command;
  ++size;
}

void LongCommands::Line::leave(ParkedCommand& command) {
  (command.previous == nullptr ? first : command.previous->next) = command.next;
  (command.next == nullptr ? last : command.next->previous) = command.previous;
  --size;
}

LongCommands::Line& LongCommands::line_of(const ParkedCommand& command) {
  return command.waits_for_memory ? waiting_ : steps_;
}

void LongCommands::wait_for_memory(Session& session, std::uint64_t bytes) {
  ParkedCommand& command = *session.parked_;
  steps_.leave(command);
  command.waits_for_memory = true;
  waiting_.join(command);
  session.put_off(bytes);
}

void LongCommands::resume(Session& session) {
  ParkedCommand& command = *session.parked_;
  if (!command.waits_for_memory) return;
  waiting_.leave(command);
  command.waits_for_memory = false;
  steps_.join(command);
}

void LongCommands::release(ParkedCommand& command) {
  line_of(command).leave(command);
  delete command.progress;
  command.session->parked_ = nullptr;
  command.session->runs_in_steps_ = false;
  release_parked(&command);
}

void LongCommands::forget(Session& session) {
  // The words that its step uses are freed when the step ends.
  if (session.parked_ == resumed_) {
    session.parked_ = nullptr;
  } else {
    release(*session.parked_);
  }
}

const ParkedCommand* LongCommands::next_step() {
  LARDER_ASSERT(resumed_ == nullptr);
  if (!has_steps()) return nullptr;
  resumed_ = steps_.first;
  if (step_is_over(*resumed_->session)) {
    resumed_ = nullptr;
    return nullptr;
  }
  steps_.leave(*resumed_);
  steps_.join(*resumed_);
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

void LongCommands::report_bytes(memory::Audit& audit) const {
  std::size_t input = 0;
  std::size_t output = 0;
  for (const Line* line : {&steps_, &waiting_}) {
    for (const ParkedCommand* command = line->first; command != nullptr; command = command->next) {
      input += parked_bytes(*command);
      // The command whose step is running has taken its progress.
      if (command->progress != nullptr) output += command->progress->reply.held_bytes();
    }
  }
  audit.found(memory::Owner::client_input, static_cast<std::int64_t>(input));
  audit.found(memory::Owner::client_output, static_cast<std::int64_t>(output));
}

}  // namespace larder::engine
