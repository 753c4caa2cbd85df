#include <algorithm>
#include <iterator>

#include "../container_help.h"
#include "larder/base/log.h"
#include "larder/base/text.h"
#include "larder/config/registry.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/gates.h"
#include "larder/engine/host.h"
#include "larder/engine/settings.h"
#include "larder/info/info.h"

namespace larder::commands {
namespace {

using namespace engine;

void config_get(Call& call, config::Registry& registry) {
  const std::vector<std::string> patterns(call.args.begin() + 2, call.args.end());
  const auto found = registry.get(patterns);
  call.reply.map(found.size());
  for (const auto& [name, value] : found) {
    call.reply.bulk(name);
    call.reply.bulk(value);
  }
}

bool may_change_protected(const Settings& settings, const Session& session) {
  const auto permission = settings.enable_protected_configs.as<Permission>();
  return permission == Permission::yes ||
         (permission == Permission::local && session.peer().is_local());
}

// Directives that were set but do not act yet.
void log_directives_without_effect(const config::Registry& registry,
                                   const std::vector<std::pair<std::string, std::string>>& pairs,
                                   base::Log& log) {
  for (const auto& [name, ignored] : pairs) {
    const config::Directive* directive = registry.find(name);
    if (directive == nullptr || !directive->is_set_without_effect()) continue;
    log.warning("CONFIG SET of '" + std::string(directive->name()) + "', which has no effect yet.");
  }
}

// Limits the memory of settings. False if a value is longer, in which case the error has been sent.
bool have_sane_lengths(Call& call) {
  constexpr std::size_t kLongestValue = 64 << 10;
  for (std::size_t i = 2; i < call.size(); i += 2) {
    if (call.arg(i + 1).size() <= kLongestValue) continue;
    call.reply.error("ERR CONFIG SET failed (possibly related to argument '" +
                     std::string(call.arg(i).substr(0, 128)) + "') - argument is longer than " +
                     std::to_string(kLongestValue) + " bytes");
    return false;
  }
  return true;
}

void config_set(Call& call, config::Registry& registry, Settings& settings, GateBoard& gates,
                base::Log& log) {
  if (call.size() % 2 != 0) return call.reply.error(errors::kSyntax);
  if (!have_sane_lengths(call)) return;
  std::vector<std::pair<std::string, std::string>> pairs;
  for (std::size_t i = 2; i < call.size(); i += 2) pairs.emplace_back(call.arg(i), call.arg(i + 1));
  const config::SetConditions conditions{
      .protected_allowed = may_change_protected(settings, call.session),
      .loading = (gates.closed() & kLoadingGates) != 0,
  };
  const auto done = registry.set(pairs, conditions);
  if (!done) return call.reply.error(done.error().text);
  log_directives_without_effect(registry, pairs, log);
  call.reply.ok();
}

void config_rewrite(Call& call, config::Registry& registry, ConfigFile& file, base::Log& log) {
  if (file.path.empty()) {
    return call.reply.error("ERR The server is running without a config file");
  }
  const auto done = registry.rewrite(file.path);
  if (!done) {
    log.warning("CONFIG REWRITE failed: " + done.error().text);
    return call.reply.error(done.error().text);
  }
  log.notice("CONFIG REWRITE executed with success.");
  call.reply.ok();
}

void config_resetstat(Call& call, info::Reporter& reporter) {
  reporter.reset();
  call.reply.ok();
}

// The values of sensitive directives; command rows have no access to the registry.
bool is_secret_value(resp::Args args, std::size_t index) {
  static constexpr std::string_view kSensitive[] = {
      "requirepass", "masterauth",        "masteruser",
      "user",        "tls-key-file-pass", "tls-client-key-file-pass"};
  if (index < 3 || index % 2 == 0) return false;
  return std::any_of(std::begin(kSensitive), std::end(kSensitive), [&](std::string_view name) {
    return base::equals_ignoring_case(name, args[index - 1]);
  });
}

constexpr std::uint32_t kConfigFlags = kAdmin | kNoScript | kLoading | kStale;

}  // namespace

std::span<const engine::Command> server_config() {
  static constexpr Command kCommands[] = {
      {.name = "config",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kContainer,
       .since = "2.0.0",
       .summary = "Commands about the configuration.",
       .complexity = "As its subcommands"},
      {.name = "config get",
       .family = Family::server,
       .arity = at_least(3),
       .flags = kConfigFlags,
       .handler = Handler::of<config_get>(),
       .since = "2.0.0",
       .summary = "Returns the directives that match any of the patterns, with their values.",
       .complexity = "O(N) where N is the number of patterns",
       .arguments = "parameter:block*(parameter:string)"},
      {.name = "config help",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kLoading | kStale,
       .handler = Handler::of<container_help>(),
       .since = "5.0.0",
       .summary = "Lists these subcommands.",
       .complexity = "O(1)"},
      {.name = "config resetstat",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kConfigFlags,
       .handler = Handler::of<config_resetstat>(),
       .since = "2.0.0",
       .summary = "Sets the statistics that INFO shows back to zero.",
       .complexity = "O(1)",
       .tips = "request_policy:all_nodes response_policy:all_succeeded"},
      {.name = "config rewrite",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kConfigFlags,
       .handler = Handler::of<config_rewrite>(),
       .since = "2.8.0",
       .summary = "Brings the configuration file up to date with the directives' present values.",
       .complexity = "O(1)",
       .tips = "request_policy:all_nodes response_policy:all_succeeded"},
      {.name = "config set",
       .family = Family::server,
       .arity = at_least(4),
       .flags = kConfigFlags,
       .handler = Handler::of<config_set>(),
       .is_secret = is_secret_value,
       .since = "2.0.0",
       .summary = "Gives directives new values: all of them or, after an error, none.",
       .complexity = "O(N) where N is the number of directives",
       .arguments = "data:block*(parameter:string value:string)",
       .tips = "request_policy:all_nodes response_policy:all_succeeded"},
  };
  return kCommands;
}

}  // namespace larder::commands
