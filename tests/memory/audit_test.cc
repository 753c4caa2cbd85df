#include "larder/memory/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

#include "larder/memory/heap.h"

namespace larder::memory {
namespace {

using testing::HasSubstr;

// Holds blocks and can walk them.
class Shelf : public AuditedOwner {
 public:
  explicit Shelf(Owner owner) : owner_(owner) {}
  ~Shelf() override {
    for (const auto& [block, bytes] : blocks_) release(owner_, block, bytes);
  }
  void add(std::size_t bytes) { blocks_.push_back({allocate(owner_, bytes), bytes}); }
  void report_bytes(Audit& audit) const override {
    audit.found(owner_, 0);
    for (const auto& [block, bytes] : blocks_) {
      audit.found(owner_, static_cast<std::int64_t>(size_class(owner_, bytes)));
    }
  }

 private:
  Owner owner_;
  std::vector<std::pair<void*, std::size_t>> blocks_;
};

const Audit::Row& row(const Audit& audit, Owner owner) {
  return audit.rows()[static_cast<std::size_t>(owner)];
}

TEST(Audit, BalancesIfEveryByteIsFound) {
  Auditor auditor;
  Shelf shelf(Owner::hashes);
  auditor.add(shelf);
  for (std::size_t bytes = 1; bytes < 200'000; bytes = bytes * 3 / 2 + 1) shelf.add(bytes);
  const Audit audit = auditor.run();
  EXPECT_TRUE(audit.balanced()) << audit.text();
  EXPECT_GT(row(audit, Owner::hashes).walked_bytes, 400'000);
  EXPECT_EQ(row(audit, Owner::runtime).walked_bytes, std::nullopt);
  EXPECT_GT(audit.ledger_bytes(), 400'000);
}

TEST(Audit, DetectsAWrongCharge) {
  Auditor auditor;
  Shelf shelf(Owner::hashes);
  auditor.add(shelf);
  shelf.add(100);
  charge(Owner::hashes, 16);
  const Audit audit = auditor.run();
  charge(Owner::hashes, -16);
  EXPECT_FALSE(audit.balanced());
  EXPECT_THAT(audit.text(), HasSubstr("DIFFERS"));
  EXPECT_THAT(audit.text(), HasSubstr("NOT balanced"));
  EXPECT_TRUE(auditor.run().balanced());
}

TEST(Audit, DetectsBytesChargedToTheWrongOwner) {
  Auditor auditor;
  Shelf shelf(Owner::hashes);
  Shelf other(Owner::sets);
  auditor.add(shelf);
  auditor.add(other);
  shelf.add(100);
  const auto bytes = static_cast<std::int64_t>(size_class(Owner::hashes, 100));
  transfer(Owner::hashes, Owner::sets, bytes);
  const Audit audit = auditor.run();
  transfer(Owner::sets, Owner::hashes, bytes);
  EXPECT_FALSE(row(audit, Owner::hashes).balanced());
  EXPECT_FALSE(row(audit, Owner::sets).balanced());
}

#ifdef LARDER_DATA_PAGES

TEST(Audit, ComparesTheDatasetWithThePageStore) {
  Auditor auditor;
  Shelf shelf(Owner::hashes);
  auditor.add(shelf);
  for (std::size_t bytes = 1; bytes < 200'000; bytes = bytes * 3 / 2 + 1) shelf.add(bytes);
  const Audit before = auditor.run();
  ASSERT_TRUE(before.store());
  EXPECT_TRUE(before.store()->balanced()) << before.text();
  EXPECT_GT(before.store()->walked_bytes, 400'000);
  // A block that is charged to no owner.
  void* lost = allocate(Owner::sets, 8);
  charge(Owner::sets, -8);
  const Audit audit = auditor.run();
  EXPECT_FALSE(audit.store()->balanced());
  EXPECT_FALSE(audit.balanced());
  EXPECT_THAT(audit.text(), testing::ContainsRegex("page store .* DIFFERS"));
  charge(Owner::sets, 8);
  release(Owner::sets, lost, 8);
}

// As a snapshot does with a value that it still reads.
TEST(Audit, FollowsBytesOfTheDatasetThatAreChargedToOthers) {
  Auditor auditor;
  void* block = allocate(Owner::hashes, 800);
  transfer(Owner::hashes, Owner::snapshot, 800);
  EXPECT_EQ(lent_bytes(), 800);
  EXPECT_TRUE(auditor.run().balanced()) << auditor.run().text();
  transfer(Owner::snapshot, Owner::hashes, 800);
  release(Owner::hashes, block, 800);
  EXPECT_EQ(lent_bytes(), 0);
}

#endif

TEST(Audit, IgnoresARemovedWalker) {
  Auditor auditor;
  Shelf shelf(Owner::hashes);
  auditor.add(shelf);
  auditor.remove(shelf);
  EXPECT_EQ(row(auditor.run(), Owner::hashes).walked_bytes, std::nullopt);
}

#ifndef LARDER_SYSTEM_MALLOC

TEST(Audit, DetectsUnchargedMemory) {
  Auditor auditor;
  EXPECT_TRUE(auditor.run().balanced());
  void* volatile block = std::malloc(1 << 20);
  const Audit audit = auditor.run();
  EXPECT_FALSE(audit.balanced());
  EXPECT_GE(audit.foreign_bytes(), 1 << 20);
  std::free(block);
  EXPECT_TRUE(auditor.run().balanced());
}

TEST(Audit, DetectsAChargeWithoutMemory) {
  Auditor auditor;
  charge(Owner::streams, 1 << 20);
  EXPECT_FALSE(auditor.run().balanced());
  charge(Owner::streams, -(1 << 20));
}

TEST(Audit, AgreesWithTheAllocatorOverManyAllocations) {
  Auditor auditor;
  std::vector<std::unique_ptr<char[]>> blocks;
  Shelf shelf(Owner::lists);
  for (int i = 0; i < 20'000; ++i) {
    blocks.push_back(std::make_unique<char[]>(static_cast<std::size_t>(i % 700 + 1)));
    shelf.add(static_cast<std::size_t>(i % 900 + 1));
  }
  const Audit audit = auditor.run();
  ASSERT_TRUE(audit.foreign_bytes());
  EXPECT_LT(std::abs(*audit.foreign_bytes()), 16 * 1024) << audit.text();
}

#endif

}  // namespace
}  // namespace larder::memory
