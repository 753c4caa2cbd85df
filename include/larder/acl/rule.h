#pragma once

// One word of ACL SETUSER in the syntax of Redis 7.2, parsed without users or commands. The syntax:
//
//   on off nopass resetpass >password <password #hash !hash reset
//   sanitize-payload skip-sanitize-payload (selector) clearselectors
//   ~pattern %R~pattern %W~pattern %RW~pattern allkeys resetkeys
//   &pattern allchannels resetchannels
//   +command -command +command|subcommand +command|first-argument +@category -@category
//   allcommands nocommands

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::acl {

// What a user may do with the keys of a pattern.
inline constexpr std::uint8_t kMayRead = 1;
inline constexpr std::uint8_t kMayWrite = 2;

struct Rule {
  enum class Kind : std::uint8_t {
    unknown,
    // Of the user.
    on,
    off,
    no_password,
    reset_passwords,
    add_password,
    add_hash,
    remove_password,
    remove_hash,
    sanitize,
    skip_sanitize,
    selector,
    clear_selectors,
    reset,
    // Of a selector.
    all_keys,
    reset_keys,
    keys,
    all_channels,
    reset_channels,
    channels,
    all_commands,
    no_commands,
    allow,
    deny,
    allow_category,
    deny_category,
  };

  Kind kind = Kind::unknown;
  std::uint8_t permissions = 0;  // of `keys`; 0 where they are written wrongly
  // Without the sign in front: a password, a hash, a pattern, the name of a command or category; of
  // a selector the text between the parentheses. Valid as long as the word.
  std::string_view text;
};

Rule read_rule(std::string_view word);

// Why a rule was refused.
enum class RuleError : std::uint8_t {
  none,
  syntax,
  no_such_command,
  keys_after_all,
  channels_after_all,
  no_such_password,
  bad_hash,
  duplicate_user,
  first_argument_of_subcommand,
};
// In Redis's words.
std::string_view text(RuleError error);

// Joins the words of selectors, which may be spread: "(+get" "~a)" is one word "(+get ~a)".
struct RuleWords {
  std::vector<std::string> words;
  std::optional<std::size_t> unclosed;  // the word whose parenthesis has no end
};
template <typename Words>
RuleWords join_selectors(const Words& words) {
  RuleWords joined;
  bool open = false;
  std::size_t opened_at = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const bool closes = !word.empty() && word.back() == ')';
    if (open) {
      joined.words.back() += ' ';
      joined.words.back() += word;
      open = !closes;
      continue;
    }
    joined.words.emplace_back(word);
    if (word.empty() || word.front() != '(') continue;
    open = !closes;
    opened_at = i;
  }
  if (open) joined.unclosed = opened_at;
  return joined;
}

// What is no name of a user, nor part of a pattern: blanks and NUL.
bool has_blanks(std::string_view text);

}  // namespace larder::acl
