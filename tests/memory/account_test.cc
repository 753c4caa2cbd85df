#include "larder/memory/account.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "larder/memory/heap.h"

namespace larder::memory {
namespace {

TEST(Account, ChargesOnlyAllocationsInItsScope) {
  const std::int64_t before = balance(Owner::client_input);
  const std::int64_t others = balance(Owner::runtime);
  Account account(Owner::client_input);
  const std::size_t empty = account.bytes();
  void* inside = nullptr;
  {
    const auto scope = account.charge_to();
    inside = library_malloc(100);
  }
  void* const outside = library_malloc(200);
  EXPECT_EQ(account.bytes() - empty, size_class(100 + 16));
  EXPECT_EQ(balance(Owner::client_input) - before, static_cast<std::int64_t>(account.bytes()));
  EXPECT_EQ(balance(Owner::runtime) - others, static_cast<std::int64_t>(size_class(200 + 16)));
  library_free(inside);
  library_free(outside);
  EXPECT_EQ(account.bytes(), empty);
  EXPECT_EQ(balance(Owner::runtime), others);
}

TEST(Account, ScopesNest) {
  Account outer(Owner::client_input);
  Account inner(Owner::acl);
  const std::size_t empty = outer.bytes();
  const auto outer_scope = outer.charge_to();
  void* first = nullptr;
  {
    const auto inner_scope = inner.charge_to();
    first = library_malloc(1);
  }
  void* const second = library_malloc(1);
  EXPECT_EQ(outer.bytes() - empty, 32u);
  EXPECT_EQ(inner.bytes() - empty, 32u);
  library_free(first);
  library_free(second);
}

TEST(Account, BlocksThatOutliveItAreChargedToTheRuntime) {
  const std::int64_t before = balance(Owner::client_input);
  const std::int64_t others = balance(Owner::runtime);
  void* kept = nullptr;
  {
    Account account(Owner::client_input);
    const auto scope = account.charge_to();
    kept = library_malloc(5000);
    EXPECT_GT(balance(Owner::client_input) - before, 5000);
  }
  EXPECT_EQ(balance(Owner::client_input), before);
  EXPECT_GT(balance(Owner::runtime) - others, 5000);
  library_free(kept);
  EXPECT_EQ(balance(Owner::runtime), others);
}

TEST(Account, ReallocationKeepsContentsAndOwner) {
  const std::int64_t others = balance(Owner::runtime);
  auto account = std::make_unique<Account>(Owner::client_input);
  const std::int64_t with_account = balance(Owner::runtime);
  const std::size_t empty = account->bytes();
  char* block = nullptr;
  {
    const auto scope = account->charge_to();
    block = static_cast<char*>(library_malloc(8));
  }
  std::memcpy(block, "abcdefg", 8);
  block = static_cast<char*>(library_realloc(block, 1000));
  EXPECT_STREQ(block, "abcdefg");
  EXPECT_EQ(account->bytes() - empty, size_class(1000 + 16));
  EXPECT_EQ(balance(Owner::runtime), with_account);
  block = static_cast<char*>(library_realloc(block, 4));
  EXPECT_EQ(std::string_view(block, 4), "abcd");
  EXPECT_EQ(library_realloc(block, 0), nullptr);
  EXPECT_EQ(account->bytes(), empty);
  account.reset();
  EXPECT_EQ(balance(Owner::runtime), others);
}

TEST(Account, HandlesNullAndZeroLikeTheLibrary) {
  EXPECT_EQ(library_malloc(0), nullptr);
  library_free(nullptr);
  void* const block = library_realloc(nullptr, 10);
  ASSERT_NE(block, nullptr);
  library_free(block);
}

}  // namespace
}  // namespace larder::memory
