#include "larder/replication/backlog.h"

#include <algorithm>
#include <cstring>

#include "larder/base/assert.h"

namespace larder::replication {

void Backlog::clear(std::int64_t next) {
  for (std::size_t i = gone_; i < chunks_.size(); ++i) {
    memory::release(kOwner, chunks_[i], kChunkBytes);
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
    if (used == 0) chunks_.push_back(static_cast<char*>(memory::allocate(kOwner, kChunkBytes)));
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

void Backlog::drop_chunk() {
  LARDER_ASSERT(has_whole_chunk());
  memory::release(kOwner, chunks_[gone_++], kChunkBytes);
  first_ += kChunkBytes;
  size_ -= kChunkBytes;
  if (gone_ < kMostGone || gone_ < chunks_.size() - gone_) return;
  chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(gone_));
  gone_ = 0;
}

void Backlog::report_bytes(memory::Audit& audit) const {
  const std::size_t list = chunks_.capacity() * sizeof(char*);
  const std::size_t bytes = (chunks_.size() - gone_) * memory::size_class(kChunkBytes) +
                            (list == 0 ? 0 : memory::size_class(list));
  audit.found(kOwner, static_cast<std::int64_t>(bytes));
}

}  // namespace larder::replication
