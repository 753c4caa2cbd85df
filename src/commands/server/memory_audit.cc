#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/memory/audit.h"

namespace larder::commands {
namespace {

using namespace engine;

// The error names every owner that differs, in one line; the table is for people.
std::string differences(const memory::Audit& audit) {
  std::string text = "ERR the books do not balance:";
  for (const auto& row : audit.rows()) {
    if (row.balanced()) continue;
    text += ' ';
    text += name(row.owner);
    text += " has " + std::to_string(row.ledger_bytes) + " in the ledger and " +
            std::to_string(*row.walked_bytes) + " walked;";
  }
  if (audit.foreign_bytes()) {
    text += " beside the ledger " + std::to_string(*audit.foreign_bytes());
  }
  return text;
}

void memory_audit(Call& call, memory::Auditor& auditor) {
  const memory::Audit audit = auditor.run();
  if (!audit.balanced()) return call.reply.error(differences(audit));
  call.reply.verbatim("txt", audit.text());
}

}  // namespace

std::span<const engine::Command> server_memory_audit() {
  static constexpr Command kCommands[] = {
      {.name = "memory audit",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kAdmin,
       .handler = Handler::of<memory_audit>(),
       .since = "7.2.0",
       .summary = "Walks everything that holds memory and compares it with the ledger, owner by "
                  "owner; an error when they differ.",
       .complexity = "O(N) where N is the number of keys",
       .tips = "nondeterministic_output request_policy:all_shards response_policy:special"},
  };
  return kCommands;
}

}  // namespace larder::commands
