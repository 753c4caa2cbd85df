#include "larder/resp/shared_text.h"

#include "larder/base/assert.h"
#include "larder/memory/heap.h"

namespace larder::resp {

void SharedText::release() noexcept {
  if (--holders_ == 0) home_->free(*this);
}

SharedTexts::~SharedTexts() { LARDER_ASSERT(first_ == nullptr); }

SharedText& SharedTexts::make(std::size_t bytes) {
  const std::size_t block = sizeof(SharedText) + bytes;
  auto* const text = static_cast<SharedText*>(memory::allocate(owner_, block));
  text->home_ = this;
  text->previous_ = nullptr;
  text->next_ = first_;
  text->size_ = bytes;
  text->holders_ = 1;
  if (first_ != nullptr) first_->previous_ = text;
  first_ = text;
  bytes_ += memory::size_class(block);
  return *text;
}

void SharedTexts::free(SharedText& text) noexcept {
  (text.previous_ == nullptr ? first_ : text.previous_->next_) = text.next_;
  if (text.next_ != nullptr) text.next_->previous_ = text.previous_;
  const std::size_t block = sizeof(SharedText) + text.size_;
  bytes_ -= memory::size_class(block);
  memory::release(owner_, &text, block);
}

void SharedTexts::report_bytes(memory::Audit& audit) const {
  std::size_t found = 0;
  for (const SharedText* text = first_; text != nullptr; text = text->next_) {
    found += memory::size_class(sizeof(SharedText) + text->size_);
  }
  audit.found(owner_, static_cast<std::int64_t>(found));
}

}  // namespace larder::resp
