#include <algorithm>

#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

// The bytes from start to end, both included; negative positions count from the end.
std::string_view slice(std::string_view text, std::int64_t start, std::int64_t end) {
  const auto size = static_cast<std::int64_t>(text.size());
  if (start < 0 && end < 0 && start > end) return {};
  if (start < 0) start = std::max<std::int64_t>(start + size, 0);
  if (end < 0) end = std::max<std::int64_t>(end + size, 0);
  end = std::min(end, size - 1);
  if (start > end) return {};
  return text.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start + 1));
}

void getrange(Call& call) {
  ArgReader args(call, 2);
  const std::int64_t start = args.integer();
  const std::int64_t end = args.integer();
  if (args.failed()) return;
  const auto value = call.db.find<types::String>(call.key);
  if (value.wrong_type()) return call.reply.error(errors::kWrongType);
  types::String::Scratch scratch;
  call.reply.bulk(value ? slice(value->text(scratch), start, end) : std::string_view());
}

}  // namespace

std::span<const engine::Command> string_getrange() {
  static constexpr Command kCommands[] = {
      {.name = "getrange",
       .family = Family::string,
       .arity = exactly(4),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<getrange>(),
       .since = "2.4.0",
       .summary = "Returns a part of the string stored at a key.",
       .complexity = "O(N) for N returned bytes",
       .arguments = "key:key#0 start:integer end:integer"},
      {.name = "substr",
       .family = Family::string,
       .arity = exactly(4),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<getrange>(),
       .since = "1.0.0",
       .summary = "Returns a part of the string stored at a key; GETRANGE's old name.",
       .complexity = "O(N) for N returned bytes",
       .arguments = "key:key#0 start:integer end:integer",
       .deprecated_since = "2.0.0",
       .replaced_by = "`GETRANGE`"},
  };
  return kCommands;
}

}  // namespace larder::commands
