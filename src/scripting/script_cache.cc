#include "script_cache.h"

#include <string_view>
#include <utility>

#include "larder/base/hash.h"

namespace larder::scripting {
namespace {

constexpr std::size_t kFirstSlots = 16;

}  // namespace

ScriptCache::~ScriptCache() { clear(); }

// By the keyed hash: a client could find texts whose SHA-1 begin with the same digits.
std::size_t ScriptCache::home(const Sha& sha) const {
  const std::string_view bytes(reinterpret_cast<const char*>(sha.data()), sha.size());
  return base::hash_bytes(bytes) & (slots_.size() - 1);
}

// Where the script is, or would be. There are slots.
std::size_t ScriptCache::slot_of(const Sha& sha) const {
  std::size_t at = home(sha);
  while (slots_[at] != nullptr && slots_[at]->sha != sha) at = (at + 1) & (slots_.size() - 1);
  return at;
}

Script* ScriptCache::find(const Sha& sha) const {
  return slots_.empty() ? nullptr : slots_[slot_of(sha)];
}

Script* ScriptCache::find_by_name(std::string_view name) {
  if (found_ != nullptr && name == std::string_view(found_->name.data(), found_->name.size())) {
    return found_;
  }
  const auto sha = parse_sha(name);
  found_ = sha ? find(*sha) : nullptr;
  return found_;
}

void ScriptCache::grow() {
  const auto before = std::exchange(slots_, {});
  slots_.resize(before.empty() ? kFirstSlots : 2 * before.size());
  for (Script* script : before) {
    if (script != nullptr) slots_[slot_of(script->sha)] = script;
  }
}

Script& ScriptCache::add(const Script& script) {
  if (2 * (size_ + 1) > slots_.size()) grow();
  Script* const added = memory::make<Script>(kOwner, script);
  slots_[slot_of(script.sha)] = added;
  ++size_;
  if (added->is_kept) {
    kept_bytes_ += added->bytes;
  } else {
    link(*added);
  }
  return *added;
}

void ScriptCache::link(Script& script) {
  script.older = newest_;
  script.newer = nullptr;
  (newest_ == nullptr ? oldest_ : newest_->newer) = &script;
  newest_ = &script;
  ++leaving_;
  leaving_bytes_ += script.bytes;
}

void ScriptCache::unlink(Script& script) {
  (script.older == nullptr ? oldest_ : script.older->newer) = script.newer;
  (script.newer == nullptr ? newest_ : script.newer->older) = script.older;
  --leaving_;
  leaving_bytes_ -= script.bytes;
}

void ScriptCache::touch(Script& script) {
  if (script.is_kept || newest_ == &script) return;
  unlink(script);
  link(script);
}

void ScriptCache::keep(Script& script) {
  if (script.is_kept) return;
  unlink(script);
  script.is_kept = true;
  kept_bytes_ += script.bytes;
}

// The scripts behind it in the same row of slots move up.
void ScriptCache::remove(Script& script) {
  if (found_ == &script) found_ = nullptr;
  script.is_kept ? static_cast<void>(kept_bytes_ -= script.bytes) : unlink(script);
  const std::size_t mask = slots_.size() - 1;
  std::size_t hole = slot_of(script.sha);
  for (std::size_t at = (hole + 1) & mask; slots_[at] != nullptr; at = (at + 1) & mask) {
    const std::size_t from_home = (at - home(slots_[at]->sha)) & mask;
    if (from_home < ((at - hole) & mask)) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = nullptr;
  --size_;
  memory::destroy(kOwner, &script);
}

void ScriptCache::clear() {
  for (Script* script : slots_) {
    if (script != nullptr) memory::destroy(kOwner, script);
  }
  std::exchange(slots_, {});
  size_ = leaving_ = 0;
  leaving_bytes_ = kept_bytes_ = 0;
  oldest_ = newest_ = found_ = nullptr;
}

std::size_t ScriptCache::index_bytes() const {
  const std::size_t list = slots_.capacity() * sizeof(Script*);
  return (list == 0 ? 0 : memory::size_class(list)) + size_ * memory::size_class(sizeof(Script));
}

}  // namespace larder::scripting
