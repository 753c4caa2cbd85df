#pragma once

// Scripts in Lua: compiles, keeps and runs them. The interpreter is created when the first script
// comes. docs/scripting.md describes what scripts may do and how they are bounded.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "larder/base/clock.h"
#include "larder/base/log.h"
#include "larder/engine/access_control.h"
#include "larder/engine/busy_host.h"
#include "larder/engine/call.h"
#include "larder/engine/command_table.h"
#include "larder/engine/direct_sockets.h"
#include "larder/engine/executor.h"
#include "larder/engine/gates.h"
#include "larder/engine/propagation.h"
#include "larder/engine/session.h"
#include "larder/memory/audit.h"
#include "larder/memory/metrics.h"
#include "larder/scripting/alarm.h"
#include "larder/scripting/metrics.h"
#include "larder/scripting/settings.h"

namespace larder::scripting {

class DebugSessions;
class Debugger;
class Host;
class Interpreter;
class ScriptCache;
struct Script;
enum class DebugMode : std::uint8_t;

// Whether the command allows a script to write: EVAL, or EVAL_RO.
enum class Access : std::uint8_t { read_write, read_only };
// What runs: a script of EVAL, or a function of a library. Clients are told which of them is busy,
// and each kind has its own command that ends it.
enum class RunKind : std::uint8_t { script, function };

class Runtime final : public memory::AuditedOwner {
 public:
  struct Parts {
    base::Clock& clock;
    base::Log& log;
    const Settings& settings;
    engine::CommandTable& commands;
    engine::Sessions& sessions;
    engine::GateBoard& gates;
    engine::Propagation& effects;
    engine::Executor& executor;
    const engine::Guard& guard;
    Metrics& metrics;
    memory::Metrics& memory_metrics;
  };
  explicit Runtime(const Parts& parts);
  ~Runtime() override;
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // EVAL and EVALSHA, with all that they reply: the script or its name is the first argument, the
  // number of keys the second.
  void eval(engine::Call& call, Access access);
  void evalsha(engine::Call& call, Access access);

  // The gates that refuse to queue a script with this text, or with this name.
  std::uint32_t declared_gates(std::string_view text) const;
  std::uint32_t declared_gates_of(std::string_view name) const;

  // SCRIPT DEBUG: the next script of the client is debugged, or is not.
  void set_debugging(engine::Call& call);
  // Enables the debugger, which uses these sockets. A debugging session in the server itself (SYNC)
  // ends when the descriptor `stop` becomes readable, which means that the server must end.
  void debug_through(const engine::DirectSockets& sockets, int stop);

  // SCRIPT LOAD: replies with the name of the script, or why there is none.
  void load(engine::Call& call);
  // Whether there is a script with this name.
  bool has(std::string_view sha) const;
  // SCRIPT FLUSH: drops all scripts. Their memory is freed at once, or in later turns.
  enum class Freeing : std::uint8_t { at_once, in_steps };
  void flush(Freeing freeing);

  // From now on other clients are served while a script runs for longer than busy-reply-threshold.
  void serve_with(engine::BusyHost& host);
  // From now on scripts and functions check the clock after each period of the alarm, not only
  // after some instructions. Null: no longer.
  void wake_by(Alarm* alarm);
  // Called by the alarm: the running script checks the clock before its next instruction. May be
  // called by a signal handler, at any moment.
  void request_check();
  // SCRIPT KILL and FUNCTION KILL: ends what runs, if it is of this kind and has not written.
  void kill(engine::Call& call, RunKind kind) const;

  // Frees memory of scripts that were dropped, for about this time; true if work is left. Also
  // collects the debugger's child processes that have ended.
  bool collect(std::int64_t budget_us);
  bool has_garbage() const;

  // What functions share with scripts.
  Host& host() { return *host_; }

  void report_bytes(memory::Audit& audit) const override;

  // For tests of a lack of memory: the allocation of scripts with this number, from now on, and all
  // later ones are refused, until this is called again. 0: none is.
  void refuse_memory_from(std::uint64_t number);
  // Whether the last call has led to a refusal.
  bool has_refused_memory() const;

  // Scripts of EVAL that are kept, and the bytes of all of them at most.
  static constexpr std::size_t kMostEvaluated = 500;
  static constexpr std::uint64_t kMostEvaluatedBytes = 16 << 20;
  // The bytes of all scripts of SCRIPT LOAD.
  static constexpr std::uint64_t kMostLoadedBytes = 64 << 20;

 private:
  Interpreter& interpreter();
  // Finds or compiles the script; null after an error reply.
  Script* script_for(engine::Call& call, std::string_view text);
  Script* compile(engine::Call& call, std::string_view text);
  void make_room_for_script();
  void drop(Script& script);
  void eval(engine::Call& call, Access access, Debugger* debugger);
  void debug(engine::Call& call, Access access, DebugMode mode);
  void debug_in_child(engine::Call& call, Access access, int socket);
  void run(engine::Call& call, Script& script, std::size_t keys, Access access, Debugger* debugger);
  void show_memory();

  Parts parts_;
  std::unique_ptr<Host> host_;
  std::unique_ptr<DebugSessions> debugs_;
  std::unique_ptr<ScriptCache> cache_;
  std::unique_ptr<Interpreter> interpreter_;
  std::uint64_t dropped_bytes_ = 0;  // since a cycle of the collector began
  bool has_garbage_ = false;
};

}  // namespace larder::scripting
