#include "host.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "larder/base/assert.h"
#include "larder/memory/heap.h"

namespace larder::scripting {
namespace {

using engine::BoundCommand;

constexpr auto kOwner = memory::Owner::scripts;

// Memory that a run may take without a look at what eviction could free.
constexpr std::uint64_t kLeastHeapBytes = 16 << 20;

constexpr std::int64_t kMsUs = 1000;
// While a script is busy, others are served this often.
constexpr std::int64_t kServeEachUs = 1000;

// Of the session of the client, the gates that apply to its scripts too.
constexpr std::uint32_t kOfClient = engine::bit(engine::Gate::permission);

// Commands that a script may not call at all, or whose call is noted.
constexpr std::uint32_t kSpecial =
    engine::kNoScript | engine::kWrites | engine::kPubSub | engine::kMayReplicate;

inline bool is_unknown(const BoundCommand* command, resp::Args args) {
  return command == nullptr ||
         (command->is_container() && args.size() > 1 && !command->row->has(engine::kTakesTheRest));
}

}  // namespace

std::string_view busy_error(RunKind kind) {
  return kind == RunKind::script
             ? "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN "
               "NOSAVE."
             : "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN "
               "NOSAVE.";
}

Host::Host(const Runtime::Parts& parts)
    : parts_(parts), inner_(parts.sessions, parts.clock, "lua", engine::bit(engine::Gate::busy)) {}

Host::Running::Running(Host& host, Run& run, const Session& client, std::uint32_t flags)
    : host_(host) {
  LARDER_ASSERT(host.run_ == nullptr);
  host.run_ = &run;
  Session& inner = host.inner_.session();
  inner.db = client.db;
  inner.account = client.account;
  inner.no_touch = client.no_touch;
  inner.closed_gates = client.closed_gates & kOfClient;
  inner.may_exceed_maxmemory = (flags & (kAllowOom | kNoWrites)) != 0;
  // WAIT and WAITAOF ask for what the client has written or seen.
  inner.shown_position = client.shown_position;
  inner.seen_offset = client.seen_offset;
  host.protocol(resp::Protocol::resp2);
  host.drop_reply();
}

Host::Running::~Running() {
  Session& client = host_.run_->call.session;
  client.shown_position = std::max(client.shown_position, host_.inner_.session().shown_position);
  host_.drop_reply();
  host_.inner_.session().account = nullptr;
  if (host_.run_->is_busy) {
    host_.parts_.gates.open(engine::Gate::busy);
    host_.busy_host_->end();
  }
  host_.run_ = nullptr;
}

// The alarm stays set when the script ends, so that short scripts seldom need to set it.
Host::AlarmScope::AlarmScope(Host& host, LuaHeap& heap) : host_(host) {
  host.heap_.store(&heap, std::memory_order_relaxed);
  if (!host.is_alarm_set_.load(std::memory_order_relaxed)) host.set_alarm();
}

void Host::set_alarm() {
  if (alarm_ == nullptr) return;
  is_alarm_set_.store(true, std::memory_order_relaxed);
  alarm_->set();
}

void Host::request_check() {
  is_alarm_set_.store(false, std::memory_order_relaxed);
  LuaHeap* const heap = heap_.load(std::memory_order_relaxed);
  if (heap == nullptr) return;
  heap->request_check();
  set_alarm();
}

void Host::release_gathered() {
  memory::release(kOwner, std::exchange(whole_reply_, nullptr), std::exchange(whole_bytes_, 0));
}

std::string_view Host::begin_special(const engine::Command& row) {
  if (row.has(engine::kNoScript)) return "This Redis command is not allowed from script";
  if (run_->is_read_only && row.has(engine::kWrites | engine::kMayReplicate)) {
    return "Write commands are not allowed from read-only scripts.";
  }
  run_->has_effects = true;
  if (row.has(engine::kWrites)) run_->has_written = true;
  return {};
}

std::string_view Host::run_command(resp::Args args) {
  BoundCommand* const command = parts_.commands.resolve(args);
  if (is_unknown(command, args)) return "Unknown Redis command called from script";
  const engine::Command& row = *command->row;
  if (!row.arity.admits(args.size())) {
    return "Wrong number of args calling Redis command from script";
  }
  const bool is_stale = (parts_.gates.closed() & engine::bit(engine::Gate::stale)) != 0;
  if (is_stale && !row.has(engine::kStale | engine::kNoScript)) {
    return "Can not execute the command on a stale replica";
  }
  if (row.has(kSpecial)) {
    const std::string_view refusal = begin_special(row);
    if (!refusal.empty()) return refusal;
  }
  drop_reply();
  parts_.executor.run_nested(inner_.session(), args, *command,
                             run_->is_propagated ? engine::Executor::Followers::get_effects
                                                 : engine::Executor::Followers::get_removals);
  return output().is_dropping() ? "The reply of the command exceeds the memory limit of scripts"
                                : std::string_view();
}

std::string_view Host::gathered_reply() {
  if (output().empty()) return "_\r\n";
  whole_bytes_ = static_cast<std::size_t>(output().size());
  whole_reply_ = static_cast<char*>(memory::allocate(kOwner, whole_bytes_));
  output().copy(whole_reply_);
  output().clear();
  return {whole_reply_, whole_bytes_};
}

Host::Permission Host::check_permission(resp::Args args) {
  const BoundCommand* const command = parts_.commands.resolve(args);
  if (is_unknown(command, args)) return Permission::unknown;
  const Session& client = run_->call.session;
  if ((client.closed_gates & kOfClient) == 0) return Permission::granted;
  return parts_.guard.may_run(client, *command, args) ? Permission::granted : Permission::denied;
}

// The heap of a script counts against maxmemory, so it may grow only by what eviction can free.
std::uint64_t Host::most_heap_bytes(std::uint64_t present) const {
  const auto most = static_cast<std::uint64_t>(parts_.settings.script_memory_limit.value());
  const std::uint64_t growth = std::min(most, parts_.executor.evictor().most_growth());
  return std::min(run_->heap_bytes + most, std::max(present + growth, least_heap_bytes()));
}

std::uint64_t Host::least_heap_bytes() const {
  const auto most = static_cast<std::uint64_t>(parts_.settings.script_memory_limit.value());
  return run_->heap_bytes + std::min(most, kLeastHeapBytes);
}

void Host::make_room() {
  if (parts_.executor.evictor().needs_room()) parts_.executor.make_room_within();
}

Ending Host::check_run() {
  const std::int64_t now_us = parts_.clock.steady_now_us();
  if (run_->began_us == 0) run_->began_us = now_us;
  const std::int64_t elapsed_ms = (now_us - run_->began_us) / kMsUs;
  const std::int64_t most_ms = parts_.settings.script_time_limit.value();
  if (most_ms != 0 && elapsed_ms >= most_ms) return Ending::out_of_time;
  const std::int64_t threshold_ms = parts_.settings.busy_reply_threshold.value();
  // While a script is debugged other clients are not served; the debugger stops it instead.
  const bool takes_long =
      threshold_ms > 0 && elapsed_ms >= threshold_ms && run_->debugger == nullptr;
  if (takes_long && !run_->is_busy && busy_host_ != nullptr) begin_busy(elapsed_ms);
  if (run_->is_busy) serve_others(now_us);
  return run_->is_killed ? Ending::killed : Ending::none;
}

std::int64_t Host::running_ms() const {
  return (parts_.clock.steady_now_us() - run_->began_us) / kMsUs;
}

void Host::begin_busy(std::int64_t elapsed_ms) {
  parts_.log.warning("Slow script detected: still in execution after " +
                     std::to_string(elapsed_ms) +
                     " milliseconds. You can try killing the script using the " +
                     (run_->kind == RunKind::script ? "SCRIPT KILL" : "FUNCTION KILL") +
                     " command. Script name is: " + std::string(run_->name) + ".");
  run_->is_busy = true;
  parts_.gates.refuse_as_busy(busy_error(run_->kind));
  run_->call.session.keep_still();
  busy_host_->begin();
}

void Host::serve_others(std::int64_t now_us) {
  if (now_us - run_->served_us < kServeEachUs) return;
  busy_host_->serve();
  run_->served_us = parts_.clock.steady_now_us();
}

void Host::report_bytes(memory::Audit& audit) const {
  inner_.report_bytes(audit);
  const std::size_t whole = whole_bytes_ == 0 ? 0 : memory::size_class(whole_bytes_);
  audit.found(kOwner, static_cast<std::int64_t>(whole));
}

std::int32_t Host::random() { return static_cast<std::int32_t>(::nrand48(random_.data())); }

void Host::seed(std::uint32_t seed) {
  random_ = {0x330e, static_cast<unsigned short>(seed), static_cast<unsigned short>(seed >> 16)};
}

}  // namespace larder::scripting
