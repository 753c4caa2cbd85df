#pragma once

// The compiled scripts by the SHA-1 of their texts. Those that came with EVAL leave when there are
// many of them, the one that was not used for the longest time first; those that SCRIPT LOAD
// brought stay until SCRIPT FLUSH.

#include <cstdint>
#include <vector>

#include "larder/memory/heap.h"
#include "sha1.h"

namespace larder::scripting {

struct Script {
  Sha sha;
  ShaHex name;           // the same as a text
  std::uint32_t flags;   // ScriptFlag
  int function;          // its reference in the interpreter
  std::uint64_t bytes;   // of the compiled form there
  bool is_kept = false;  // by SCRIPT LOAD
  Script* older = nullptr;
  Script* newer = nullptr;
};

class ScriptCache {
 public:
  ScriptCache() = default;
  ~ScriptCache();
  ScriptCache(const ScriptCache&) = delete;
  ScriptCache& operator=(const ScriptCache&) = delete;

  // Null if it is not there.
  Script* find(const Sha& sha) const;
  // By the 40 digits, in any case. Cost for the one that was found last: a comparison.
  Script* find_by_name(std::string_view name);
  // The script must not be there. The address is valid until the script is removed.
  Script& add(const Script& script);
  void remove(Script& script);
  // Marks the script as the one that was used last.
  void touch(Script& script);
  // Keeps the script until SCRIPT FLUSH.
  void keep(Script& script);

  // The next one to leave; null if there is none.
  Script* oldest() const { return oldest_; }

  std::size_t size() const { return size_; }
  std::size_t leaving() const { return leaving_; }
  // The bytes of compiled scripts that may leave, and of those that stay.
  std::uint64_t leaving_bytes() const { return leaving_bytes_; }
  std::uint64_t kept_bytes() const { return kept_bytes_; }
  // Of this index itself, at the allocator's sizes.
  std::size_t index_bytes() const;

  template <typename Fn>
  void for_each(Fn fn) const {
    for (Script* script : slots_) {
      if (script != nullptr) fn(*script);
    }
  }
  void clear();

 private:
  static constexpr auto kOwner = memory::Owner::scripts;

  std::size_t home(const Sha& sha) const;
  std::size_t slot_of(const Sha& sha) const;
  void grow();
  void link(Script& script);
  void unlink(Script& script);

  // Open addressing; at most half of the places are used.
  std::vector<Script*, memory::Allocator<Script*, kOwner>> slots_;
  std::size_t size_ = 0;
  std::size_t leaving_ = 0;
  std::uint64_t leaving_bytes_ = 0;
  std::uint64_t kept_bytes_ = 0;
  Script* oldest_ = nullptr;
  Script* newest_ = nullptr;
  Script* found_ = nullptr;  // the last result of find_by_name()
};

}  // namespace larder::scripting
