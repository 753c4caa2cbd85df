#include "../container_help.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "session_name.h"

namespace larder::commands {
namespace {

using namespace engine;

void client_id(Call& call) { call.reply.integer(static_cast<std::int64_t>(call.session.id)); }

void client_getname(Call& call) {
  if (call.session.name.empty()) return call.reply.null();
  call.reply.bulk(call.session.name);
}

void client_setname(Call& call) {
  if (!is_session_name(call.arg(2))) return call.reply.error(kBadSessionName);
  call.session.name.assign(call.arg(2));
  call.reply.ok();
}

void client_setinfo(Call& call) {
  const std::string_view attribute = call.arg(2);
  const bool is_name = base::equals_ignoring_case(attribute, "lib-name");
  if (!is_name && !base::equals_ignoring_case(attribute, "lib-ver")) {
    return call.reply.error("ERR Unrecognized option '" + std::string(attribute) + "'");
  }
  if (!is_session_name(call.arg(3))) {
    return call.reply.error("ERR " + std::string(attribute) +
                            " cannot contain spaces, newlines or special characters.");
  }
  (is_name ? call.session.library_name : call.session.library_version).assign(call.arg(3));
  call.reply.ok();
}

// Reads the one argument ON or OFF; answers it, or the error.
void switch_flag(Call& call, bool& flag) {
  ArgReader args(call, 2);
  if (args.word("on")) {
    flag = true;
  } else if (args.word("off")) {
    flag = false;
  } else {
    return call.reply.error(errors::kSyntax);
  }
  call.reply.ok();
}

void client_no_evict(Call& call) { switch_flag(call, call.session.no_evict); }
void client_no_touch(Call& call) { switch_flag(call, call.session.no_touch); }

void client_reply(Call& call) {
  ArgReader args(call, 2);
  if (args.word("on")) {
    call.session.reply_mode = ReplyMode::on;
    call.reply.mute(false);
    call.reply.ok();
  } else if (args.word("off")) {
    call.session.reply_mode = ReplyMode::off;
  } else if (args.word("skip")) {
    if (call.session.reply_mode != ReplyMode::off) call.session.reply_mode = ReplyMode::skip_next;
  } else {
    call.reply.error(errors::kSyntax);
  }
}

constexpr std::uint32_t kClientFlags = kNoScript | kLoading | kStale | kWhilePaused;

}  // namespace

std::span<const engine::Command> connection_client() {
  static constexpr Command kCommands[] = {
      {.name = "client",
       .family = Family::connection,
       .arity = at_least(2),
       .since = "2.4.0",
       .summary = "Commands about connections.",
       .complexity = "Depends on subcommand."},
      {.name = "client help",
       .family = Family::connection,
       .arity = exactly(2),
       .flags = kLoading | kStale | kWhilePaused,
       .handler = Handler::of<container_help>(),
       .since = "5.0.0",
       .summary = "Lists the subcommands.",
       .complexity = "O(1)"},
      {.name = "client id",
       .family = Family::connection,
       .arity = exactly(2),
       .flags = kClientFlags,
       .handler = Handler::of<client_id>(),
       .since = "5.0.0",
       .summary = "Returns the id of this connection.",
       .complexity = "O(1)"},
      {.name = "client getname",
       .family = Family::connection,
       .arity = exactly(2),
       .flags = kClientFlags,
       .handler = Handler::of<client_getname>(),
       .since = "2.6.9",
       .summary = "Returns the name of this connection.",
       .complexity = "O(1)"},
      {.name = "client setname",
       .family = Family::connection,
       .arity = exactly(3),
       .flags = kClientFlags,
       .handler = Handler::of<client_setname>(),
       .since = "2.6.9",
       .summary = "Sets the name of this connection.",
       .complexity = "O(1)",
       .arguments = "connection-name:string"},
      {.name = "client setinfo",
       .family = Family::connection,
       .arity = exactly(4),
       .flags = kClientFlags,
       .handler = Handler::of<client_setinfo>(),
       .since = "7.2.0",
       .summary = "Sets the name or the version of the connection's client library.",
       .complexity = "O(1)",
       .arguments = "attr:oneof(libname:string@LIB-NAME libver:string@LIB-VER)",
       .tips = "request_policy:all_nodes response_policy:all_succeeded"},
      {.name = "client no-evict",
       .family = Family::connection,
       .arity = exactly(3),
       .flags = kAdmin | kClientFlags,
       .handler = Handler::of<client_no_evict>(),
       .since = "7.0.0",
       .summary = "Exempts this connection from the eviction of clients.",
       .complexity = "O(1)",
       .arguments = "enabled:oneof(on:pure-token@ON off:pure-token@OFF)"},
      {.name = "client no-touch",
       .family = Family::connection,
       .arity = exactly(3),
       .flags = kClientFlags,
       .handler = Handler::of<client_no_touch>(),
       .since = "7.2.0",
       .summary = "Commands of this connection do not change when keys were last used.",
       .complexity = "O(1)",
       .arguments = "enabled:oneof(on:pure-token@ON off:pure-token@OFF)"},
      {.name = "client reply",
       .family = Family::connection,
       .arity = exactly(3),
       .flags = kClientFlags,
       .handler = Handler::of<client_reply>(),
       .since = "3.2.0",
       .summary = "Turns the replies to this connection on or off.",
       .complexity = "O(1)",
       .arguments = "action:oneof(on:pure-token@ON off:pure-token@OFF skip:pure-token@SKIP)"},
  };
  return kCommands;
}

}  // namespace larder::commands
