#pragma once

// The commands that continue in later turns (progress.h). Their sessions are parked like those that
// wait for keys: their further input is not run. Each turn gives all of them together 0.4 ms, one
// step each in round-robin order; a command that begins while others are in progress joins the end
// of the queue. A command whose reply gets no room leaves the queue until its session continues.

#include <cstdint>
#include <memory>

#include "larder/base/clock.h"
#include "larder/engine/progress.h"
#include "larder/memory/audit.h"
#include "larder/resp/request.h"

namespace larder::engine {

struct BoundCommand;
struct ParkedCommand;
class Session;

class LongCommands final : public memory::AuditedOwner {
 public:
  // The time of all steps of one turn together.
  static constexpr std::int64_t kTurnUs = 400;

  explicit LongCommands(const base::Clock& clock);
  // No command may still be in progress.
  ~LongCommands() override;
  LongCommands(const LongCommands&) = delete;
  LongCommands& operator=(const LongCommands&) = delete;

  bool empty() const { return steps_.first == nullptr && waiting_.first == nullptr; }
  // One of them has a step to run; the others wait for room.
  bool has_steps() const { return steps_.first != nullptr; }
  bool has_waiting() const { return waiting_.first != nullptr; }
  std::size_t size() const { return steps_.size + waiting_.size; }

  // For the running command, through Call.
  bool step_is_over(const Session& session);
  std::unique_ptr<Progress> take();
  void continue_later(Session& session, BoundCommand& command, resp::Args words,
                      std::unique_ptr<Progress> progress);

  // For a command that has just returned its progress: its reply could not get `bytes` more, and it
  // continues when there is room for them.
  void wait_for_memory(Session& session, std::uint64_t bytes);
  // There is room now.
  void resume(Session& session);
  // Whether `buffer` receives the reply of the running command.
  bool is_reply(const resp::ReplyBuffer& buffer) const { return &buffer == reply_; }

  // The session ends, and its command with it, without a reply.
  void forget(Session& session);

  // The next command to run a step of, to be followed by end_step(); null if the turn's time is
  // over or no command is in progress.
  const ParkedCommand* next_step();
  void end_step();
  // A turn is over: the next one has its own time.
  void end_turn() { deadline_us_ = 0; }

  // As in Waiters: reads and stores the time that earlier steps of the command took.
  std::uint64_t resumed_cycles() const;
  void keep_cycles(Session& session, std::uint64_t cycles);

  // client_input and client_output.
  void report_bytes(memory::Audit& audit) const override;

 private:
  friend class Progress;

  struct Line {
    ParkedCommand* first = nullptr;
    ParkedCommand* last = nullptr;
    std::size_t size = 0;

    void join(ParkedCommand& command);
    void leave(ParkedCommand& command);
  };
  Line& line_of(const ParkedCommand& command);
  void release(ParkedCommand& command);

  const base::Clock& clock_;
  Line steps_;
  Line waiting_;                              // for room
  const resp::ReplyBuffer* reply_ = nullptr;  // of the command that runs
  ParkedCommand* resumed_ = nullptr;
  // When the steps of this turn end; 0 before the first of them.
  std::int64_t deadline_us_ = 0;
};

}  // namespace larder::engine
