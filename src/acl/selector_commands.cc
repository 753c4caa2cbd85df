#include <algorithm>

#include "larder/acl/selector.h"
#include "larder/base/text.h"
#include "larder/engine/categories.h"

namespace larder::acl {
namespace {

constexpr std::uint32_t kWordBits = 64;

// Whether a rule for `wider` includes the rule "+name" or "-name".
bool covers(std::string_view wider, std::string_view rule) {
  const std::string_view name = rule.substr(1);
  return name == wider ||
         (name.size() > wider.size() && name.starts_with(wider) && name[wider.size()] == '|');
}

}  // namespace

RuleError Selector::Commands::apply(const Rule& rule, const engine::CommandTable& table) {
  using Kind = Rule::Kind;
  switch (rule.kind) {
    case Kind::all_commands:
    case Kind::no_commands:
      reset(rule.kind == Kind::all_commands, table);
      return RuleError::none;
    case Kind::allow:
      return rule.text.find('|') == std::string_view::npos ? allow(rule.text, table)
                                                           : allow_below(rule.text, table);
    case Kind::deny:
      return deny(rule.text, table);
    case Kind::allow_category:
    case Kind::deny_category:
      return put_category(rule, table);
    default:
      return RuleError::syntax;
  }
}

void Selector::Commands::reset(bool allowed, const engine::CommandTable& table) {
  all_ = allowed;
  starts_with_all_ = allowed;
  bits_.assign((table.all().size() + kWordBits - 1) / kWordBits,
               allowed ? ~std::uint64_t{0} : std::uint64_t{0});
  rules_.clear();
  first_arguments_.clear();
}

void Selector::Commands::put(const engine::BoundCommand& command, bool allowed) {
  const std::size_t word = command.id / kWordBits;
  if (bits_.size() <= word) bits_.resize(word + 1);
  const std::uint64_t bit = std::uint64_t{1} << (command.id % kWordBits);
  if (allowed) {
    bits_[word] |= bit;
  } else {
    bits_[word] &= ~bit;
    all_ = false;
  }
  first_arguments_.erase(
      std::remove_if(first_arguments_.begin(), first_arguments_.end(),
                     [&](const FirstArgument& each) { return each.command == command.id; }),
      first_arguments_.end());
  for (const engine::BoundCommand* child : command.children) put(*child, allowed);
}

RuleError Selector::Commands::allow(std::string_view name, const engine::CommandTable& table) {
  const engine::BoundCommand* command = table.find_original(name);
  if (command == nullptr) return RuleError::no_such_command;
  put(*command, true);
  note(command->full_name(), true);
  return RuleError::none;
}

// A subcommand, or a command with one value of its first argument.
RuleError Selector::Commands::allow_below(std::string_view name,
                                          const engine::CommandTable& table) {
  const auto bar = name.rfind('|');
  const engine::BoundCommand* command = table.find_original(name.substr(0, bar));
  const std::string_view below = name.substr(bar + 1);
  if (command == nullptr) return RuleError::no_such_command;
  if (command->parent != nullptr) return RuleError::first_argument_of_subcommand;
  if (below.empty() || has_blanks(below)) return RuleError::syntax;
  if (command->is_container()) {
    const engine::BoundCommand* child = table.find_original(name);
    if (child == nullptr) return RuleError::no_such_command;
    put(*child, true);
  } else {
    const auto is_known = [&](const FirstArgument& each) {
      return each.command == command->id && base::equals_ignoring_case(each.argument, below);
    };
    if (std::none_of(first_arguments_.begin(), first_arguments_.end(), is_known)) {
      first_arguments_.push_back({command->id, Text(below)});
    }
  }
  note(name, true);
  return RuleError::none;
}

RuleError Selector::Commands::deny(std::string_view name, const engine::CommandTable& table) {
  const engine::BoundCommand* command = table.find_original(name);
  if (command == nullptr) return RuleError::no_such_command;
  put(*command, false);
  note(command->full_name(), false);
  return RuleError::none;
}

RuleError Selector::Commands::put_category(const Rule& rule, const engine::CommandTable& table) {
  const auto category = engine::acl_category(rule.text);
  if (!category) return RuleError::no_such_command;
  const bool allowed = rule.kind == Rule::Kind::allow_category;
  note("@" + std::string(rule.text), allowed);
  for (const auto& command : table.all()) {
    if ((engine::acl_categories(*command->row) & *category) != 0) put(*command, allowed);
  }
  return RuleError::none;
}

void Selector::Commands::note(std::string_view name, bool allowed) {
  const std::string lowered = base::lowered(name);
  rules_.erase(std::remove_if(rules_.begin(), rules_.end(),
                              [&](const Text& rule) { return covers(lowered, rule); }),
               rules_.end());
  rules_.emplace_back(allowed ? "+" : "-");
  rules_.back() += lowered;
}

bool Selector::Commands::admits(const engine::BoundCommand& command, resp::Args args) const {
  const std::size_t word = command.id / kWordBits;
  if (word < bits_.size() && (bits_[word] >> (command.id % kWordBits) & 1) != 0) return true;
  if (args.size() < 2) return false;
  return std::any_of(
      first_arguments_.begin(), first_arguments_.end(), [&](const FirstArgument& each) {
        return each.command == command.id && base::equals_ignoring_case(each.argument, args[1]);
      });
}

std::string Selector::Commands::text() const {
  std::string text = starts_with_all_ ? "+@all" : "-@all";
  for (const Text& rule : rules_) {
    text += ' ';
    text += rule;
  }
  return text;
}

std::size_t Selector::Commands::held_bytes() const {
  std::size_t bytes =
      acl::held_bytes(bits_) + acl::held_bytes(rules_) + acl::held_bytes(first_arguments_);
  for (const Text& rule : rules_) bytes += acl::held_bytes(rule);
  for (const FirstArgument& each : first_arguments_) bytes += acl::held_bytes(each.argument);
  return bytes;
}

}  // namespace larder::acl
