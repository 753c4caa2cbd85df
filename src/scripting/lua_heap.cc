#include "lua_heap.h"

#include "host.h"
#include "larder/memory/heap.h"
#include "lua.h"

namespace larder::scripting {
namespace {

constexpr auto kOwner = memory::Owner::scripts;

std::size_t held(std::size_t bytes) { return bytes == 0 ? 0 : memory::size_class(bytes); }

}  // namespace

void* LuaHeap::allocate(void* heap, void* block, std::size_t old_bytes, std::size_t new_bytes) {
  auto& self = *static_cast<LuaHeap*>(heap);
  if (new_bytes != 0) return self.grow(block, old_bytes, new_bytes);
  if (old_bytes != 0) {
    memory::release(kOwner, block, old_bytes);
    self.bytes_ -= held(old_bytes);
  }
  return nullptr;
}

// Lua requires that making a block smaller never fails.
void* LuaHeap::grow(void* block, std::size_t old_bytes, std::size_t new_bytes) {
  const std::size_t before = held(old_bytes);
  const std::size_t after = held(new_bytes);
  if (after > before && refuses(after - before)) return nullptr;
  void* found;
  if (old_bytes == 0) {
    found = most_ == kNoLimit ? memory::allocate(kOwner, new_bytes)
                              : memory::try_allocate(kOwner, new_bytes);
  } else {
    found = after <= before || most_ == kNoLimit
                ? memory::reallocate(kOwner, block, old_bytes, new_bytes)
                : memory::try_reallocate(kOwner, block, old_bytes, new_bytes);
  }
  if (found != nullptr) bytes_ = bytes_ - before + after;
  return found;
}

void LuaHeap::request_check() {
  lua_State* const lua = running_.load(std::memory_order_relaxed);
  lua_sethook(lua, lua_gethook(lua), lua_gethookmask(lua), 1);
}

bool LuaHeap::refuses(std::uint64_t more) {
  if (__builtin_expect(until_refusal_ != 0, 0) && most_ != kNoLimit) {
    if (until_refusal_ == 1) return has_refused_ = true;
    --until_refusal_;
  }
  if (__builtin_expect(bytes_ + more <= most_, 1)) return false;
  if (!may_ask_) return true;
  may_ask_ = false;
  most_ = host_.most_heap_bytes(bytes_);
  return bytes_ + more > most_;
}

}  // namespace larder::scripting
