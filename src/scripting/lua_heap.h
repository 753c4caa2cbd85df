#pragma once

// The memory of one interpreter: charged to Owner::scripts, and bounded. A run that needs more than
// its limit gets Lua's error "not enough memory".

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

struct lua_State;

namespace larder::scripting {

class Host;

class LuaHeap {
 public:
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  explicit LuaHeap(Host& host) : host_(host) {}
  LuaHeap(const LuaHeap&) = delete;
  LuaHeap& operator=(const LuaHeap&) = delete;

  Host& host() { return host_; }

  // The interpreter's allocator (lua_Alloc).
  static void* allocate(void* heap, void* block, std::size_t old_bytes, std::size_t new_bytes);

  // At the allocator's sizes.
  std::uint64_t bytes() const { return bytes_; }
  // From now on the heap may hold `most` bytes; before it refuses more, it calls the host once for
  // a higher limit.
  void limit(std::uint64_t most) {
    most_ = most;
    may_ask_ = true;
  }
  // The same without a call of the host.
  void limit_strictly(std::uint64_t most) {
    most_ = most;
    may_ask_ = false;
  }
  // More than half of what it may have is in use.
  bool is_nearly_full() const { return bytes_ > most_ / 2; }
  // Without a limit: until the next call of limit() an allocation fails only if the system has no
  // memory, which ends the process.
  void must_succeed() { most_ = kNoLimit; }

  // The coroutine, or the state itself, that runs, and its next count hook at once: before the next
  // instruction. A handler of a signal may call request_check().
  void runs(lua_State* coroutine) { running_.store(coroutine, std::memory_order_relaxed); }
  void request_check();

  // For tests: the allocation with this number, counted from now on, and all later ones fail while
  // there is a limit. 0: none fails. Only growing counts.
  void refuse_from(std::uint64_t number) {
    until_refusal_ = number;
    has_refused_ = false;
  }
  bool has_refused() const { return has_refused_; }

 private:
  void* grow(void* block, std::size_t old_bytes, std::size_t new_bytes);
  bool refuses(std::uint64_t more);

  Host& host_;
  std::uint64_t bytes_ = 0;
  std::uint64_t most_ = kNoLimit;
  std::uint64_t until_refusal_ = 0;
  std::atomic<lua_State*> running_ = nullptr;
  bool may_ask_ = false;
  bool has_refused_ = false;
};

}  // namespace larder::scripting
