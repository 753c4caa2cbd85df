#include "admission.h"

#include "host.h"
#include "larder/base/numbers.h"
#include "shebang.h"

namespace larder::scripting {
namespace {

using engine::Call;

// The words ahead of the keys.
constexpr std::size_t kBefore = 3;

constexpr std::uint32_t kOfWrites = engine::bit(engine::Gate::disk_error) |
                                    engine::bit(engine::Gate::replicas) |
                                    engine::bit(engine::Gate::read_only);

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

// Within a transaction EXEC has waited.
bool are_writes_paused(const Call& call, const Runtime::Parts& parts) {
  const std::uint32_t closed = parts.gates.closed() & call.session.common_gates;
  return (closed & engine::bit(engine::Gate::paused_writes)) != 0 && call.may_run_again();
}

void wait_for_end_of_pause(Call& call) { call.waiters.paused().add(call.session); }

Interpreter::Arguments arguments_of(const Call& call, std::size_t keys) {
  return {.keys = call.args.subspan(kBefore, keys), .values = call.args.subspan(kBefore + keys)};
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
