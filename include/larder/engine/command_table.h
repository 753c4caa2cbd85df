#pragma once

// All commands by name, bound to the tools they asked for, with their statistics.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "larder/base/result.h"
#include "larder/engine/command.h"
#include "larder/engine/latency_histogram.h"
#include "larder/memory/audit.h"
#include "larder/resp/request.h"

namespace larder::engine {

struct CommandStats {
  std::uint64_t calls = 0;
  std::uint64_t cycles = 0;
  std::uint64_t rejected = 0;
  std::uint64_t failed = 0;
  std::uint64_t timed = 0;  // calls whose time has been charged
  LatencyHistogram latency;
};

struct BoundCommand {
  const Command* row = nullptr;
  BoundTools tools{};
  std::uint32_t refusals = 0;
  int first_key = 0;
  // A fast command with so many words, the fewest it takes, does little whatever they are, and
  // may be timed together with its like; 0 where that cannot be said.
  std::uint32_t small_words = 0;
  CommandStats stats;
  BoundCommand* parent = nullptr;
  std::vector<BoundCommand*> children;
  std::string name;      // as clients call it: renamed, subcommands without the parent
  std::uint32_t id = 0;  // its place in CommandTable::all()

  bool is_container() const { return !children.empty(); }
  bool is_absent() const { return row->has(kAbsent); }
  // To INFO and LATENCY it is one command with its subcommands: DEBUG.
  bool is_counted_whole() const { return is_container() && row->has(kTakesTheRest); }
  // Its own and those of its subcommands together.
  CommandStats whole_stats() const;
  // "config|get", as errors, COMMAND and INFO print it; whatever it was renamed to.
  std::string full_name() const;
};

class CommandTable final : public memory::Witness {
 public:
  // Binds every row of `families`; throws std::runtime_error naming the command when a tool
  // was not lent or a name stands twice.
  CommandTable(std::span<const std::span<const Command>> families, const Toolbox& tools);

  // The command that these arguments call: a container's subcommand where there is one.
  // nullptr when the name is unknown; a container itself when only its subcommand is.
  BoundCommand* resolve(resp::Args args) const;
  // By name alone, in any letter case: "get", "config|get".
  BoundCommand* find(std::string_view name) const;

  // All top-level commands, sorted by name.
  std::span<BoundCommand* const> commands() const { return sorted_; }

  // Every command and subcommand, those that were removed or are absent too.
  std::span<const std::unique_ptr<BoundCommand>> all() const { return all_; }
  // By the name that it was written with, in any letter case: "get", "config|get".
  const BoundCommand* find_original(std::string_view name) const;

  // rename-command: an empty new name removes the command. One that is absent stays unknown under
  // any name. The error is Redis's text.
  base::Result<void> rename(std::string_view from, std::string_view to);
  void reset_stats();

  // Tells the audit of the histograms: statistics.
  void testify(memory::Audit& audit) const override;

 private:
  // What a lookup reads before it touches the command.
  struct Slot {
    std::uint64_t letters = 0;
    std::uint32_t length = 0;
    bool letters_tell = false;  // letters and length are the whole name
    BoundCommand* command = nullptr;
  };

  BoundCommand* lookup(std::string_view name) const;
  // Of a container: the subcommand that is called, or the container itself.
  [[gnu::noinline]] static BoundCommand* resolve_child(BoundCommand* command, resp::Args args);
  void adopt(BoundCommand& command);
  bool is_taken(std::string_view name) const;
  void rebuild();

  std::vector<std::unique_ptr<BoundCommand>> all_;
  std::vector<BoundCommand*> sorted_;
  std::vector<const BoundCommand*> absent_;  // whose names rename-command may still give away
  std::vector<Slot> slots_;                  // open addressing by a hash of letters and length
  std::size_t mask_ = 0;                     // of slots_, whose number is a power of two
};

}  // namespace larder::engine
