#include "larder/memory/account.h"

#include <algorithm>
#include <cstring>

#include "larder/memory/heap.h"

namespace larder::memory {

namespace detail {

// Exists until its account has ended and its last block is released.
struct AccountBlock {
  Owner owner;
  bool is_open = true;
  std::size_t bytes = 0;
};

namespace {

// The library's allocator has no argument for the account.
constinit thread_local AccountBlock* t_account = nullptr;

struct alignas(16) Head {
  AccountBlock* account;
  std::size_t bytes;  // requested size, with the header
};

void close_if_unused(AccountBlock* account) {
  if (!account->is_open && account->bytes == 0) destroy(account->owner, account);
}

void* take(AccountBlock* account, std::size_t bytes) {
  const std::size_t whole = bytes + sizeof(Head);
  auto* const head =
      static_cast<Head*>(allocate(account == nullptr ? Owner::runtime : account->owner, whole));
  *head = {account, whole};
  if (account != nullptr) account->bytes += size_class(whole);
  return head + 1;
}

}  // namespace
}  // namespace detail

Account::Account(Owner owner)
    : block_(make<detail::AccountBlock>(owner, detail::AccountBlock{owner})) {}

Account::~Account() {
  const auto left = static_cast<std::int64_t>(bytes());
  transfer(block_->owner, Owner::runtime, left);
  block_->owner = Owner::runtime;
  block_->is_open = false;
  detail::close_if_unused(block_);
}

std::size_t Account::bytes() const {
  return block_->bytes + size_class(sizeof(detail::AccountBlock));
}

Account::Scope::Scope(Account& account) : outer_(detail::t_account) {
  detail::t_account = account.block_;
}
Account::Scope::~Scope() { detail::t_account = outer_; }

void* library_malloc(std::size_t bytes) {
  return bytes == 0 ? nullptr : detail::take(detail::t_account, bytes);
}

void library_free(void* block) {
  if (block == nullptr) return;
  detail::Head* const head = static_cast<detail::Head*>(block) - 1;
  detail::AccountBlock* const account = head->account;
  const std::size_t bytes = head->bytes;
  release(account == nullptr ? Owner::runtime : account->owner, head, bytes);
  if (account == nullptr) return;
  account->bytes -= size_class(bytes);
  detail::close_if_unused(account);
}

// The block stays charged to its account.
void* library_realloc(void* block, std::size_t bytes) {
  if (block == nullptr) return library_malloc(bytes);
  if (bytes == 0) {
    library_free(block);
    return nullptr;
  }
  const detail::Head* const head = static_cast<detail::Head*>(block) - 1;
  const std::size_t kept = std::min(head->bytes - sizeof(detail::Head), bytes);
  void* const moved = detail::take(head->account, bytes);
  std::memcpy(moved, block, kept);
  library_free(block);
  return moved;
}

}  // namespace larder::memory
