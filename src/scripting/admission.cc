#include "admission.h"

#include "host.h"
#include "larder/base/numbers.h"
#include "larder/engine/held_keys.h"
#include "shebang.h"

namespace larder::scripting {
namespace {

using engine::Call;

// The words ahead of the keys.
constexpr std::size_t kBefore = 3;

constexpr std::uint32_t kOfWrites = engine::bit(engine::Gate::disk_error) |
                                    engine::bit(engine::Gate::replicas) |
                                    engine::bit(engine::Gate::read_only);

constexpr std::uint32_t kPaused = engine::bit(engine::Gate::paused_writes);
constexpr std::uint32_t kHeldKeys = engine::bit(engine::Gate::held_keys);

// The gates that refuse a script with these flags as a whole.
std::uint32_t gates_of(std::uint32_t flags) {
  const std::uint32_t stale = (flags & kAllowStale) != 0 ? 0 : engine::bit(engine::Gate::stale);
  return (flags & (kDeclaresNothing | kNoWrites)) != 0 ? stale : stale | kOfWrites;
}

}  // namespace

std::optional<std::size_t> read_key_count(Call& call, std::string_view bad) {
  const auto count = base::parse_int64(call.arg(2));
  if (!count) return call.reply.error(bad), std::nullopt;
  if (*count > static_cast<std::int64_t>(call.size() - kBefore)) {
    call.reply.error("ERR Number of keys can't be greater than number of args");
    return std::nullopt;
  }
  if (*count < 0) return call.reply.error("ERR Number of keys can't be negative"), std::nullopt;
  return static_cast<std::size_t>(*count);
}

bool are_writes_delayed(const Runtime::Parts& parts) {
  return (parts.gates.closed() & (kPaused | kHeldKeys)) != 0;
}

// Within a transaction EXEC has waited.
bool waits_to_write(Call& call, const Runtime::Parts& parts) {
  const std::uint32_t closed = parts.gates.closed() & call.session.common_gates;
  if ((closed & (kPaused | kHeldKeys)) == 0 || !call.may_run_again()) return false;
  if ((closed & kPaused) != 0) return call.waiters.paused().add(call.session), true;
  if (!parts.gates.held_keys()->stops(*call.command.row, call.args)) return false;
  return call.waiters.for_held_keys().add(call.session), true;
}

Interpreter::Arguments arguments_of(const Call& call, std::size_t keys) {
  return {.keys = call.args.subspan(kBefore, keys), .values = call.args.subspan(kBefore + keys)};
}

std::uint32_t gates_when_queued(std::uint32_t flags) {
  return (flags & kDeclaresNothing) != 0 ? 0 : gates_of(flags);
}

bool passes_gates(Call& call, const Runtime::Parts& parts, std::uint32_t flags) {
  const std::uint32_t refused = gates_of(flags) & parts.gates.closed() & call.session.common_gates;
  if (refused != 0) call.reply.error(parts.gates.error(refused));
  return refused == 0;
}

bool passes_gates(Call& call, const Runtime::Parts& parts, std::string_view text) {
  if ((gates_of(0) & parts.gates.closed()) == 0) return true;
  const auto shebang = read_shebang(text);
  // An error in this line is that of the script.
  return !shebang || passes_gates(call, parts, shebang.value().flags);
}

bool may_begin(Call& call, const Runtime::Parts& parts, std::uint32_t flags, Access access) {
  if ((flags & (kDeclaresNothing | kNoWrites)) != 0) return true;
  if (access == Access::read_only) {
    call.reply.error("ERR Can not execute a script with write flag using *_ro command.");
    return false;
  }
  if ((flags & kAllowOom) == 0 && !parts.executor.make_room_within()) {
    return call.reply.error(engine::errors::kOutOfMemory), false;
  }
  return true;
}

}  // namespace larder::scripting
