#pragma once

// ACL users with a few commands of the test.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "larder/acl/directory.h"
#include "larder/memory/audit.h"
#include "tests/engine/room.h"

namespace larder::acl {

inline void nothing(engine::Call& call) { call.reply.ok(); }

inline std::span<const engine::Command> rows() {
  using namespace engine;
  static constexpr Handler kHandler = Handler::of<nothing>();
  static constexpr Command kRows[] = {
      {.name = "read",
       .family = Family::string,
       .arity = at_least(2),
       .flags = kReads | kFast,
       .keys = {KeySpec::range(1, -1, 1, kRO | kAccess)},
       .handler = kHandler},
      {.name = "exists",
       .family = Family::generic,
       .arity = at_least(2),
       .flags = kReads | kFast,
       .categories = kKeyspace,
       .keys = {KeySpec::range(1, -1, 1, kRO)},
       .handler = kHandler},
      {.name = "write",
       .family = Family::string,
       .arity = exactly(3),
       .flags = kWrites,
       .keys = {KeySpec::one(1, kOW | kInsert)},
       .handler = kHandler},
      {.name = "copy",
       .family = Family::generic,
       .arity = exactly(3),
       .flags = kWrites,
       .categories = kKeyspace,
       .keys = {KeySpec::one(1, kRO | kAccess), KeySpec::one(2, kOW | kInsert)},
       .handler = kHandler},
      {.name = "publish",
       .family = Family::pubsub,
       .arity = exactly(3),
       .flags = kPubSub | kFast,
       .handler = kHandler},
      {.name = "subscribe",
       .family = Family::pubsub,
       .arity = at_least(2),
       .flags = kPubSub,
       .handler = kHandler},
      {.name = "psubscribe",
       .family = Family::pubsub,
       .arity = at_least(2),
       .flags = kPubSub,
       .handler = kHandler},
      {.name = "gone", .family = Family::server, .arity = exactly(1), .flags = kAdmin | kAbsent},
      {.name = "script",
       .family = Family::scripting,
       .arity = at_least(2),
       .flags = kContainer | kAbsent},
      {.name = "script load",
       .family = Family::scripting,
       .arity = exactly(3),
       .flags = kNoScript | kAbsent},
      {.name = "auth", .arity = at_least(2), .flags = kNoAuth, .handler = kHandler},
      {.name = "config", .family = Family::server, .arity = at_least(2)},
      {.name = "config get",
       .family = Family::server,
       .arity = at_least(3),
       .flags = kAdmin,
       .handler = kHandler},
      {.name = "config set",
       .family = Family::server,
       .arity = at_least(4),
       .flags = kAdmin,
       .handler = kHandler},
  };
  return kRows;
}

struct Commands {
  std::span<const engine::Command> family = rows();
  engine::CommandTable table{std::span(&family, 1), engine::Toolbox()};
  RuleContext context{table, false};

  // The powers that result from these rules; the last rule must be accepted.
  Powers powers(const std::vector<std::string>& rules) const {
    Powers made(context);
    for (const std::string& rule : rules) {
      EXPECT_EQ(made.apply(rule, context), RuleError::none) << rule;
    }
    return made;
  }
  Verdict check(const Powers& powers, std::vector<std::string> words) const {
    const std::vector<std::string_view> args(words.begin(), words.end());
    return powers.check(*table.resolve(args), args);
  }
  // '+' if the command is allowed; if it is denied, 'c' for the command, 'k' for a key, 'n' for a
  // channel.
  char ask(const Powers& powers, std::vector<std::string> words) const {
    return "+ckn"[static_cast<int>(check(powers, std::move(words)).denied)];
  }
};

}  // namespace larder::acl
