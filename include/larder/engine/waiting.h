#pragma once

// The data structures of the waiters. A parked command has a place in the queue of each of its
// keys; the command, its places and its copied words are one block.
//
//   ParkedCommand | Place x keys | word views | bytes of the words
//                     |
//   WaitedKey --> Place <-> Place <-> Place      in the order of blocking

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "larder/base/hash.h"
#include "larder/engine/wait.h"
#include "larder/memory/heap.h"
#include "larder/types/table.h"

namespace larder::engine {

struct BoundCommand;
class Progress;
class Session;
struct ParkedCommand;
struct WaitedKey;

struct Place {
  ParkedCommand* command;
  WaitedKey* key;
  Place* previous;
  Place* next;
};

struct ParkedCommand {
  static constexpr std::size_t kNoDeadline = ~std::size_t{0};

  Session* session;  // null if its wait is over and its places are being freed
  BoundCommand* bound;
  resp::Args words;
  std::span<Place> places;
  std::size_t bytes;            // of the whole block
  std::uint64_t request_bytes;  // of the words, as a request
  std::int64_t deadline_us;     // steady clock; ignored if kNoDeadline
  std::size_t deadline_at;      // its position among the deadlines
  std::uint64_t rivals;
  types::Type type;
  WaitMode mode;
  WaitEnd end;
  bool wakes_when_gone;
  std::uint64_t cycles;  // that its runs have taken so far

  std::uint64_t position = 0;  // of the journal, that it waits for; 0 if it does not
  bool is_reached = false;

  // Of a command that continues in later turns: its progress, null while it runs, and its
  // neighbours in the queue of such commands. The neighbours are also those of a command that waits
  // for a position.
  Progress* progress = nullptr;
  bool waits_for_memory = false;
  ParkedCommand* previous = nullptr;
  ParkedCommand* next = nullptr;
};

// A key that a session waits for; its name follows it in the same block.
struct WaitedKey {
  int db;
  std::size_t name_bytes;
  std::uint64_t hash;
  Place* first = nullptr;
  Place* last = nullptr;
  std::array<std::uint32_t, types::kTypes> by_type{};  // sessions waiting for this type
  std::uint32_t when_gone = 0;                         // sessions that wait for its removal
  // All in the queue so far have been rivals for values of one type.
  bool uniform = true;

  // While it is ready: its neighbours in the order of readiness, the place that is tried next,
  // whether trying has begun, and whether the key has changed again since.
  WaitedKey* previous_ready = nullptr;
  WaitedKey* next_ready = nullptr;
  Place* cursor = nullptr;
  bool ready = false;
  bool under_way = false;
  bool again = false;
  bool has_value = false;  // when it was tried last

  std::string_view name() const { return {reinterpret_cast<const char*>(this + 1), name_bytes}; }
  std::size_t bytes() const { return sizeof(WaitedKey) + name_bytes; }
};

struct WaitedKeyTraits {
  using Element = WaitedKey;
  static constexpr memory::Owner kOwner = memory::Owner::client_input;
  static std::string_view key(const WaitedKey& key) { return key.name(); }
  static std::uint64_t hash(const WaitedKey& key) { return key.hash; }
};

}  // namespace larder::engine
