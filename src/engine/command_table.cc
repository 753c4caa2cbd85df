#include "larder/engine/command_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

#include "larder/base/text.h"
#include "larder/engine/gates.h"

namespace larder::engine {
namespace {

// Names differ early, so their first eight letters, folded to lower case, and the length
// tell most of them apart.
std::uint64_t folded_hash(std::string_view name) {
  std::uint64_t letters = 0;
  if (name.size() >= 8) {
    std::memcpy(&letters, name.data(), 8);
  } else {
    for (std::size_t i = 0; i < name.size(); ++i) {
      letters |= static_cast<std::uint64_t>(static_cast<unsigned char>(name[i])) << (8 * i);
    }
  }
  letters |= 0x2020202020202020u;
  letters ^= name.size() * 0x9e3779b97f4a7c15u;
  return (letters * 0xff51afd7ed558ccdu) >> 32;
}

std::string_view subcommand_part(std::string_view name) {
  const auto space = name.find(' ');
  return space == std::string_view::npos ? std::string_view{} : name.substr(space + 1);
}

BoundTools bind(const Command& row, const Toolbox& tools) {
  BoundTools bound{};
  for (std::size_t i = 0; i < kMostTools; ++i) {
    const ToolTag tag = row.handler.tools()[i];
    if (tag == nullptr) continue;
    bound[i] = tools.find(tag);
    if (bound[i] == nullptr) {
      throw std::runtime_error("no subsystem was lent that '" + std::string(row.name) + "' needs");
    }
  }
  return bound;
}

}  // namespace

std::string BoundCommand::full_name() const {
  return parent == nullptr ? name : parent->name + "|" + name;
}

CommandTable::CommandTable(std::span<const std::span<const Command>> families,
                           const Toolbox& tools) {
  for (const auto& rows : families) {
    for (const Command& row : rows) {
      auto bound = std::make_unique<BoundCommand>();
      bound->row = &row;
      bound->tools = bind(row, tools);
      bound->refusals = refusals(row.flags);
      bound->first_key = row.first_key();
      const std::string_view sub = subcommand_part(row.name);
      bound->name = sub.empty() ? row.name : sub;
      all_.push_back(std::move(bound));
    }
  }
  for (const auto& command : all_) {
    if (subcommand_part(command->row->name).empty()) sorted_.push_back(command.get());
  }
  rebuild();
  for (const auto& command : all_) {
    const std::string_view full = command->row->name;
    if (subcommand_part(full).empty()) continue;
    command->parent = lookup(full.substr(0, full.find(' ')));
    if (command->parent == nullptr) {
      throw std::runtime_error("no container for the subcommand '" + std::string(full) + "'");
    }
    command->parent->children.push_back(command.get());
  }
}

void CommandTable::rebuild() {
  std::sort(sorted_.begin(), sorted_.end(),
            [](const BoundCommand* a, const BoundCommand* b) { return a->name < b->name; });
  slots_.assign(std::bit_ceil(sorted_.size() * 4 + 1), nullptr);
  for (BoundCommand* command : sorted_) {
    if (lookup(command->name) != nullptr) {
      throw std::runtime_error("two commands are named '" + command->name + "'");
    }
    std::size_t slot = folded_hash(command->name) & (slots_.size() - 1);
    while (slots_[slot] != nullptr) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = command;
  }
}

BoundCommand* CommandTable::lookup(std::string_view name) const {
  std::size_t slot = folded_hash(name) & (slots_.size() - 1);
  for (; slots_[slot] != nullptr; slot = (slot + 1) & (slots_.size() - 1)) {
    if (base::equals_ignoring_case(slots_[slot]->name, name)) return slots_[slot];
  }
  return nullptr;
}

BoundCommand* CommandTable::resolve(resp::Args args) const {
  BoundCommand* command = lookup(args[0]);
  if (command == nullptr || !command->is_container() || args.size() < 2) return command;
  for (BoundCommand* child : command->children) {
    if (!base::equals_ignoring_case(child->name, args[1])) continue;
    return command->row->has(kTakesTheRest) && !child->row->arity.admits(args.size()) ? command
                                                                                      : child;
  }
  return command;
}

BoundCommand* CommandTable::find(std::string_view name) const {
  const auto bar = name.find('|');
  BoundCommand* command = lookup(name.substr(0, bar));
  if (command == nullptr || bar == std::string_view::npos) return command;
  for (BoundCommand* child : command->children) {
    if (base::equals_ignoring_case(child->name, name.substr(bar + 1))) return child;
  }
  return nullptr;
}

base::Result<void> CommandTable::rename(std::string_view from, std::string_view to) {
  BoundCommand* command = lookup(from);
  if (command == nullptr) return base::Error{"No such command in rename-command"};
  if (!to.empty() && lookup(to) != nullptr)
    return base::Error{"Target command name already exists"};
  if (to.empty()) {
    std::erase(sorted_, command);
  } else {
    command->name = base::lowered(to);
  }
  rebuild();
  return {};
}

void CommandTable::reset_stats() {
  for (const auto& command : all_) command->stats = {};
}

}  // namespace larder::engine
