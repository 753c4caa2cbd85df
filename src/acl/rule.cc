#include "larder/acl/rule.h"

#include <algorithm>

#include "larder/base/text.h"

namespace larder::acl {
namespace {

using Kind = Rule::Kind;

struct Word {
  std::string_view text;
  Kind kind;
};

constexpr Word kWords[] = {
    Word{"on", Kind::on},
    Word{"off", Kind::off},
    Word{"nopass", Kind::no_password},
    Word{"resetpass", Kind::reset_passwords},
    Word{"sanitize-payload", Kind::sanitize},
    Word{"skip-sanitize-payload", Kind::skip_sanitize},
    Word{"clearselectors", Kind::clear_selectors},
    Word{"reset", Kind::reset},
    Word{"allkeys", Kind::all_keys},
    Word{"~*", Kind::all_keys},
    Word{"resetkeys", Kind::reset_keys},
    Word{"allchannels", Kind::all_channels},
    Word{"&*", Kind::all_channels},
    Word{"resetchannels", Kind::reset_channels},
    Word{"allcommands", Kind::all_commands},
    Word{"+@all", Kind::all_commands},
    Word{"nocommands", Kind::no_commands},
    Word{"-@all", Kind::no_commands},
};

std::uint8_t permission(char letter) {
  if (base::upper(letter) == 'R') return kMayRead;
  return base::upper(letter) == 'W' ? kMayWrite : 0;
}

// "%RW~pattern": each letter once, and at least one.
Rule read_permissions(std::string_view word) {
  Rule rule{.kind = Kind::keys};
  std::uint8_t permissions = 0;
  std::size_t at = 1;
  for (; at < word.size() && word[at] != '~'; ++at) {
    const std::uint8_t one = permission(word[at]);
    if (one == 0 || (permissions & one) != 0) return rule;
    permissions |= one;
  }
  rule.permissions = permissions;
  rule.text = word.substr(std::min(at + 1, word.size()));
  return rule;
}

Rule read_command(std::string_view word) {
  const bool allowed = word.front() == '+';
  const std::string_view name = word.substr(1);
  if (name.empty() || name.front() != '@') {
    return {.kind = allowed ? Kind::allow : Kind::deny, .text = name};
  }
  return {.kind = allowed ? Kind::allow_category : Kind::deny_category, .text = name.substr(1)};
}

Rule read_keys(std::string_view word) {
  Rule rule =
      word.front() == '%'
          ? read_permissions(word)
          : Rule{.kind = Kind::keys, .permissions = kMayRead | kMayWrite, .text = word.substr(1)};
  if (has_blanks(rule.text)) rule.permissions = 0;
  return rule;
}

}  // namespace

Rule read_rule(std::string_view word) {
  for (const Word& known : kWords) {
    if (base::equals_ignoring_case(word, known.text)) return {.kind = known.kind};
  }
  if (word.empty()) return {};
  const std::string_view rest = word.substr(1);
  switch (word.front()) {
    case '>':
      return {.kind = Kind::add_password, .text = rest};
    case '<':
      return {.kind = Kind::remove_password, .text = rest};
    case '#':
      return {.kind = Kind::add_hash, .text = rest};
    case '!':
      return {.kind = Kind::remove_hash, .text = rest};
    case '~':
    case '%':
      return read_keys(word);
    case '&':
      return {.kind = Kind::channels, .text = rest};
    case '+':
    case '-':
      return read_command(word);
    case '(':
      if (word.back() != ')') return {};
      return {.kind = Kind::selector, .text = rest.substr(0, rest.size() - 1)};
    default:
      return {};
  }
}

std::string_view text(RuleError error) {
  switch (error) {
    case RuleError::no_such_command:
      return "Unknown command or category name in ACL";
    case RuleError::keys_after_all:
      return "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does "
             "not have any effect. Try 'resetkeys' to start with an empty list of patterns";
    case RuleError::channels_after_all:
      return "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and "
             "does not have any effect. Try 'resetchannels' to start with an empty list of "
             "channels";
    case RuleError::no_such_password:
      return "The password you are trying to remove from the user does not exist";
    case RuleError::bad_hash:
      return "The password hash must be exactly 64 characters and contain only lowercase "
             "hexadecimal characters";
    case RuleError::duplicate_user:
      return "Duplicate user found. A user can only be defined once in config files";
    case RuleError::first_argument_of_subcommand:
      return "Allowing first-arg of a subcommand is not supported";
    case RuleError::none:
    case RuleError::syntax:
      break;
  }
  return "Syntax error";
}

bool has_blanks(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; });
}

}  // namespace larder::acl
