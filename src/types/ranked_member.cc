#include "larder/types/ranked_member.h"

#include <new>

#include "larder/base/assert.h"
#include "larder/memory/heap.h"

namespace larder::types {

std::size_t RankedMember::bytes_for(std::string_view text) {
  const std::size_t head = text.size() < kLong ? kShortHead : kLongHead;
  return sizeof(RankedMember) + head + text.size();
}

RankedMember* RankedMember::create(memory::Owner owner, std::string_view text, double score) {
  LARDER_ASSERT(text.size() <= UINT32_MAX);
  auto* member = new (memory::allocate(owner, bytes_for(text))) RankedMember(score);
  auto* head = reinterpret_cast<std::uint8_t*>(member + 1);
  if (text.size() < kLong) {
    *head = static_cast<std::uint8_t>(text.size());
    head += kShortHead;
  } else {
    const auto size = static_cast<std::uint32_t>(text.size());
    *head = kLong;
    std::memcpy(head + 1, &size, sizeof size);
    head += kLongHead;
  }
  if (!text.empty()) std::memcpy(head, text.data(), text.size());
  return member;
}

void RankedMember::release(memory::Owner owner, RankedMember* member) noexcept {
  memory::release(owner, member, bytes_for(member->text()));
}

std::size_t RankedMember::footprint() const { return memory::dataset_class(bytes_for(text())); }

}  // namespace larder::types
