#include "metrics.h"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <span>

#include "build.h"
#include "larder/base/cycles.h"
#include "larder/base/format.h"
#include "larder/base/rng.h"
#include "larder/engine/identity.h"

namespace larder::server {
namespace {

constexpr std::int64_t kSampleUs = 100'000;
constexpr std::int64_t kDaySeconds = 24 * 3600;

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    base::append_print(text, "%02x", std::to_integer<unsigned>(byte));
  }
  return text;
}

std::string random_id() {
  std::array<std::byte, 20> bytes;
  base::random_secret(bytes);
  return hex(bytes);
}

std::string operating_system() {
  utsname names{};
  ::uname(&names);
  return std::string(names.sysname) + " " + names.release + " " + names.machine;
}

std::string seconds(const timeval& time) {
  return base::printed("%ld.%06ld", static_cast<long>(time.tv_sec),
                       static_cast<long>(time.tv_usec));
}

std::string kilobytes(std::uint64_t bytes) {
  return base::printed("%.2f", static_cast<double>(bytes) / 1024);
}

// The time of all commands together.
std::int64_t command_us(const engine::CommandTable& commands) {
  std::uint64_t cycles = 0;
  for (const engine::BoundCommand* command : commands.commands()) {
    // The commands that it runs are counted by themselves.
    if (command->row->has(engine::kRunsQueue)) continue;
    cycles += command->stats.cycles;
    for (const engine::BoundCommand* child : command->children) cycles += child->stats.cycles;
  }
  return static_cast<std::int64_t>(static_cast<double>(cycles) / base::cycles_per_us());
}

rusage usage(int who) {
  rusage found{};
  ::getrusage(who, &found);
  return found;
}

}  // namespace

void Rate::sample(std::uint64_t count, std::int64_t now_us) {
  const std::int64_t passed = now_us - at_us_;
  if (at_us_ != 0 && passed > 0) {
    const std::uint64_t grown = count >= count_ ? count - count_ : 0;
    samples_[next_] = grown * 1'000'000 / static_cast<std::uint64_t>(passed);
    next_ = (next_ + 1) % kSamples;
  }
  count_ = count;
  at_us_ = now_us;
}

std::uint64_t Rate::per_second() const {
  return std::accumulate(samples_.begin(), samples_.end(), std::uint64_t{0}) / kSamples;
}

ServerMetrics::ServerMetrics(info::Reporter& reporter, const Configuration& configuration,
                             const base::Clock& clock, const net::Loop& loop,
                             const net::Listeners& listeners, const Identity& identity)
    : Group(reporter),
      configuration_(configuration),
      clock_(clock),
      listeners_(listeners),
      started_us_(clock.steady_us()) {
  version_ = std::string(engine::kCompatibleVersion);
  name_ = "larder";
  larder_version_ = std::string(engine::kLarderVersion);
  git_sha1_ = std::string(kBuildCommit);
  git_dirty_ = kBuildDirty;
  build_id_ = std::string(build_id());
  mode_ = "standalone";
  os_ = operating_system();
  arch_bits_ = static_cast<std::int64_t>(sizeof(void*) * 8);
  monotonic_clock_ = "POSIX clock_gettime";
  multiplexing_api_ = std::string(loop.name());
  atomicvar_api_ = "c++20-atomic";
  gcc_version_ = std::string(kCompilerVersion);
  process_id_ = ::getpid();
  process_supervised_ = identity.supervised;
  run_id_ = random_id();
  executable_ = identity.program;
  config_file_ = configuration.file;
}

void ServerMetrics::refresh() {
  const std::int64_t up = (clock_.steady_us() - started_us_) / 1'000'000;
  const std::int64_t port = configuration_.net.listen.port.value();
  tcp_port_ = port != 0 ? port : configuration_.tls.tls_port.value();
  server_time_usec_ = clock_.unix_us();
  uptime_in_seconds_ = up;
  uptime_in_days_ = up / kDaySeconds;
  hz_ = std::clamp<std::int64_t>(configuration_.engine.hz.value(), 1, 500);
  configured_hz_ = configuration_.engine.hz.value();
  lru_clock_ = (clock_.unix_ms() / 1000) & 0xffffff;
  listener_lines_ = listeners_.describe();
}

ClientMetrics::ClientMetrics(info::Reporter& reporter, const Configuration& configuration,
                             const net::Connections& connections)
    : Group(reporter), configuration_(configuration), connections_(connections) {}

void ClientMetrics::refresh() {
  connected_clients_ = static_cast<std::int64_t>(connections_.size());
  maxclients_ = configuration_.net.clients.maxclients.value();
  recent_max_input_ = static_cast<std::int64_t>(connections_.recent_input_bytes());
  recent_max_output_ = static_cast<std::int64_t>(connections_.recent_output_bytes());
}

void CpuMetrics::refresh() {
  const rusage self = usage(RUSAGE_SELF);
  const rusage children = usage(RUSAGE_CHILDREN);
  const rusage thread = usage(RUSAGE_THREAD);
  sys_ = seconds(self.ru_stime);
  user_ = seconds(self.ru_utime);
  sys_children_ = seconds(children.ru_stime);
  user_children_ = seconds(children.ru_utime);
  sys_main_thread_ = seconds(thread.ru_stime);
  user_main_thread_ = seconds(thread.ru_utime);
}

LoopMetrics::LoopMetrics(info::Reporter& reporter, net::Loop& loop,
                         const engine::CommandTable& commands, const engine::Metrics& engine,
                         const net::Metrics& net)
    : Group(reporter), loop_(loop), commands_(commands), engine_(engine), net_(net) {}

void LoopMetrics::sample() {
  const std::int64_t now = loop_.clock().steady_us();
  if (now - sampled_us_ < kSampleUs) return;
  sampled_us_ = now;
  commands_rate_.sample(engine_.commands_processed.value(), now);
  input_rate_.sample(net_.input_bytes.value(), now);
  output_rate_.sample(net_.output_bytes.value(), now);
  cycles_rate_.sample(loop_.figures().turns, now);
  busy_rate_.sample(loop_.figures().busy_us, now);
}

void LoopMetrics::refresh() {
  const net::TurnFigures& figures = loop_.figures();
  const std::uint64_t cycles = cycles_rate_.per_second();
  ops_per_sec_ = static_cast<std::int64_t>(commands_rate_.per_second());
  input_kbps_ = kilobytes(input_rate_.per_second());
  output_kbps_ = kilobytes(output_rate_.per_second());
  cycles_ = static_cast<std::int64_t>(figures.turns);
  duration_sum_ = static_cast<std::int64_t>(figures.busy_us);
  duration_cmd_sum_ = command_us(commands_);
  cycles_per_sec_ = static_cast<std::int64_t>(cycles);
  duration_usec_ =
      static_cast<std::int64_t>(busy_rate_.per_second() / std::max<std::uint64_t>(cycles, 1));
  cron_sum_ = static_cast<std::int64_t>(figures.timers_us);
  duration_max_ = static_cast<std::int64_t>(figures.longest_us);
  commands_max_ = static_cast<std::int64_t>(most_commands_);
}

void LoopMetrics::reset() {
  Group::reset();
  loop_.reset_figures();
  most_commands_ = 0;
}

}  // namespace larder::server
