#include "larder/engine/command_table.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "larder/base/text.h"
#include "larder/engine/gates.h"

namespace larder::engine {
namespace {

constexpr std::size_t kLetters = sizeof(std::uint64_t);

// The first eight letters in lower case, or all of a shorter name: two names with equal length and
// equal letters are identical up to there, if one has only letters.
[[gnu::always_inline]] inline std::uint64_t folded_letters(std::string_view name) {
  constexpr std::uint64_t kLowerCase = 0x2020202020202020u;
  const char* text = name.data();
  const std::size_t size = name.size();
  if (size >= kLetters) {
    std::uint64_t letters;
    std::memcpy(&letters, text, sizeof letters);
    return letters | kLowerCase;
  }
  if (size >= 4) {
    std::uint32_t first;
    std::uint32_t last;
    std::memcpy(&first, text, sizeof first);
    std::memcpy(&last, text + size - 4, sizeof last);
    return (first | (std::uint64_t{last} << 32)) | kLowerCase;
  }
  if (size == 0) return kLowerCase;
  const auto letter = [text](std::size_t i) {
    return std::uint64_t{static_cast<unsigned char>(text[i])};
  };
  return (letter(0) | (letter(size / 2) << 8) | (letter(size - 1) << 16)) | kLowerCase;
}

std::size_t slot_hash(std::uint64_t letters, std::size_t length) {
  return ((letters ^ (length * 0x9e3779b97f4a7c15u)) * 0xff51afd7ed558ccdu) >> 32;
}

bool is_short_word(std::string_view name) {
  return name.size() <= kLetters &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
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
      throw std::runtime_error("no part of the server was registered that '" +
                               std::string(row.name) + "' needs");
    }
  }
  return bound;
}

}  // namespace

std::string BoundCommand::full_name() const {
  std::string full(row->name);
  if (const auto space = full.find(' '); space != std::string::npos) full[space] = '|';
  return full;
}

CommandStats BoundCommand::whole_stats() const {
  CommandStats sum;
  const auto add = [&sum](const CommandStats& part) {
    sum.calls += part.calls;
    sum.cycles += part.cycles;
    sum.rejected += part.rejected;
    sum.failed += part.failed;
    sum.timed += part.timed;
    sum.latency.add(part.latency);
  };
  add(stats);
  for (const BoundCommand* child : children) add(child->stats);
  return sum;
}

[[gnu::always_inline]] inline BoundCommand* CommandTable::lookup(std::string_view name) const {
  const std::uint64_t letters = folded_letters(name);
  std::size_t at = slot_hash(letters, name.size()) & mask_;
  for (; slots_[at].command != nullptr; at = (at + 1) & mask_) {
    const Slot& slot = slots_[at];
    if (slot.letters != letters || slot.length != name.size()) continue;
    if (slot.is_whole_name || base::equals_ignoring_case(slot.command->name, name)) {
      return slot.command;
    }
  }
  return nullptr;
}

CommandTable::CommandTable(std::span<const std::span<const Command>> families,
                           const Toolbox& tools) {
  for (const auto& rows : families) {
    for (const Command& row : rows) {
      auto bound = std::make_unique<BoundCommand>();
      bound->row = &row;
      bound->tools = bind(row, tools);
      bound->refusals = refusals(row.flags);
      bound->wants_room = row.wants_room();
      bound->first_key = row.first_key();
      if (row.has(kFast) && !row.has(kBlocks | kPubSub)) {
        bound->small_words = static_cast<std::uint32_t>(std::abs(row.arity.value));
      }
      const std::string_view sub = subcommand_part(row.name);
      bound->name = sub.empty() ? row.name : sub;
      bound->id = static_cast<std::uint32_t>(all_.size());
      all_.push_back(std::move(bound));
    }
  }
  for (const auto& command : all_) {
    if (!subcommand_part(command->row->name).empty()) continue;
    if (command->is_absent()) {
      absent_.push_back(command.get());
    } else {
      sorted_.push_back(command.get());
    }
  }
  rebuild();
  for (const BoundCommand* absent : absent_) {
    if (lookup(absent->name) != nullptr) {
      throw std::runtime_error("the absent command '" + absent->name + "' is there");
    }
  }
  for (const auto& command : all_) adopt(*command);
}

// Adds a subcommand to its container.
void CommandTable::adopt(BoundCommand& command) {
  const std::string_view full = command.row->name;
  if (subcommand_part(full).empty()) return;
  const std::string_view name = full.substr(0, full.find(' '));
  const auto parent = std::find_if(all_.begin(), all_.end(),
                                   [name](const auto& each) { return each->row->name == name; });
  if (parent == all_.end()) {
    throw std::runtime_error("no container for the subcommand '" + std::string(full) + "'");
  }
  command.parent = parent->get();
  command.parent->children.push_back(&command);
}

void CommandTable::rebuild() {
  std::sort(sorted_.begin(), sorted_.end(),
            [](const BoundCommand* a, const BoundCommand* b) { return a->name < b->name; });
  slots_.assign(std::bit_ceil(sorted_.size() * 4 + 1), Slot{});
  mask_ = slots_.size() - 1;
  for (BoundCommand* command : sorted_) {
    if (lookup(command->name) != nullptr) {
      throw std::runtime_error("two commands are named '" + command->name + "'");
    }
    const std::string_view name = command->name;
    const std::uint64_t letters = folded_letters(name);
    std::size_t slot = slot_hash(letters, name.size()) & mask_;
    while (slots_[slot].command != nullptr) slot = (slot + 1) & mask_;
    slots_[slot] = {letters, static_cast<std::uint32_t>(name.size()), is_short_word(name), command};
  }
}

BoundCommand* CommandTable::resolve(resp::Args args) const {
  BoundCommand* command = lookup(args[0]);
  if (__builtin_expect(command == nullptr || !command->is_container(), 1)) return command;
  return resolve_child(command, args);
}

BoundCommand* CommandTable::resolve_child(BoundCommand* command, resp::Args args) {
  if (args.size() < 2) return command;
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

const BoundCommand* CommandTable::find_original(std::string_view name) const {
  for (const auto& command : all_) {
    if (base::equals_ignoring_case(command->full_name(), name)) return command.get();
  }
  return nullptr;
}

bool CommandTable::is_taken(std::string_view name) const {
  return lookup(name) != nullptr ||
         std::any_of(absent_.begin(), absent_.end(), [name](const BoundCommand* each) {
           return base::equals_ignoring_case(each->name, name);
         });
}

base::Result<void> CommandTable::rename(std::string_view from, std::string_view to) {
  if (!is_taken(from)) return base::Error{"No such command in rename-command"};
  if (!to.empty() && is_taken(to)) return base::Error{"Target command name already exists"};
  BoundCommand* command = lookup(from);
  if (command == nullptr) {
    std::erase_if(absent_, [from](const BoundCommand* each) {
      return base::equals_ignoring_case(each->name, from);
    });
    return {};
  }
  if (to.empty()) {
    std::erase(sorted_, command);
  } else {
    command->name = base::lowered(to);
  }
  rebuild();
  return {};
}

void CommandTable::reset_stats() {
  for (const auto& command : all_) command->stats = CommandStats{};
}

void CommandTable::report_bytes(memory::Audit& audit) const {
  std::size_t bytes = 0;
  for (const auto& command : all_) bytes += command->stats.latency.held_bytes();
  audit.found(memory::Owner::statistics, static_cast<std::int64_t>(bytes));
}

}  // namespace larder::engine
