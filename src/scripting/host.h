#pragma once

// What scripts see of the server: the session in which their commands run, and the run itself.
// There is one for all interpreters; at most one script runs at a time.

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "larder/engine/call.h"
#include "larder/engine/internal_session.h"
#include "larder/scripting/alarm.h"
#include "larder/scripting/runtime.h"
#include "lua.h"

namespace larder::scripting {

class Debugger;

// What the first line of a script declares.
enum ScriptFlag : std::uint32_t {
  kNoWrites = 1u << 0,
  kAllowOom = 1u << 1,
  kAllowStale = 1u << 2,
  kNoCluster = 1u << 3,
  kAllowCrossSlotKeys = 1u << 4,
  kDeclaresNothing = 1u << 5,  // there is no such line
};

// Why a run is ended.
enum class Ending : std::uint8_t { none, killed, out_of_time };

// One run of a script or of a function.
struct Run {
  engine::Call& call;     // of the command that runs it
  std::string_view name;  // of the script in error messages
  bool is_read_only;
  RunKind kind = RunKind::script;
  bool has_written = false;  // or has tried to
  // It may have done what a second run would do again.
  bool has_effects = false;
  // Followers get what its commands change (redis.set_repl).
  bool is_propagated = true;
  std::uint64_t heap_bytes = 0;  // at its start
  lua_State* state = nullptr;    // in which it began
  std::int64_t began_us = 0;     // of the first check_run(), on the steady clock; 0 before
  std::int64_t served_us = 0;    // when other clients were served last
  bool is_busy = false;          // they are, and get the error BUSY
  bool is_killed = false;        // by one of them
  Ending ending = Ending::none;
  int last_line = 0;             // of the script, where it was ended
  Debugger* debugger = nullptr;  // absent: it is not debugged
};

// Of the error that other clients get while it is busy.
std::string_view busy_error(RunKind kind);

class Host {
 public:
  explicit Host(const Runtime::Parts& parts);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host() { drop_reply(); }

  // Null while no script runs.
  Run* run() { return run_; }
  const Run* run() const { return run_; }
  void serve_with(engine::BusyHost& host) { busy_host_ = &host; }
  void wake_by(Alarm* alarm) { alarm_ = alarm; }
  // The running interpreter checks the clock before its next instruction. For the signal handler.
  void request_check();
  // While it exists, the alarm makes this heap's interpreter check the clock after each period.
  class AlarmScope {
   public:
    AlarmScope(Host& host, LuaHeap& heap);
    ~AlarmScope() { host_.heap_.store(nullptr, std::memory_order_relaxed); }
    AlarmScope(const AlarmScope&) = delete;
    AlarmScope& operator=(const AlarmScope&) = delete;

   private:
    Host& host_;
  };
  // During its life the run is the present one; its commands run as the client that calls it.
  class Running {
   public:
    Running(Host& host, Run& run, const engine::Session& client, std::uint32_t flags);
    ~Running();
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    Host& host_;
  };

  // Runs a command; reply() then returns its reply. If it is refused before it runs, returns the
  // error. Drops the reply of the previous command.
  [[nodiscard]] std::string_view run_command(resp::Args args);
  // The bytes of this reply, until the next command. Usually they are in one piece, and read where
  // they were written.
  std::string_view reply() {
    const std::string_view piece = output().only_piece();
    return piece.empty() ? gathered_reply() : piece;
  }

  // Whether the user of the client may run these words; nothing if there is no such command.
  enum class Permission : std::uint8_t { granted, denied, unknown };
  Permission check_permission(resp::Args args);

  void protocol(resp::Protocol protocol) { inner_.session().reply.protocol(protocol); }
  resp::Protocol protocol() { return inner_.session().reply.protocol(); }

  // What the heap of the present run may hold without a question, and at most, while it holds
  // `present` bytes.
  std::uint64_t least_heap_bytes() const;
  std::uint64_t most_heap_bytes(std::uint64_t present) const;
  // Keeps memory below maxmemory while a script computes.
  void make_room();
  // Whether the present run must end. Serves other clients if it has been running for long. The
  // time counts from the first call: for the first instructions of a script the clock is not read.
  Ending check_run();

  // How long the present run has taken, from the first check_run().
  std::int64_t running_ms() const;

  // The generator of math.random, which is that of lrand48 and starts with its default seed.
  std::int32_t random();
  void seed(std::uint32_t seed);

  const Runtime::Parts& parts() const { return parts_; }
  // Reports to the audit what this object holds.
  void report_bytes(memory::Audit& audit) const;

 private:
  using Session = engine::Session;
  resp::ReplyBuffer& output() { return inner_.output(); }
  void drop_reply() {
    if (whole_reply_ != nullptr) release_gathered();
    output().rewind();
    output().bound(static_cast<std::uint64_t>(parts_.settings.script_memory_limit.value()));
  }
  std::string_view gathered_reply();
  void release_gathered();
  void set_alarm();
  void serve_others(std::int64_t now_us);
  void begin_busy(std::int64_t elapsed_ms);
  // The error, if the run may not call such a command.
  std::string_view begin_special(const engine::Command& row);

  Runtime::Parts parts_;
  engine::InternalSession inner_;
  Run* run_ = nullptr;
  engine::BusyHost* busy_host_ = nullptr;  // null: other clients are not served while a script runs
  // What a handler of a signal uses.
  Alarm* alarm_ = nullptr;  // absent: only instructions are counted
  std::atomic<LuaHeap*> heap_ = nullptr;
  std::atomic<bool> is_alarm_set_ = false;
  // A reply of several pieces in one piece.
  char* whole_reply_ = nullptr;
  std::size_t whole_bytes_ = 0;
  std::array<unsigned short, 3> random_{0x330e, 0xabcd, 0x1234};
};

// The debugger of the present run; null if there is none.
inline Debugger* debugger_of(lua_State* lua) {
  const Run* const run = host_of(lua).run();
  return run == nullptr ? nullptr : run->debugger;
}

}  // namespace larder::scripting
