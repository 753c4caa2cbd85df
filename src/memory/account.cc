#include "larder/memory/account.h"

#include <algorithm>
#include <cstring>

#include "larder/memory/heap.h"

namespace larder::memory {

namespace detail {

// Exists until its account has ended and its last block is released.
struct Payer {
  Owner owner;
  bool is_open = true;
  std::size_t bytes = 0;
};

namespace {

// The library's allocator has no argument for the account.
constinit thread_local Payer* t_payer = nullptr;

struct alignas(16) Head {
  Payer* payer;
  std::size_t bytes;  // requested size, with the header
};

void close_if_unused(Payer* payer) {
  if (!payer->is_open && payer->bytes == 0) destroy(payer->owner, payer);
}

void* take(Payer* payer, std::size_t bytes) {
  const std::size_t whole = bytes + sizeof(Head);
  auto* const head =
      static_cast<Head*>(allocate(payer == nullptr ? Owner::runtime : payer->owner, whole));
  *head = {payer, whole};
  if (payer != nullptr) payer->bytes += size_class(whole);
  return head + 1;
}

}  // namespace
}  // namespace detail

Account::Account(Owner owner) : payer_(make<detail::Payer>(owner, detail::Payer{owner})) {}

Account::~Account() {
  const auto left = static_cast<std::int64_t>(bytes());
  transfer(payer_->owner, Owner::runtime, left);
  payer_->owner = Owner::runtime;
  payer_->is_open = false;
  detail::close_if_unused(payer_);
}

std::size_t Account::bytes() const { return payer_->bytes + size_class(sizeof(detail::Payer)); }

Account::Scope::Scope(Account& account) : outer_(detail::t_payer) {
  detail::t_payer = account.payer_;
}
Account::Scope::~Scope() { detail::t_payer = outer_; }

void* take_for_library(std::size_t bytes) {
  return bytes == 0 ? nullptr : detail::take(detail::t_payer, bytes);
}

void release_from_library(void* block) {
  if (block == nullptr) return;
  detail::Head* const head = static_cast<detail::Head*>(block) - 1;
  detail::Payer* const payer = head->payer;
  const std::size_t bytes = head->bytes;
  release(payer == nullptr ? Owner::runtime : payer->owner, head, bytes);
  if (payer == nullptr) return;
  payer->bytes -= size_class(bytes);
  detail::close_if_unused(payer);
}

// The block stays charged to its account.
void* resize_for_library(void* block, std::size_t bytes) {
  if (block == nullptr) return take_for_library(bytes);
  if (bytes == 0) {
    release_from_library(block);
    return nullptr;
  }
  const detail::Head* const head = static_cast<detail::Head*>(block) - 1;
  const std::size_t kept = std::min(head->bytes - sizeof(detail::Head), bytes);
  void* const moved = detail::take(head->payer, bytes);
  std::memcpy(moved, block, kept);
  release_from_library(block);
  return moved;
}

}  // namespace larder::memory
