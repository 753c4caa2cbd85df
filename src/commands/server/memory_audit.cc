#include <optional>

#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/audit_walk.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/audit.h"

namespace larder::commands {
namespace {

using namespace engine;

// The error names every owner that differs, in one line; the table is for human readers.
std::string differences(const memory::Audit& audit) {
  std::string text = "ERR the ledger differs from the walk:";
  for (const auto& row : audit.rows()) {
    if (row.balanced()) continue;
    text += ' ';
    text += name(row.owner);
    text += " has " + std::to_string(row.ledger_bytes) + " in the ledger and " +
            std::to_string(*row.walked_bytes) + " walked;";
  }
  if (audit.store() && !audit.store()->balanced()) {
    text += " the page store has " + std::to_string(audit.store()->ledger_bytes) +
            " in the ledger and " + std::to_string(audit.store()->walked_bytes) + " walked" +
            (audit.store()->pages_agree ? ";" : ", and other pages than counted;");
  }
  if (audit.foreign_bytes()) {
    text += " beside the ledger " + std::to_string(*audit.foreign_bytes());
  }
  return text;
}

void answer(Call& call, const memory::Audit& audit) {
  if (!audit.balanced()) return call.reply.error(differences(audit));
  call.reply.verbatim("txt", audit.text());
}

// The progress of the walks over the page store and the keys. Reports its own bytes to the audit
// too: while its command runs, no other object does.
struct AuditProgress final : Progress, memory::AuditedOwner {
  using Progress::Progress;
  std::size_t bytes() const override {
    return memory::size_class(sizeof(AuditProgress)) + (walks ? walks->keys.held_bytes() : 0);
  }
  void report_bytes(memory::Audit& audit) const override {
    walks->keys.report_bytes(audit);
    audit.found(keyspace::AuditWalk::kOwner, static_cast<std::int64_t>(bytes()));
  }

  struct Walks {
    explicit Walks(keyspace::Keyspace& keyspace) : keys(keyspace) {}

    memory::StoreWalk store;
    bool is_store_counted = false;
    keyspace::AuditWalk keys;
  };
  // Nothing while it waits for other walks to end.
  std::optional<Walks> walks;
};

// True when the walks are over.
bool run_step(AuditProgress& progress, keyspace::Keyspace& keyspace) {
  if (!progress.walks) {
    if (keyspace.reserve_mark(keyspace::Entry::kAuditMark)) progress.walks.emplace(keyspace);
    return false;
  }
  AuditProgress::Walks& walks = *progress.walks;
  if (walks.is_store_counted) return walks.keys.step();
  walks.is_store_counted = walks.store.step();
  return false;
}

// Everything else is walked at the end, in one step.
void memory_audit(Call& call, memory::Auditor& auditor, keyspace::Keyspace& keyspace) {
  if (!call.session.may_block) return answer(call, auditor.run());
  auto progress = call.progress<AuditProgress>();
  if (progress == nullptr)
    progress.reset(new AuditProgress(call.long_commands, call.reply.buffer().pool()));
  while (!call.step_is_over()) {
    if (run_step(*progress, keyspace)) {
      return answer(call, auditor.run(keyspace, *progress, progress->walks->store));
    }
    if (!progress->walks) break;
  }
  call.continue_later(std::move(progress));
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
       .summary = "Compares the memory of all data structures with the ledger, owner by owner; "
                  "returns an error if they differ.",
       .complexity = "O(N) where N is the number of keys and of pages",
       .tips = "nondeterministic_output request_policy:all_shards response_policy:special"},
  };
  return kCommands;
}

}  // namespace larder::commands
