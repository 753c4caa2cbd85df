#include "larder/acl/refusal_log.h"

namespace larder::acl {
namespace {

std::string_view shortened(std::string_view text) {
  return text.substr(0, RefusalLog::kLongestText);
}

std::size_t bytes_of(const RefusalLog::Entry& entry) {
  return memory::size_class(sizeof entry) + held_bytes(entry.object) + held_bytes(entry.user) +
         held_bytes(entry.client);
}

}  // namespace

RefusalLog::Entry* RefusalLog::find_same(const Refusal& refusal, std::int64_t now_ms) const {
  std::size_t looked_at = 0;
  for (Entry* entry = newest_; entry != nullptr && looked_at < kLookedAt; entry = entry->older) {
    ++looked_at;
    if (entry->reason == refusal.reason && entry->occasion == refusal.occasion &&
        now_ms - entry->updated_ms <= kSameMs &&
        std::string_view(entry->object) == shortened(refusal.object) &&
        std::string_view(entry->user) == shortened(refusal.user)) {
      return entry;
    }
  }
  return nullptr;
}

void RefusalLog::add(const Refusal& refusal, std::int64_t now_ms, std::size_t most) {
  if (most == 0) return clear();
  if (Entry* same = find_same(refusal, now_ms)) {
    take_out(*same);
    same->client.assign(shortened(refusal.client));
    same->updated_ms = now_ms;
    ++same->count;
    put_first(*same);
    return trim(most);
  }
  put_first(*memory::make<Entry>(kOwner, Entry{.id = next_id_++,
                                               .count = 1,
                                               .reason = refusal.reason,
                                               .occasion = refusal.occasion,
                                               .created_ms = now_ms,
                                               .updated_ms = now_ms,
                                               .object = Text(shortened(refusal.object)),
                                               .user = Text(shortened(refusal.user)),
                                               .client = Text(shortened(refusal.client))}));
  trim(most);
}

void RefusalLog::trim(std::size_t most) {
  while (size_ > most || bytes_ > kMostBytes) {
    Entry* const entry = oldest_;
    take_out(*entry);
    memory::destroy(kOwner, entry);
  }
}

void RefusalLog::put_first(Entry& entry) {
  entry.newer = nullptr;
  entry.older = newest_;
  (newest_ == nullptr ? oldest_ : newest_->newer) = &entry;
  newest_ = &entry;
  ++size_;
  bytes_ += bytes_of(entry);
}

void RefusalLog::take_out(Entry& entry) {
  (entry.newer == nullptr ? newest_ : entry.newer->older) = entry.older;
  (entry.older == nullptr ? oldest_ : entry.older->newer) = entry.newer;
  --size_;
  bytes_ -= bytes_of(entry);
}

}  // namespace larder::acl
