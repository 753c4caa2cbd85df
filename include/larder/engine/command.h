#pragma once

// A command is a function and a constexpr row. All its properties (COMMAND INFO, DOCS and GETKEYS,
// ACL categories, the gates that refuse it, the keys to prefetch) are read from the row.

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "larder/engine/handler.h"

namespace larder::engine {

// COMMAND DOCS' group.
enum class Family : std::uint8_t {
  generic,
  string,
  list,
  set,
  sorted_set,
  hash,
  pubsub,
  transactions,
  connection,
  server,
  scripting,
  hyperloglog,
  cluster,
  geo,
  stream,
  bitmap,
};

// COMMAND INFO's flags; combine with |.
enum Flag : std::uint32_t {
  kWrites = 1u << 0,
  kReads = 1u << 1,
  kGrows = 1u << 2,  // denyoom
  kAdmin = 1u << 3,
  kPubSub = 1u << 4,
  kNoScript = 1u << 5,
  kBlocks = 1u << 6,
  kLoading = 1u << 7,
  kStale = 1u << 8,
  kSkipMonitor = 1u << 9,
  kSkipSlowlog = 1u << 10,
  kAsking = 1u << 11,
  kFast = 1u << 12,
  kNoAuth = 1u << 13,
  kMayReplicate = 1u << 14,
  kNoMulti = 1u << 15,
  kMovableKeys = 1u << 16,
  kAllowBusy = 1u << 17,
  kNoAsyncLoading = 1u << 18,
  kNoMandatoryKeys = 1u << 19,
  kProtected = 1u << 20,  // DEBUG, MODULE: need enable-*-command
  kTouchesArbitraryKeys = 1u << 21,
  kContainer = 1u << 22,       // has subcommands; without a handler it only resolves them
  kAlwaysTouches = 1u << 23,   // TOUCH: counts as a use even for clients with NO-TOUCH
  kTakesTheRest = 1u << 24,    // DEBUG: a container whose handler runs if no subcommand matches
  kNotQueued = 1u << 25,       // runs at once inside a transaction: DISCARD, WATCH, RESET
  kRunsQueue = 1u << 26,       // EXEC: refused if the queue's commands would be
  kForSubscribers = 1u << 27,  // what a RESP2 connection may send while it is subscribed
  kWhilePaused = 1u << 28,     // CLIENT: a client must be able to end its own pause
  kAbsent = 1u << 29,  // rename-command and ACL rules accept the name; no client can call it
  kShowsDiskErrors = 1u << 30,  // PING: refused as writes are, so that monitors notice
  kRunsScript = 1u << 31,       // EVAL: waits as its commands would
};

// ACL categories that neither the flags nor the family imply.
enum Category : std::uint32_t {
  kKeyspace = 1u << 0,
  kDangerous = 1u << 1,
  kConnection = 1u << 2,
  kSortable = 1u << 3,     // of lists, sets and sorted sets together
  kAdministers = 1u << 4,  // admin, without the flag
};

struct Arity {
  int value;  // as Redis: n exactly, -n at least; the command's own name counts
  constexpr bool admits(std::size_t arguments) const {
    return value >= 0 ? arguments == static_cast<std::size_t>(value)
                      : arguments >= static_cast<std::size_t>(-value);
  }
};
constexpr Arity exactly(int arguments) { return {arguments}; }
constexpr Arity at_least(int arguments) { return {-arguments}; }

// What a call does with the keys of a specification.
enum KeyFlag : std::uint32_t {
  kRW = 1u << 0,
  kRO = 1u << 1,
  kOW = 1u << 2,
  kRM = 1u << 3,
  kAccess = 1u << 4,
  kUpdate = 1u << 5,
  kInsert = 1u << 6,
  kDelete = 1u << 7,
  kNotKey = 1u << 8,
  kIncomplete = 1u << 9,
  kVariableFlags = 1u << 10,
  kUnlessNamed = 1u << 11,  // no key if the row's unspecified_key finds others: MIGRATE "" KEYS
};

// The positions of keys among the arguments.
struct KeySpec {
  enum class Begin : std::uint8_t { none, index, keyword };
  enum class Find : std::uint8_t { range, keynum };

  Begin begin = Begin::none;
  Find find = Find::range;
  int first = 0;  // index: position; keyword: where to start looking
  std::string_view keyword = {};
  int last = 0;  // range: relative to the first key, negative from the end
  int step = 1;
  int limit = 0;
  int keynum_index = 0;  // keynum: relative to begin
  int keynum_first = 1;
  std::uint32_t flags = 0;

  static constexpr KeySpec one(int position, std::uint32_t flags) {
    return {.begin = Begin::index, .first = position, .flags = flags};
  }
  // Keys from `position` to `last` (relative to it; negative counts from the end).
  static constexpr KeySpec range(int position, int last, int step, std::uint32_t flags) {
    return {.begin = Begin::index, .first = position, .last = last, .step = step, .flags = flags};
  }
  // A count at `position`, followed by the keys.
  static constexpr KeySpec counted(int position, std::uint32_t flags) {
    return {.begin = Begin::index, .find = Find::keynum, .first = position, .flags = flags};
  }
};
using KeySpecs = std::array<KeySpec, 3>;

struct Command {
  std::string_view name;  // lower case; a subcommand is "config get"
  Family family;
  Arity arity;
  std::uint32_t flags = 0;
  std::uint32_t categories = 0;
  // Has no effects, although its flags may mean some: CLIENT LIST, ACL LIST. If there is no room
  // for its reply, it runs again when there is.
  bool only_shows = false;
  // Makes data larger although Redis never refuses it at the limit: RENAME, EXPIRE. Room is made
  // for it as for kGrows; if there is none, it runs unless its words are large.
  bool extends = false;
  KeySpecs keys{};
  // For kVariableFlags: what a call with these arguments does with its keys.
  std::uint32_t (*key_flags)(std::span<const std::string_view> args) = nullptr;
  // If options decide: the position in this call at which the keys of the last specification begin,
  // 0 without any. Specifications that begin with a keyword, or nowhere, are then only for COMMAND.
  std::size_t (*unspecified_key)(std::span<const std::string_view> args) = nullptr;
  Handler handler{};
  // Whether an argument is a secret, which logs and MONITOR must not show. Null: none is.
  bool (*is_secret)(std::span<const std::string_view> args, std::size_t index) = nullptr;
  std::string_view since;
  std::string_view summary;
  std::string_view complexity = {};
  // COMMAND DOCS' arguments in a compact form, which larder/commands/argument_syntax.h describes.
  std::string_view arguments = {};
  // The tips of COMMAND INFO: words separated by spaces.
  std::string_view tips = {};
  // For COMMAND DOCS, if the command is deprecated.
  std::string_view deprecated_since = {};
  std::string_view replaced_by = {};
  // Of a command that runs a script: the gates that refuse a call because of what its script
  // declares (ask_first_tool). Asked when the call is queued; otherwise the handler looks itself.
  std::uint32_t (*declared_gates)(const BoundTools& tools,
                                  std::span<const std::string_view> args) = nullptr;

  constexpr bool has(std::uint32_t flag) const { return (flags & flag) != 0; }
  constexpr bool wants_room() const { return has(kGrows) || extends; }
  // Position of the first key; 0 when there is none at a fixed place.
  constexpr int first_key() const {
    return keys[0].begin == KeySpec::Begin::index && keys[0].find == KeySpec::Find::range &&
                   (keys[0].flags & kNotKey) == 0
               ? keys[0].first
               : 0;
  }
};

}  // namespace larder::engine
