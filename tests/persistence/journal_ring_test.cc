#include "src/persistence/journal_ring.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "larder/memory/ledger.h"
#include "src/persistence/journal_stream.h"

namespace larder::persistence {
namespace {

class Ring : public ::testing::Test {
 protected:
  Ring() {
    char name[] = "/tmp/larder_ring_XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~Ring() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ + "/ring"; }
  std::unique_ptr<JournalRing> create(const RingPlace& place = {}) const {
    auto made = JournalRing::create(path(), place);
    return made ? std::move(made.value()) : nullptr;
  }
  static std::string text(const JournalRing& ring, std::uint64_t from, std::uint64_t to) {
    const auto parts = ring.between(from, to);
    return std::string(parts[0]).append(parts[1]);
  }

  std::string folder_;
};

TEST_F(Ring, GivesWhatWasPublished) {
  const auto ring = create();
  ring->append("abc");
  EXPECT_EQ(ring->published().end, 0U);
  ring->publish(3);
  EXPECT_EQ(ring->published().end, 3U);
  EXPECT_EQ(ring->published().boundary, 3U);
  EXPECT_EQ(text(*ring, 0, 3), "abc");
  ring->take({2, 1, 2});
  EXPECT_EQ(ring->room(), JournalRing::kBytes - 1);
}

TEST_F(Ring, SurvivesItsProcess) {
  {
    const auto ring = create({.position = 10, .seq = 4, .file_bytes = 100});
    ring->append("first,");
    ring->publish(16);
    ring->take({16, 4, 106});
    ring->append("second");
    ring->publish(22);
    ring->append("not published");
  }
  const auto left = JournalRing::read_leftover(path());
  ASSERT_TRUE(left);
  EXPECT_EQ(left->place.seq, 4);
  EXPECT_EQ(left->place.file_bytes, 106U);
  EXPECT_EQ(left->bytes, "second");
  // The next one begins without contents.
  create({.position = 7, .seq = 5, .file_bytes = 0});
  EXPECT_EQ(JournalRing::read_leftover(path())->bytes, "");
}

TEST_F(Ring, WrapsAround) {
  const auto ring = create();
  const std::string most(JournalRing::kBytes - 2, 'x');
  ring->append(most);
  ring->publish(most.size());
  ring->take({most.size(), 1, most.size()});
  ring->append("abcdef");
  ring->publish(most.size() + 6);
  EXPECT_EQ(text(*ring, most.size(), most.size() + 6), "abcdef");
  EXPECT_EQ(JournalRing::read_leftover(path())->bytes, "abcdef");
}

TEST_F(Ring, IsNotReadAfterAStartOfTheSystem) {
  create()->publish(0);
  EXPECT_TRUE(JournalRing::read_leftover(path()));
  // The boot id is behind the magic and the version.
  std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(12);
  file.put('#');
  file.close();
  EXPECT_FALSE(JournalRing::read_leftover(path()));
  EXPECT_FALSE(JournalRing::read_leftover(folder_ + "/none"));
  std::ofstream(folder_ + "/short") << "LARDRING";
  EXPECT_FALSE(JournalRing::read_leftover(folder_ + "/short"));
}

TEST_F(Ring, IsChargedAsAMapping) {
  const std::int64_t before = memory::balance(memory::Owner::journal);
  const std::int64_t mapped = memory::mapped_bytes();
  {
    const auto ring = create();
    const std::int64_t now = memory::balance(memory::Owner::journal);
    EXPECT_GE(now - before, static_cast<std::int64_t>(JournalRing::kBytes));
    EXPECT_EQ(memory::mapped_bytes() - mapped, now - before);
    EXPECT_EQ(std::filesystem::file_size(path()), static_cast<std::size_t>(now - before));
  }
  EXPECT_EQ(memory::balance(memory::Owner::journal), before);
  EXPECT_EQ(memory::mapped_bytes(), mapped);
}

engine::Effect effect(int db, std::string_view request) {
  return {db, engine::Reach::everybody, request};
}

TEST_F(Ring, AStreamSelectsDatabases) {
  const auto ring = create();
  JournalStream stream(*ring);
  stream.add(effect(0, "A"));
  stream.add(effect(0, "B"));
  stream.add(effect(12, "C"));
  stream.begin_file();
  stream.add(effect(12, "D"));
  stream.add_time(17);
  stream.add_time(17);
  const std::uint64_t end = stream.publish();
  EXPECT_EQ(end, stream.end());
  EXPECT_EQ(text(*ring, 0, end),
            "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\nAB*2\r\n$6\r\nSELECT\r\n$2\r\n12\r\nC"
            "*2\r\n$6\r\nSELECT\r\n$2\r\n12\r\nD#TS:17\r\n");
  EXPECT_EQ(stream.effects(), 4U);
}

TEST_F(Ring, ACommandLargerThanTheRingComesInPieces) {
  const auto ring = create();
  JournalStream stream(*ring);
  stream.add(effect(0, "small"));
  const std::uint64_t small = stream.publish();
  std::string large(3 * JournalRing::kBytes, 'y');
  for (std::size_t i = 0; i < large.size(); i += 1000) large[i] = static_cast<char>('a' + i % 26);
  stream.add(effect(0, large));
  stream.add(effect(0, "behind"));
  EXPECT_TRUE(stream.is_full());
  std::string got;
  for (std::uint64_t at = small; at < stream.end();) {
    const std::uint64_t end = stream.publish();
    const auto published = ring->published();
    EXPECT_EQ(published.end, end);
    EXPECT_EQ(published.boundary, stream.is_full() ? small : end);
    got += text(*ring, at, end);
    at = end;
    ring->take({at, 1, at});
  }
  EXPECT_EQ(got, large + "behind");
  EXPECT_FALSE(stream.is_full());
  EXPECT_EQ(stream.held_bytes(), 0U);
}

}  // namespace
}  // namespace larder::persistence
