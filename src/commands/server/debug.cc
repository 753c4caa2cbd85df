#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <string>

#include "../container_help.h"
#include "larder/base/log.h"
#include "larder/base/numbers.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/debug_switches.h"
#include "larder/expiry/sweeper.h"

namespace larder::commands {
namespace {

using namespace engine;

// More microseconds than this overflow Redis's number, and it does not sleep.
constexpr double kSleepsBelowUs = 9.2e18;

void sleep_for(double seconds) {
  timespec left{};
  left.tv_sec = static_cast<time_t>(seconds);
  left.tv_nsec = static_cast<long>((seconds - std::floor(seconds)) * 1e9);
  while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

void debug_sleep(Call& call) {
  // The number that strtod finds at the beginning, 0 if there is none.
  const double seconds = std::strtod(std::string(call.arg(2)).c_str(), nullptr);
  if (seconds > 0 && seconds * 1e6 < kSleepsBelowUs) sleep_for(seconds);
  call.reply.ok();
}

// The text as sent, in one line, and not counted as an error.
void debug_error(Call& call) {
  std::string line = "-" + std::string(call.arg(2));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  call.reply.raw(line + "\r\n");
}

void debug_log(Call& call, base::Log& log) {
  log.warning("DEBUG LOG: " + std::string(call.arg(2)));
  call.reply.ok();
}

void debug_segfault(Call& call) {
  const auto bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* page = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return call.reply.error("ERR no page to write to");
  *static_cast<volatile char*>(page) = 1;
}

// The one argument 0 or 1; answers it, or the error.
template <typename Fn>
void switch_to(Call& call, Fn act) {
  ArgReader args(call, 2);
  const std::int64_t value = args.integer();
  if (args.failed()) return;
  act(value != 0);
  call.reply.ok();
}

void debug_set_active_expire(Call& call, expiry::Sweeper& sweeper) {
  switch_to(call, [&sweeper](bool on) { sweeper.active(on); });
}

void debug_set_skip_checksum_validation(Call& call, ChecksumValidation& checksums) {
  switch_to(call, [&checksums](bool skip) { checksums.skipped = skip; });
}

void debug_pause_cron(Call& call, Cron& cron) {
  switch_to(call, [&cron](bool on) { cron.paused = on; });
}

constexpr std::uint32_t kDebugFlags = kAdmin | kNoScript | kLoading | kStale | kProtected;

}  // namespace

std::span<const engine::Command> server_debug() {
  static constexpr Command kCommands[] = {
      {.name = "debug",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kDebugFlags | kTakesTheRest,
       .handler = Handler::of<debug_usage>(),
       .since = "1.0.0",
       .summary = "Commands for tests and debugging.",
       .complexity = "Depends on subcommand."},
      {.name = "debug error",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kDebugFlags,
       .handler = Handler::of<debug_error>(),
       .since = "3.2.0",
       .summary = "Returns an error with this text.",
       .complexity = "O(1)",
       .arguments = "message:string"},
      {.name = "debug help",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kDebugFlags,
       .handler = Handler::of<container_help>(),
       .since = "1.0.0",
       .summary = "Lists the subcommands.",
       .complexity = "O(1)"},
      {.name = "debug log",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kDebugFlags,
       .handler = Handler::of<debug_log>(),
       .since = "5.0.0",
       .summary = "Writes a line to the log.",
       .complexity = "O(1)",
       .arguments = "message:string"},
      {.name = "debug pause-cron",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kDebugFlags,
       .handler = Handler::of<debug_pause_cron>(),
       .since = "7.0.0",
       .summary = "Stops the periodic work, or continues it.",
       .complexity = "O(1)",
       .arguments = "paused:oneof(off:pure-token@0 on:pure-token@1)"},
      {.name = "debug segfault",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kDebugFlags,
       .handler = Handler::of<debug_segfault>(),
       .since = "1.0.0",
       .summary = "Crashes the server by an invalid memory access.",
       .complexity = "O(1)"},
      {.name = "debug set-active-expire",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kDebugFlags,
       .handler = Handler::of<debug_set_active_expire>(),
       .since = "3.0.0",
       .summary = "Turns the removal of expired keys that no command reads off or on.",
       .complexity = "O(1)",
       .arguments = "active:oneof(off:pure-token@0 on:pure-token@1)"},
      {.name = "debug set-skip-checksum-validation",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kDebugFlags,
       .handler = Handler::of<debug_set_skip_checksum_validation>(),
       .since = "7.0.0",
       .summary =
           "Lets RESTORE and the loading of RDB files ignore the checksum, or verify it again.",
       .complexity = "O(1)",
       .arguments = "skipped:oneof(off:pure-token@0 on:pure-token@1)"},
      {.name = "debug sleep",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kDebugFlags,
       .handler = Handler::of<debug_sleep>(),
       .since = "2.6.0",
       .summary = "Stops the whole server for this time.",
       .complexity = "O(1)",
       .arguments = "seconds:double"},
  };
  return kCommands;
}

}  // namespace larder::commands
