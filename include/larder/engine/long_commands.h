#pragma once

// The commands that go on in later turns (progress.h). Their sessions are parked as those that wait
// for keys are: nothing runs of what they send meanwhile. Each turn gives all of them together half
// a millisecond, one step for each in turn; a command that begins while others are under way joins
// the end of the line.

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

class LongCommands final : public memory::Witness {
 public:
  // What the steps of one turn may take together.
  static constexpr std::int64_t kTurnUs = 500;

  explicit LongCommands(const base::Clock& clock);
  // No command may be under way any more.
  ~LongCommands() override;
  LongCommands(const LongCommands&) = delete;
  LongCommands& operator=(const LongCommands&) = delete;

  bool empty() const { return first_ == nullptr; }
  std::size_t size() const { return size_; }

  // For the command that runs, through Call.
  bool step_is_over(const Session& session);
  std::unique_ptr<Progress> take();
  void go_on_later(Session& session, BoundCommand& command, resp::Args words,
                   std::unique_ptr<Progress> progress);

  // The session ends: so does its command, without an answer.
  void forget(Session& session);

  // The next command to run a step of, to be followed by end_step(); null when the turn's time is
  // over or nothing is under way.
  const ParkedCommand* next_step();
  void end_step();
  // A turn is over: the next one has its own time.
  void end_turn() { deadline_us_ = 0; }

  // As of Waiters: the time that the command has run before, and the keeping of it.
  std::uint64_t resumed_cycles() const;
  void keep_cycles(Session& session, std::uint64_t cycles);

  // client_input and client_output.
  void testify(memory::Audit& audit) const override;

 private:
  void join(ParkedCommand& command);
  void leave(ParkedCommand& command);
  void release(ParkedCommand& command);

  const base::Clock& clock_;
  ParkedCommand* first_ = nullptr;
  ParkedCommand* last_ = nullptr;
  std::size_t size_ = 0;
  ParkedCommand* resumed_ = nullptr;
  // When the steps of this turn end; 0 before the first of them.
  std::int64_t deadline_us_ = 0;
};

}  // namespace larder::engine
