#pragma once

// A set of permissions that must all hold for a command: which commands, on which keys, on which
// channels. A user has one, and further ones as alternatives.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "larder/acl/held.h"
#include "larder/acl/rule.h"
#include "larder/engine/access_control.h"
#include "larder/engine/command_table.h"
#include "larder/engine/keys.h"
#include "larder/resp/request.h"

namespace larder::acl {

// What is refused, and because of which argument.
struct Verdict {
  engine::Denied denied = engine::Denied::nothing;
  std::size_t position = 0;
};

// A call, with its keys looked for at most once.
class Request {
 public:
  Request(const engine::BoundCommand& command, resp::Args args) : command_(command), args_(args) {}

  const engine::BoundCommand& command() const { return command_; }
  resp::Args args() const { return args_; }
  const engine::KeySpans& keys();

 private:
  const engine::BoundCommand& command_;
  resp::Args args_;
  std::optional<engine::KeySpans> keys_;
};

class Selector {
 public:
  // The commands that may be run, by BoundCommand::id; and the rules that gave these permissions,
  // shortened as in Redis: a rule for a command replaces earlier rules for it and its subcommands.
  class Commands {
   public:
    RuleError apply(const Rule& rule, const engine::CommandTable& table);

    // May run everything, also with names that do not exist yet.
    bool all() const { return all_; }
    bool admits(const engine::BoundCommand& command, resp::Args args) const;
    std::string text() const;
    std::size_t held_bytes() const;

   private:
    struct FirstArgument {
      std::uint32_t command;
      Text argument;
    };

    void reset(bool allowed, const engine::CommandTable& table);
    void put(const engine::BoundCommand& command, bool allowed);
    RuleError allow(std::string_view name, const engine::CommandTable& table);
    RuleError allow_below(std::string_view name, const engine::CommandTable& table);
    RuleError deny(std::string_view name, const engine::CommandTable& table);
    RuleError put_category(const Rule& rule, const engine::CommandTable& table);
    void note(std::string_view name, bool allowed);

    bool all_ = false;
    bool starts_with_all_ = false;  // what text() begins with
    List<std::uint64_t> bits_;
    List<Text> rules_;
    List<FirstArgument> first_arguments_;
  };

  struct KeyPattern {
    Text pattern;
    std::uint8_t permissions;
  };

  // A rule that is not of a selector is a syntax error.
  RuleError apply(const Rule& rule, const engine::CommandTable& table);

  bool may_do_everything() const { return commands_.all() && all_keys_ && all_channels_; }
  Verdict check(Request& request) const;
  // Whether all of `permissions` hold for the key.
  bool admits_key(std::string_view key, std::uint8_t permissions) const;
  bool admits_command(const engine::BoundCommand& command, resp::Args args) const;

  // Some pattern is "*" and allows reading.
  bool may_read_all_keys() const;
  bool all_channels() const { return all_channels_; }
  const List<Text>& channels() const { return channels_; }

  // As ACL LIST and ACL GETUSER show them.
  std::string commands_text() const { return commands_.text(); }
  std::string keys_text() const;
  std::string channels_text() const;
  std::string text() const;

  std::size_t held_bytes() const;

 private:
  RuleError add_keys(const Rule& rule);
  RuleError add_channels(const Rule& rule);
  std::optional<std::size_t> refused_key(Request& request) const;
  std::optional<std::size_t> refused_channel(const Request& request) const;

  Commands commands_;
  bool all_keys_ = false;
  bool all_channels_ = false;
  List<KeyPattern> keys_;
  List<Text> channels_;
};

// Patterns are compared as texts: a pattern is admitted only if the list contains it.
bool admits_channel(const List<Text>& admitted, std::string_view channel, bool is_pattern);

}  // namespace larder::acl
