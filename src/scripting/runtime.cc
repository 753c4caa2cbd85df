#include "larder/scripting/runtime.h"

#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "admission.h"
#include "debug_sessions.h"
#include "debugger.h"
#include "host.h"
#include "interpreter.h"
#include "larder/base/budget.h"
#include "larder/base/text.h"
#include "script_cache.h"
#include "shebang.h"

namespace larder::scripting {
namespace {

using engine::Call;

// Dropped scripts of this size are worth a cycle of the collector.
constexpr std::uint64_t kMuchDropped = 1 << 20;

constexpr std::string_view kNoScript = "NOSCRIPT No matching script. Please use EVAL.";

constexpr std::string_view kDebugsTransaction = "ERR a script in a transaction cannot be debugged";
constexpr std::string_view kDebugsEncrypted =
    "ERR a client of the debugger needs a connection without TLS";
constexpr std::string_view kDebugsDuringSave =
    "ERR SCRIPT DEBUG YES is not possible while a snapshot is written. SCRIPT DEBUG SYNC is.";
constexpr std::string_view kDebugsTooMany = "ERR too many scripts are debugged";

// The replies that wait in the output of the client.
void send_replies(resp::ReplyBuffer& output, DebugLink& link) {
  while (!output.empty() && !link.is_lost()) {
    iovec piece;
    if (output.gather(&piece, 1) == 0) return;
    link.send_bytes({static_cast<const char*>(piece.iov_base), piece.iov_len});
    output.consume(piece.iov_len);
  }
}

// Whether a script with this text declares that it does not write.
bool only_reads(std::string_view text) {
  const auto shebang = read_shebang(text);
  return shebang && (shebang.value().flags & kNoWrites) != 0;
}

constexpr std::string_view kLoadedTooMany =
    "ERR The scripts of SCRIPT LOAD may take 64 MB together. SCRIPT FLUSH removes all of them.";

}  // namespace

Runtime::Runtime(const Parts& parts)
    : parts_(parts),
      host_(std::make_unique<Host>(parts)),
      debugs_(std::make_unique<DebugSessions>(parts.sessions, parts.log)),
      cache_(std::make_unique<ScriptCache>()) {}

Runtime::~Runtime() = default;

Interpreter& Runtime::interpreter() {
  if (interpreter_ == nullptr)
    interpreter_ = std::make_unique<Interpreter>(*host_, SandboxKind::scripts);
  return *interpreter_;
}

void Runtime::refuse_memory_from(std::uint64_t number) { interpreter().heap().refuse_from(number); }

bool Runtime::has_refused_memory() const {
  return interpreter_ != nullptr && interpreter_->heap().has_refused();
}

void Runtime::eval(Call& call, Access access) {
  if (access == Access::read_write && are_writes_delayed(parts_) && !only_reads(call.arg(1)) &&
      waits_to_write(call, parts_)) {
    return;
  }
  parts_.executor.announce(call);
  const DebugMode* const mode = debugs_->mode_of(call.session);
  if (mode != nullptr) return debug(call, access, *mode);
  eval(call, access, nullptr);
}

void Runtime::eval(Call& call, Access access, Debugger* debugger) {
  if (!passes_gates(call, parts_, call.arg(1))) return;
  const auto keys = read_key_count(call);
  if (!keys) return;
  Script* const script = script_for(call, call.arg(1));
  if (script != nullptr) run(call, *script, *keys, access, debugger);
}

// Redis's debugger too ends the connection with the session.
void Runtime::debug(Call& call, Access access, DebugMode mode) {
  debugs_->disable(call.session);
  if (!call.session.may_block) return call.reply.error(kDebugsTransaction);
  const int socket = debugs_->socket_of(call.session);
  if (mode == DebugMode::forked) return debug_in_child(call, access, socket);
  parts_.log.warning("Redis synchronous debugging eval session started");
  Debugger debugger({.socket = socket, .stop = debugs_->stop_descriptor()}, call.arg(1));
  eval(call, access, &debugger);
  debugger.end();
  parts_.log.warning("Redis synchronous debugging eval session ended");
  call.session.close(engine::Closing::after_reply);
}

// A snapshot needs each value before it changes, and the thread that writes them is not in the
// child.
void Runtime::debug_in_child(Call& call, Access access, int socket) {
  if (parts_.gates.write_hold() != nullptr) return call.reply.error(kDebugsDuringSave);
  if (!debugs_->has_room_for_child()) return call.reply.error(kDebugsTooMany);
  switch (debugs_->fork_with(socket)) {
    case DebugSessions::Process::none:
      return call.reply.error("ERR Fork() failed: can't run EVAL in debugging mode: " +
                              std::string(std::strerror(errno)));
    case DebugSessions::Process::server:
      return call.session.close(engine::Closing::now);
    case DebugSessions::Process::child:
      break;
  }
  // Followers get nothing of it: the group does not end.
  const engine::Propagation::Group group(parts_.effects);
  Debugger debugger({.socket = socket}, call.arg(1));
  eval(call, access, &debugger);
  debugger.end();
  send_replies(call.reply.buffer(), debugger.link());
  parts_.log.notice("Lua debugging session child exiting");
  ::_exit(0);
}

void Runtime::set_debugging(Call& call) {
  if (!call.reply.buffer().empty()) {
    return call.reply.error("ERR SCRIPT DEBUG must be called outside a pipeline");
  }
  const std::string_view word = call.arg(2);
  const bool is_synchronous = base::equals_ignoring_case(word, "sync");
  if (base::equals_ignoring_case(word, "no"))
    return debugs_->disable(call.session), call.reply.ok();
  if (!is_synchronous && !base::equals_ignoring_case(word, "yes")) {
    return call.reply.error("ERR Use SCRIPT DEBUG YES/SYNC/NO");
  }
  if (debugs_->socket_of(call.session) < 0) return call.reply.error(kDebugsEncrypted);
  const auto mode = is_synchronous ? DebugMode::synchronous : DebugMode::forked;
  if (!debugs_->enable(call.session, mode)) return call.reply.error(kDebugsTooMany);
  call.reply.ok();
}

void Runtime::debug_through(const engine::DirectSockets& sockets, int stop) {
  debugs_->talk_through(sockets, stop);
}

void Runtime::evalsha(Call& call, Access access) {
  Script* const script = cache_->find_by_name(call.arg(1));
  const bool reads = script != nullptr && (script->flags & kNoWrites) != 0;
  if (access == Access::read_write && !reads && waits_to_write(call, parts_)) return;
  parts_.executor.announce(call);
  if (call.arg(1).size() != 2 * kShaBytes) return call.reply.error(kNoScript);
  if (debugs_->mode_of(call.session) != nullptr) {
    return call.reply.error("ERR Please use EVAL instead of EVALSHA for debugging");
  }
  if (script != nullptr && !passes_gates(call, parts_, script->flags)) return;
  const auto keys = read_key_count(call);
  if (!keys) return;
  if (script == nullptr) return call.reply.error(kNoScript);
  cache_->touch(*script);
  run(call, *script, *keys, access, nullptr);
}

std::uint32_t Runtime::declared_gates(std::string_view text) const {
  const auto shebang = read_shebang(text);
  return shebang ? gates_when_queued(shebang.value().flags) : 0;
}

std::uint32_t Runtime::declared_gates_of(std::string_view name) const {
  const Script* const script = cache_->find_by_name(name);
  return script == nullptr ? 0 : gates_when_queued(script->flags);
}

bool Runtime::has(std::string_view sha) const {
  const auto parsed = parse_sha(sha);
  return parsed && cache_->find(*parsed) != nullptr;
}

void Runtime::load(Call& call) {
  const std::string_view text = call.arg(2);
  Script* const script = script_for(call, text);
  if (script == nullptr) return;
  if (!script->is_kept && cache_->kept_bytes() + script->bytes > kMostLoadedBytes) {
    return call.reply.error(kLoadedTooMany);
  }
  cache_->keep(*script);
  show_memory();
  call.reply.bulk({script->name.data(), script->name.size()});
}

Script* Runtime::script_for(Call& call, std::string_view text) {
  const Sha sha = sha1(text);
  Script* const found = cache_->find(sha);
  if (found == nullptr) return compile(call, text);
  cache_->touch(*found);
  return found;
}

Script* Runtime::compile(Call& call, std::string_view text) {
  const auto shebang = read_shebang(text);
  if (!shebang) return call.reply.error("ERR", shebang.error().text), nullptr;
  const auto compiled = interpreter().compile(text.substr(shebang.value().length));
  if (!compiled) {
    call.reply.error("ERR", "Error compiling script (new function): " + compiled.error().text);
    return nullptr;
  }
  const Sha sha = sha1(text);
  Script& script = cache_->add({.sha = sha,
                                .name = hex(sha),
                                .flags = shebang.value().flags,
                                .function = compiled.value().function,
                                .bytes = compiled.value().bytes});
  make_room_for_script();
  show_memory();
  return &script;
}

// The newest one stays, whatever its size.
void Runtime::make_room_for_script() {
  while (cache_->leaving() > 1 &&
         (cache_->leaving() > kMostEvaluated || cache_->leaving_bytes() > kMostEvaluatedBytes)) {
    drop(*cache_->oldest());
    ++parts_.metrics.evicted_scripts;
  }
}

void Runtime::drop(Script& script) {
  dropped_bytes_ += script.bytes;
  interpreter_->forget(script.function);
  cache_->remove(script);
  if (dropped_bytes_ > kMuchDropped) has_garbage_ = true;
}

void Runtime::flush(Freeing freeing) {
  if (interpreter_ == nullptr) return;
  cache_->for_each([this](Script& script) { interpreter_->forget(script.function); });
  cache_->clear();
  show_memory();
  if (freeing == Freeing::at_once) {
    interpreter_->collect_all();
    has_garbage_ = false;
    dropped_bytes_ = 0;
  } else {
    has_garbage_ = true;
  }
}

void Runtime::serve_with(engine::BusyHost& host) { host_->serve_with(host); }

void Runtime::wake_by(Alarm* alarm) { host_->wake_by(alarm); }

void Runtime::request_check() { host_->request_check(); }

// Commands of other clients run while a script is busy, and never otherwise while one runs.
void Runtime::kill(Call& call, RunKind kind) const {
  Run* const run = host_->run();
  if (run == nullptr) return call.reply.error("NOTBUSY No scripts in execution right now.");
  if (run->has_written) {
    return call.reply.error(
        "UNKILLABLE Sorry the script already executed write commands against the dataset. You can "
        "either wait the script termination or kill the server in a hard way using the SHUTDOWN "
        "NOSAVE command.");
  }
  if (run->kind != kind) return call.reply.error(busy_error(run->kind));
  run->is_killed = true;
  call.reply.ok();
}

bool Runtime::has_garbage() const { return has_garbage_ || debugs_->has_children(); }

// A cycle that has begun already does not see all of the garbage: the next one does.
bool Runtime::collect(std::int64_t budget_us) {
  if (debugs_->has_children()) debugs_->reap();
  if (!has_garbage_) return false;
  base::Budget budget(parts_.clock, budget_us);
  do {
    if (!interpreter_->collect_some()) continue;
    has_garbage_ = dropped_bytes_ > 0;
    dropped_bytes_ = 0;
  } while (has_garbage_ && !budget.spent());
  return has_garbage_;
}

// Messages to the client itself follow its reply.
void Runtime::run(Call& call, Script& script, std::size_t keys, Access access, Debugger* debugger) {
  if (!may_begin(call, parts_, script.flags, access)) return;
  Run run{.call = call,
          .name = {script.name.data(), script.name.size()},
          .is_read_only = access == Access::read_only || (script.flags & kNoWrites) != 0,
          .has_effects = debugger != nullptr,
          .debugger = debugger};
  const engine::HeldPushes pushes(call.session);
  const engine::Propagation::Group group(parts_.effects);
  const Host::Running running(*host_, run, call.session, script.flags);
  if (!interpreter_->run(run, script.function, arguments_of(call, keys))) return;
  dropped_bytes_ += kMuchDropped;
  has_garbage_ = true;
}

void Runtime::show_memory() {
  memory::Metrics& metrics = parts_.memory_metrics;
  metrics.number_of_cached_scripts = static_cast<std::int64_t>(cache_->size());
  metrics.used_memory_scripts_eval = static_cast<std::int64_t>(
      cache_->leaving_bytes() + cache_->kept_bytes() + cache_->index_bytes());
}

void Runtime::report_bytes(memory::Audit& audit) const {
  const std::uint64_t heap = interpreter_ == nullptr ? 0 : interpreter_->heap().bytes();
  audit.found(memory::Owner::scripts, static_cast<std::int64_t>(heap + cache_->index_bytes()));
  host_->report_bytes(audit);
}

}  // namespace larder::scripting
