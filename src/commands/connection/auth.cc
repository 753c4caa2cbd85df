#include <optional>

#include "larder/acl/directory.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/identity.h"
#include "session_name.h"

namespace larder::commands {
namespace {

using namespace engine;

constexpr std::string_view kWrongPassword =
    "WRONGPASS invalid username-password pair or user is disabled.";
constexpr std::string_view kNoPassword =
    "ERR AUTH <password> called without any password configured for the default user. Are you sure "
    "your configuration is correct?";
constexpr std::string_view kHelloNoAuth =
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
    "<proto> "
    "AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol "
    "version at the same time";

void auth(Call& call, acl::Directory& directory) {
  if (call.size() > 3) return call.reply.error(errors::kSyntax);
  const bool named = call.size() == 3;
  if (!named && !directory.password_required()) return call.reply.error(kNoPassword);
  const acl::Directory::Login login{.user = named ? call.arg(1) : "default",
                                    .password = call.args.back(),
                                    .command = call.arg(0)};
  if (!directory.log_in(call.session, login)) return call.reply.error(kWrongPassword);
  call.reply.ok();
}

// All arguments of AUTH; for HELLO, the two words after AUTH.
bool is_secret_of_auth(resp::Args, std::size_t index) { return index > 0; }
bool is_secret_of_hello(resp::Args args, std::size_t index) {
  const auto is_auth = [args](std::size_t at) {
    return at >= 2 && at < args.size() && base::equals_ignoring_case(args[at], "AUTH");
  };
  return index > 2 && (is_auth(index - 1) || is_auth(index - 2));
}

void describe_server(Call& call) {
  resp::Writer& reply = call.reply;
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk(kCompatibleVersion);
  reply.bulk("proto");
  reply.integer(static_cast<int>(reply.protocol()));
  reply.bulk("id");
  reply.integer(static_cast<std::int64_t>(call.session.id));
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.array(0);
}

void hello(Call& call, acl::Directory& directory) {
  std::int64_t version = 0;
  std::optional<acl::Directory::Login> login;
  std::optional<std::string_view> name;
  ArgReader options(call, 1);
  if (options.more())
    version = options.integer("ERR Protocol version is not an integer or out of range");
  if (options.failed()) return;
  if (call.size() > 1 && version != 2 && version != 3) {
    return call.reply.error("NOPROTO unsupported protocol version");
  }
  while (options.more()) {
    if (options.left() >= 3 && options.word("AUTH")) {
      login.emplace();
      login->user = options.text();
      login->password = options.text();
      login->command = call.arg(0);
    } else if (options.option("SETNAME")) {
      name = options.text();
      if (!is_session_name(*name)) return call.reply.error(kBadSessionName);
    } else {
      return call.reply.error("ERR Syntax error in HELLO option '" + std::string(options.text()) +
                              "'");
    }
  }
  if (login && !directory.log_in(call.session, *login)) {
    return call.reply.error(kWrongPassword);
  }
  if (!call.session.logged_in) return call.reply.error(kHelloNoAuth);
  if (name) call.session.name.assign(*name);
  if (version != 0) call.reply.protocol(static_cast<resp::Protocol>(version));
  describe_server(call);
}

constexpr std::uint32_t kLogInFlags = kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy;

}  // namespace

std::span<const engine::Command> connection_auth() {
  static constexpr Command kCommands[] = {
      {.name = "auth",
       .family = Family::connection,
       .arity = at_least(2),
       .flags = kLogInFlags,
       .handler = Handler::of<auth>(),
       .is_secret = is_secret_of_auth,
       .since = "1.0.0",
       .summary = "Authenticates the connection.",
       .complexity = "O(N) where N is the number of passwords of the user",
       .arguments = "username:string? password:string"},
      {.name = "hello",
       .family = Family::connection,
       .arity = at_least(1),
       .flags = kLogInFlags,
       .handler = Handler::of<hello>(),
       .is_secret = is_secret_of_hello,
       .since = "6.0.0",
       .summary = "Selects the protocol, and optionally authenticates and names the connection.",
       .complexity = "O(1)",
       .arguments = "arguments:block?(protover:integer username_password:block@AUTH?"
                    "(username:string password:string) clientname:string@SETNAME?)"},
  };
  return kCommands;
}

}  // namespace larder::commands
