#pragma once

// The latest refusals, for ACL LOG. Bounded: acllog-max-len entries, kLongestText for each of their
// texts, and kMostBytes for all of them.

#include <cstdint>
#include <string_view>

#include "larder/acl/held.h"
#include "larder/engine/access_control.h"

namespace larder::acl {

enum class Reason : std::uint8_t { command, key, channel, auth };

struct Refusal {
  Reason reason;
  engine::CommandContext occasion;
  std::string_view object;  // the command, key or channel; of a failed login the command's name
  std::string_view user;
  std::string_view client;  // its line of CLIENT LIST
};

class RefusalLog {
 public:
  // The same refusal within this time is counted in one entry.
  static constexpr std::int64_t kSameMs = 60'000;
  // How many of the newest entries are compared for this.
  static constexpr std::size_t kLookedAt = 10;
  static constexpr std::size_t kLongestText = 4096;
  static constexpr std::size_t kMostBytes = 4 << 20;

  struct Entry {
    std::uint64_t id;
    std::uint64_t count;
    Reason reason;
    engine::CommandContext occasion;
    std::int64_t created_ms;  // unix time
    std::int64_t updated_ms;
    Text object;
    Text user;
    Text client;
    Entry* newer = nullptr;
    Entry* older = nullptr;
  };

  RefusalLog() = default;
  ~RefusalLog() { clear(); }
  RefusalLog(const RefusalLog&) = delete;
  RefusalLog& operator=(const RefusalLog&) = delete;

  void add(const Refusal& refusal, std::int64_t now_ms, std::size_t most);
  // Forgets the oldest, also beyond kMostBytes.
  void trim(std::size_t most);
  void clear() { trim(0); }

  std::size_t size() const { return size_; }
  // The newest; Entry::older leads on.
  const Entry* newest() const { return newest_; }
  std::size_t held_bytes() const { return bytes_; }

 private:
  Entry* find_same(const Refusal& refusal, std::int64_t now_ms) const;
  void put_first(Entry& entry);
  void take_out(Entry& entry);

  Entry* newest_ = nullptr;
  Entry* oldest_ = nullptr;
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;  // at the allocator's sizes
  std::uint64_t next_id_ = 0;
};

}  // namespace larder::acl
