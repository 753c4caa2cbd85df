#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void strlen(Call& call) {
  const auto text = call.db.find<types::String>(call.key);
  if (text.wrong_type()) return call.reply.error(errors::kWrongType);
  call.reply.integer(text ? static_cast<std::int64_t>(text->size()) : 0);
}

}  // namespace

std::span<const engine::Command> string_strlen() {
  static constexpr Command kCommands[] = {
      {.name = "strlen",
       .family = Family::string,
       .arity = exactly(2),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO)},
       .handler = Handler::of<commands::strlen>(),
       .since = "2.2.0",
       .summary = "Returns the length of the string stored at a key.",
       .complexity = "O(1)",
       .arguments = "key:key#0"},
  };
  return kCommands;
}

}  // namespace larder::commands
