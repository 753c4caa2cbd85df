#pragma once

// The logs of slow commands, large requests and large replies, for SLOWLOG and COMMANDLOG. Three
// bounded lists, the newest entry first. An entry has at most 32 arguments of at most 128 bytes, so
// it takes at most about 5 KiB. A list takes at most kMostBytes, for any number of entries that the
// directives allow.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "larder/engine/observer.h"
#include "larder/memory/audit.h"

namespace larder::observe {

enum class LogKind : std::uint8_t { slow, large_request, large_reply };
inline constexpr std::size_t kLogKinds = 3;

class CommandLog final : public memory::AuditedOwner {
 public:
  static constexpr std::size_t kMostWords = 32;
  static constexpr std::size_t kMostWordBytes = 128;
  static constexpr std::size_t kMostBytes = 4 << 20;

  struct Entry {
    std::uint64_t id;  // increases within its list, also after entries were removed
    std::int64_t unix_s;
    std::int64_t value;  // microseconds, or bytes
    std::span<const std::string_view> words;
    std::string_view address;
    std::string_view name;
    std::size_t bytes;  // of the whole block
    Entry* newer;
    Entry* older;
  };

  CommandLog() = default;
  ~CommandLog() override;
  CommandLog(const CommandLog&) = delete;
  CommandLog& operator=(const CommandLog&) = delete;

  // Secrets are replaced, long arguments and long commands are truncated. Removes the oldest
  // entries beyond `most`, which is not 0, and beyond kMostBytes. One allocation.
  void add(LogKind kind, const engine::LoggedCommand& ran, std::int64_t value, std::int64_t unix_s,
           std::size_t most);
  // Forgets the oldest.
  void trim(LogKind kind, std::size_t most);
  void clear(LogKind kind) { trim(kind, 0); }

  std::size_t size(LogKind kind) const { return list(kind).size; }
  // At the allocator's sizes.
  std::size_t held_bytes(LogKind kind) const { return list(kind).bytes; }
  // The newest; Entry::older leads on.
  const Entry* newest(LogKind kind) const { return list(kind).newest; }

  // Reports all entries to the audit: statistics.
  void report_bytes(memory::Audit& audit) const override;

 private:
  struct List {
    Entry* newest = nullptr;
    Entry* oldest = nullptr;
    std::size_t size = 0;
    std::size_t bytes = 0;  // at the allocator's sizes
    std::uint64_t next_id = 0;
  };

  List& list(LogKind kind) { return lists_[static_cast<std::size_t>(kind)]; }
  const List& list(LogKind kind) const { return lists_[static_cast<std::size_t>(kind)]; }

  std::array<List, kLogKinds> lists_;
};

}  // namespace larder::observe
