#pragma once

// Memory of a C library whose allocator can be replaced, but has no argument for the owner. Each
// block has a header of 16 bytes with its account: the one in whose scope it was allocated, or
// Owner::runtime outside of any scope.
//
//   account.charge_to() while the library works for one client. What it allocates in this scope is
//   charged to the account's owner and counted by the account. Both are reduced when the block is
//   released, in any scope.

#include <cstddef>
#include <cstdint>

#include "larder/memory/ledger.h"

namespace larder::memory {

namespace detail {
struct AccountBlock;
}

// The memory of the library for one client. Blocks that exist when the account ends (a TLS session
// that can be resumed, a shared table) are charged to Owner::runtime from then on.
class Account {
 public:
  explicit Account(Owner owner);
  ~Account();
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;

  // Bytes charged to the owner, the account's own block included.
  std::size_t bytes() const;

  // Allocations of this thread are charged to the account until the scope ends. Scopes nest.
  class Scope {
   public:
    explicit Scope(Account& account);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    detail::AccountBlock* outer_;
  };
  Scope charge_to() { return Scope(*this); }

 private:
  detail::AccountBlock* block_;
};

// Replacements for malloc, realloc and free of the library: 16-byte alignment, null is an empty
// block, and 0 bytes give null. Cost compared with heap.h: one or two stores.
void* library_malloc(std::size_t bytes);
void* library_realloc(void* block, std::size_t bytes);
void library_free(void* block);

}  // namespace larder::memory
