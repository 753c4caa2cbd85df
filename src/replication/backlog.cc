#include "larder/replication/backlog.h"

#include <algorithm>
#include <cstring>

#include "larder/base/assert.h"

namespace larder::replication {

void Backlog::clear(std::int64_t next) {
  keep_for_replicas(0);
  for (std::size_t i = gone_; i < chunks_.size(); ++i) {
    memory::release(owner_, chunks_[i], kChunkBytes);
  }
  decltype(chunks_)().swap(chunks_);
  gone_ = 0;
  first_ = next;
  size_ = 0;
}

// The first chunk begins at first_, so the used part of the last one follows from the size.
void Backlog::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t used = size_ % kChunkBytes;
    if (used == 0) chunks_.push_back(static_cast<char*>(memory::allocate(owner_, kChunkBytes)));
    const std::size_t part = std::min(bytes.size(), kChunkBytes - used);
    std::memcpy(chunks_.back() + used, bytes.data(), part);
    size_ += part;
    bytes.remove_prefix(part);
  }
}

std::string_view Backlog::at(std::int64_t offset) const {
  LARDER_ASSERT(offset >= first_ && offset <= end());
  const auto from = static_cast<std::uint64_t>(offset - first_);
  if (from == size_) return {};
  const std::size_t within = from % kChunkBytes;
  const std::uint64_t left = std::min<std::uint64_t>(size_ - from, kChunkBytes - within);
  return {chunks_[gone_ + from / kChunkBytes] + within, left};
}

char* Backlog::take_chunk() {
  if (owner_ != kLentTo) {
    if (lent_ == 0) keep_for_replicas(1);
    --lent_;
  }
  char* const chunk = chunks_[gone_];
  forget_first();
  return chunk;
}

void Backlog::drop_chunk() {
  if (lent_ > 0) keep_for_replicas(lent_ - 1);
  memory::release(owner_, chunks_[gone_], kChunkBytes);
  forget_first();
}

void Backlog::forget_first() {
  LARDER_ASSERT(has_whole_chunk());
  ++gone_;
  first_ += kChunkBytes;
  size_ -= kChunkBytes;
  if (gone_ < kMostGone || gone_ < chunks_.size() - gone_) return;
  chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(gone_));
  gone_ = 0;
}

void Backlog::keep_for_replicas(std::size_t chunks) {
  if (chunks == lent_ || owner_ == kLentTo) return;
  const auto bytes = static_cast<std::int64_t>(memory::size_class(kChunkBytes));
  memory::transfer(owner_, kLentTo,
                   (static_cast<std::int64_t>(chunks) - static_cast<std::int64_t>(lent_)) * bytes);
  lent_ = chunks;
}

void Backlog::report_bytes(memory::Audit& audit) const {
  const std::size_t list = chunks_.capacity() * sizeof(char*);
  audit.found(kListOwner, list == 0 ? 0 : static_cast<std::int64_t>(memory::size_class(list)));
  const std::size_t own = chunks_.size() - gone_ - lent_;
  audit.found(owner_, static_cast<std::int64_t>(own * memory::size_class(kChunkBytes)));
  audit.found(kLentTo, static_cast<std::int64_t>(lent_ * memory::size_class(kChunkBytes)));
}

}  // namespace larder::replication
