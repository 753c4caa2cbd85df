#pragma once

// All commands by name, bound to their tools, with their statistics.

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
  bool wants_room = false;  // of the row
  int first_key = 0;
  // A fast command with this many words (the fewest it takes) does little work for any arguments,
  // and may be timed together with others of its kind; 0 if this is not known.
  std::uint32_t small_words = 0;
  CommandStats stats;
  BoundCommand* parent = nullptr;
  std::vector<BoundCommand*> children;
  std::string name;      // the name that clients use: renamed, subcommands without the parent
  std::uint32_t id = 0;  // its place in CommandTable::all()

  bool is_container() const { return !children.empty(); }
  bool is_absent() const { return row->has(kAbsent); }
  // INFO and LATENCY show it as one command with its subcommands: DEBUG.
  bool is_counted_whole() const { return is_container() && row->has(kTakesTheRest); }
  // The calls of the command and of its subcommands together.
  CommandStats whole_stats() const;
  // "config|get", as errors, COMMAND and INFO print it; not affected by renaming.
  std::string full_name() const;
};

class CommandTable final : public memory::AuditedOwner {
 public:
  // Binds every row of `families`; throws std::runtime_error with the command's name if a tool is
  // missing or a name occurs twice.
  CommandTable(std::span<const std::span<const Command>> families, const Toolbox& tools);

  // The command for these arguments: a container's subcommand if there is one. nullptr if the name
  // is unknown; a container itself if only its subcommand is unknown.
  BoundCommand* resolve(resp::Args args) const;
  // By name alone, in any letter case: "get", "config|get".
  BoundCommand* find(std::string_view name) const;

  // All top-level commands, sorted by name.
  std::span<BoundCommand* const> commands() const { return sorted_; }

  // Every command and subcommand, including those that were removed or are absent.
  std::span<const std::unique_ptr<BoundCommand>> all() const { return all_; }
  // By its original name, in any letter case: "get", "config|get".
  const BoundCommand* find_original(std::string_view name) const;

  // rename-command: an empty new name removes the command. An absent command stays unknown under
  // any name. The error is Redis's text.
  base::Result<void> rename(std::string_view from, std::string_view to);
  void reset_stats();

  // Reports the histograms to the audit: statistics.
  void report_bytes(memory::Audit& audit) const override;

 private:
  // The fields that a lookup reads before it reads the command.
  struct Slot {
    std::uint64_t letters = 0;
    std::uint32_t length = 0;
    bool is_whole_name = false;  // letters and length are the whole name
    BoundCommand* command = nullptr;
  };

  BoundCommand* lookup(std::string_view name) const;
  // For a container: the subcommand that is called, or the container itself.
  [[gnu::noinline]] static BoundCommand* resolve_child(BoundCommand* command, resp::Args args);
  void adopt(BoundCommand& command);
  bool is_taken(std::string_view name) const;
  void rebuild();

  std::vector<std::unique_ptr<BoundCommand>> all_;
  std::vector<BoundCommand*> sorted_;
  std::vector<const BoundCommand*> absent_;  // names that rename-command may still reassign
  std::vector<Slot> slots_;                  // open addressing by a hash of letters and length
  std::size_t mask_ = 0;                     // of slots_, whose number is a power of two
};

}  // namespace larder::engine
