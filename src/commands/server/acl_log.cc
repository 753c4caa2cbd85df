#include <algorithm>

#include "larder/acl/directory.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

constexpr std::int64_t kDefaultEntries = 10;

std::string_view reason_name(acl::Reason reason) {
  switch (reason) {
    case acl::Reason::command:
      return "command";
    case acl::Reason::key:
      return "key";
    case acl::Reason::channel:
      return "channel";
    case acl::Reason::auth:
      break;
  }
  return "auth";
}

std::string_view context_name(CommandContext occasion) {
  switch (occasion) {
    case CommandContext::transaction:
      return "multi";
    case CommandContext::script:
      return "lua";
    case CommandContext::top_level:
      break;
  }
  return "toplevel";
}

void write_entry(resp::Writer& reply, const acl::RefusalLog::Entry& entry, std::int64_t now_ms) {
  constexpr std::uint64_t kFields = 10;
  reply.map(kFields);
  reply.bulk("count");
  reply.integer(static_cast<std::int64_t>(entry.count));
  reply.bulk("reason");
  reply.bulk(reason_name(entry.reason));
  reply.bulk("context");
  reply.bulk(context_name(entry.occasion));
  reply.bulk("object");
  reply.bulk(entry.object);
  reply.bulk("username");
  reply.bulk(entry.user);
  reply.bulk("age-seconds");
  reply.real(static_cast<double>(now_ms - entry.updated_ms) / 1000);
  reply.bulk("client-info");
  reply.bulk(entry.client);
  reply.bulk("entry-id");
  reply.integer(static_cast<std::int64_t>(entry.id));
  reply.bulk("timestamp-created");
  reply.integer(entry.created_ms);
  reply.bulk("timestamp-last-updated");
  reply.integer(entry.updated_ms);
}

void acl_log(Call& call, acl::Directory& directory) {
  if (call.size() > 3) {
    return call.reply.error("ERR unknown subcommand or wrong number of arguments for '" +
                            std::string(call.arg(1)) + "'. Try ACL HELP.");
  }
  ArgReader args(call, 2);
  std::int64_t most = kDefaultEntries;
  if (args.word("reset")) {
    directory.forget_refusals();
    return call.reply.ok();
  }
  if (args.more()) most = std::max<std::int64_t>(args.integer(), 0);
  if (args.failed()) return;
  const acl::RefusalLog& refusals = directory.refusals();
  std::uint64_t left = std::min<std::uint64_t>(static_cast<std::uint64_t>(most), refusals.size());
  call.reply.array(left);
  for (const auto* entry = refusals.newest(); left > 0 && !call.reply.drops();
       entry = entry->older, --left) {
    write_entry(call.reply, *entry, directory.now_ms());
  }
}

}  // namespace

std::span<const engine::Command> server_acl_log() {
  static constexpr Command kCommands[] = {
      {.name = "acl log",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kAdmin | kNoScript | kLoading | kStale,
       .handler = Handler::of<acl_log>(),
       .since = "6.0.0",
       .summary = "Lists the latest refusals, or removes them.",
       .complexity = "O(N) with N being the number of entries shown.",
       .arguments = "operation:oneof?(count:integer reset:pure-token@RESET)"},
  };
  return kCommands;
}

}  // namespace larder::commands
