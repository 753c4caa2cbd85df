#include "larder/types/table_roster.h"

#include <algorithm>
#include <cstring>

namespace larder::types::detail {
namespace {

constexpr std::uint32_t kLeast = 4;

}  // namespace

void Roster::add(Account account, Segment* segment) {
  if (size_ == capacity_) {
    if (capacity_ < kPage) {
      resize_page(account, std::max(kLeast, 2 * capacity_));
    } else {
      add_page(account);
    }
  }
  segment->number = size_;
  place(size_++) = segment;
}

void Roster::remove(Account account, Segment* segment) {
  Segment* moved = last();
  moved->number = segment->number;
  place(segment->number) = moved;
  --size_;
  shrink(account);
}

void Roster::release(Account account) {
  while (size_ > 0) {
    --size_;
    shrink(account);
  }
}

// With slack, so that repeatedly adding and removing one segment moves nothing.
void Roster::shrink(Account account) {
  if (!is_flat()) {
    if (size_ + kPage + kPage / 2 <= capacity_) drop_page(account);
  } else if (size_ == 0) {
    resize_page(account, 0);
  } else if (capacity_ > kLeast && size_ <= capacity_ / 4) {
    resize_page(account, capacity_ / 2);
  }
}

void Roster::resize_page(Account account, std::uint32_t capacity) {
  Segment** page = nullptr;
  if (capacity > 0) page = static_cast<Segment**>(account.allocate(capacity * sizeof(Segment*)));
  if (size_ > 0) std::memcpy(page, page_, size_ * sizeof(Segment*));
  if (capacity_ > 0) account.release(page_, capacity_ * sizeof(Segment*));
  page_ = page;
  capacity_ = capacity;
}

void Roster::add_page(Account account) {
  const std::uint32_t pages = capacity_ / kPage;
  if (is_flat() || index_bytes(pages + 1) != index_bytes(pages)) {
    auto*** index = static_cast<Segment***>(account.allocate(index_bytes(pages + 1)));
    if (is_flat()) {
      index[0] = page_;
    } else {
      std::memcpy(index, pages_, pages * sizeof(Segment**));
      account.release(pages_, index_bytes(pages));
    }
    pages_ = index;
  }
  pages_[pages] = static_cast<Segment**>(account.allocate(kPage * sizeof(Segment*)));
  capacity_ += kPage;
}

void Roster::drop_page(Account account) {
  const std::uint32_t pages = capacity_ / kPage - 1;
  account.release(pages_[pages], kPage * sizeof(Segment*));
  capacity_ -= kPage;
  Segment*** const index = pages_;
  if (pages == 1) {
    page_ = index[0];
  } else if (index_bytes(pages) == index_bytes(pages + 1)) {
    return;
  } else {
    pages_ = static_cast<Segment***>(account.allocate(index_bytes(pages)));
    std::memcpy(pages_, index, pages * sizeof(Segment**));
  }
  account.release(index, index_bytes(pages + 1));
}

}  // namespace larder::types::detail
