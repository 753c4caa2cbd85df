#include "larder/resp/reply_buffer.h"

#include <gtest/gtest.h>
#include <sys/uio.h>

#include <algorithm>
#include <string>

#include "larder/memory/ledger.h"
#include "larder/memory/refusals.h"

namespace larder::resp {
namespace {

std::int64_t output_bytes() { return memory::balance(memory::Owner::client_output); }

std::string waiting(const ReplyBuffer& buffer) {
  iovec pieces[64];
  std::string out;
  for (std::size_t i = 0, n = buffer.gather(pieces, 64); i < n; ++i) {
    out.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  }
  return out;
}

TEST(ReplyBuffer, HoldsNothingWhenEmpty) {
  const std::int64_t before_pool = output_bytes();
  {
    ChunkPool pool(0);
    const std::int64_t before = output_bytes();
    EXPECT_EQ(before - before_pool, static_cast<std::int64_t>(pool.free_bytes()));
    ReplyBuffer buffer(pool);
    EXPECT_TRUE(buffer.empty());
    buffer.append("");
    EXPECT_EQ(output_bytes(), before);
    buffer.append("hello");
    EXPECT_EQ(buffer.size(), 5u);
    EXPECT_EQ(buffer.held_bytes(), ChunkPool::kChunkBytes);
    EXPECT_EQ(output_bytes() - before, static_cast<std::int64_t>(ChunkPool::kChunkBytes));
    buffer.consume(5);
    EXPECT_TRUE(buffer.empty());
    EXPECT_EQ(buffer.held_bytes(), 0u);
    EXPECT_EQ(output_bytes(), before);
  }
  EXPECT_EQ(output_bytes(), before_pool);
}

TEST(ReplyBuffer, SendsAppendedBytesInAnySteps) {
  ChunkPool pool;
  for (const std::size_t step : {1000u, 16352u, 16384u, 50'000u}) {
    ReplyBuffer buffer(pool);
    std::string expected;
    for (std::size_t i = 0; i < 24; ++i) {
      const std::string text(i * 997 % 40'000, static_cast<char>('a' + i % 26));
      buffer.append(text);
      expected += text;
    }
    while (!expected.empty()) {
      ASSERT_EQ(buffer.size(), expected.size());
      const std::string head = waiting(buffer);
      ASSERT_EQ(head, expected.substr(0, head.size()));
      const std::size_t part = std::min(step, expected.size());
      buffer.consume(part);
      expected.erase(0, part);
    }
    EXPECT_EQ(buffer.held_bytes(), 0u);
  }
}

TEST(ReplyBuffer, AllocatesABlockOfExactSizeForLargeTexts) {
  ChunkPool pool;
  ReplyBuffer buffer(pool);
  buffer.append("head");
  buffer.append(std::string(1 << 20, 'x'));
  iovec pieces[8];
  EXPECT_EQ(buffer.gather(pieces, 8), 2u);
  EXPECT_LT(buffer.held_bytes(), (5u << 20) / 4 + 2 * ChunkPool::kChunkBytes);
}

TEST(ReplyBuffer, AppendsWhileItIsBeingSent) {
  ChunkPool pool;
  ReplyBuffer buffer(pool);
  buffer.append("abc");
  buffer.consume(2);
  buffer.append("def");
  EXPECT_EQ(waiting(buffer), "cdef");
  EXPECT_EQ(buffer.size(), 4u);
}

TEST(ReplyBuffer, RewindsToTheBeginningOfItsChunk) {
  ChunkPool pool(0);
  ReplyBuffer buffer(pool);
  buffer.rewind();
  EXPECT_EQ(buffer.held_bytes(), 0u);
  const char* const place = buffer.reserve(3);
  buffer.append("abcdef");
  buffer.consume(2);
  buffer.rewind();
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(waiting(buffer), "");
  EXPECT_EQ(buffer.held_bytes(), ChunkPool::kChunkBytes);
  EXPECT_EQ(buffer.reserve(3), place);
  buffer.append("ghi");
  EXPECT_EQ(waiting(buffer), "ghi");
  buffer.consume(3);
  EXPECT_EQ(buffer.held_bytes(), 0u);
}

TEST(ReplyBuffer, RewindsWithoutMoreThanAChunk) {
  ChunkPool pool(0);
  ReplyBuffer buffer(pool);
  for (const std::size_t size : {ChunkPool::kRoom + 1, 10 * ChunkPool::kRoom}) {
    buffer.append("x");
    buffer.append(std::string(size, 'y'));
    buffer.rewind();
    EXPECT_TRUE(buffer.empty());
    EXPECT_EQ(buffer.held_bytes(), 0u);
  }
  buffer.append("kept");
  buffer.bound(2 * ChunkPool::kChunkBytes);
  buffer.append(std::string(100'000, 'z'));
  EXPECT_TRUE(buffer.is_dropping());
  buffer.rewind();
  EXPECT_FALSE(buffer.is_dropping());
  EXPECT_TRUE(buffer.empty());
}

TEST(ReplyBuffer, ShowsItsBytesIfTheyAreInOnePiece) {
  ChunkPool pool;
  ReplyBuffer buffer(pool);
  EXPECT_EQ(buffer.only_piece(), "");
  buffer.append("abc");
  buffer.consume(1);
  EXPECT_EQ(buffer.only_piece(), "bc");
  buffer.append(std::string(ChunkPool::kRoom, 'x'));
  EXPECT_EQ(buffer.only_piece(), "");
  buffer.consume(buffer.size() - 1);
  EXPECT_EQ(buffer.only_piece(), "x");
  buffer.clear();
  buffer.bound(ChunkPool::kChunkBytes / 2);
  buffer.append("dropped");
  EXPECT_TRUE(buffer.is_dropping());
  EXPECT_EQ(buffer.only_piece(), "");
}

TEST(ReplyBuffer, ReservesInOnePiece) {
  ChunkPool pool;
  ReplyBuffer buffer(pool);
  EXPECT_EQ(buffer.room(1), nullptr);
  char* room = buffer.reserve(100'000);
  std::fill_n(room, 100'000, 'r');
  buffer.commit(100'000);
  EXPECT_EQ(waiting(buffer), std::string(100'000, 'r'));
}

TEST(ReplyBuffer, TakesTheBytesOfAnotherBuffer) {
  ChunkPool pool;
  ReplyBuffer first(pool);
  ReplyBuffer second(pool);
  first.take_over(second);
  second.append("b");
  second.append(std::string(20'000, 'c'));
  first.take_over(second);
  EXPECT_TRUE(second.empty());
  EXPECT_EQ(second.held_bytes(), 0u);
  second.append("d");
  first.take_over(second);
  first.append("e");
  EXPECT_EQ(waiting(first), "b" + std::string(20'000, 'c') + "de");
  EXPECT_EQ(first.size(), 20'003u);
}

// Grants a total of `left` bytes.
struct Room final : OutputRoom {
  explicit Room(std::uint64_t bytes) : left(bytes) {}
  bool grants(const ReplyBuffer&, std::uint64_t bytes) override {
    if (bytes > left) return false;
    left -= bytes;
    return true;
  }
  std::uint64_t left;
};

TEST(ReplyBuffer, ALargeBlockTakesTheRoomOfFreeChunks) {
  ChunkPool pool(8);
  {
    ReplyBuffer small(pool);
    for (int i = 0; i < 6; ++i) small.append(std::string(ChunkPool::kRoom, 'x'));
  }
  const std::int64_t before = output_bytes();
  const std::size_t free_before = pool.free_bytes();
  Room none(0);
  pool.bound(6 * ChunkPool::kChunkBytes, none);
  ReplyBuffer large(pool);
  large.append(std::string(3 * ChunkPool::kChunkBytes, 'x'));
  EXPECT_FALSE(large.is_dropping());
  // More than three chunks, so that four of six make room for it.
  EXPECT_GT(large.held_bytes(), 3 * ChunkPool::kChunkBytes);
  EXPECT_EQ(free_before - pool.free_bytes(), 4 * ChunkPool::kChunkBytes);
  EXPECT_LE(output_bytes(), before);
}

TEST(ReplyBuffer, DropsBytesAboveItsLimitAndKeepsEarlierOnes) {
  ChunkPool pool(0);
  ReplyBuffer buffer(pool);
  buffer.append("first");
  buffer.bound(4 * ChunkPool::kChunkBytes);
  const std::int64_t before = output_bytes();
  for (int i = 0; i < 100'000; ++i) buffer.append("0123456789");
  EXPECT_TRUE(buffer.is_dropping());
  EXPECT_TRUE(buffer.passed_own_bound());
  EXPECT_LE(output_bytes() - before, static_cast<std::int64_t>(4 * ChunkPool::kChunkBytes));
  buffer.append(std::string(100'000, 'x'));
  EXPECT_LE(output_bytes() - before, static_cast<std::int64_t>(4 * ChunkPool::kChunkBytes));
  buffer.keep_first(5);
  EXPECT_FALSE(buffer.is_dropping());
  EXPECT_EQ(waiting(buffer), "first");
  EXPECT_EQ(buffer.held_bytes(), ChunkPool::kChunkBytes);
  buffer.append(" second");
  EXPECT_EQ(waiting(buffer), "first second");
}

TEST(ReplyBuffer, RequestsPermissionAboveThePoolLimitAndKeepsAPrefix) {
  ChunkPool pool(0);
  Room room(3 * ChunkPool::kChunkBytes);
  pool.bound(2 * ChunkPool::kChunkBytes, room);
  for (const std::size_t kept : {std::size_t{0}, std::size_t{1}, ChunkPool::kRoom,
                                 ChunkPool::kRoom + 1, 5 * ChunkPool::kRoom}) {
    room.left = 3 * ChunkPool::kChunkBytes;
    ReplyBuffer buffer(pool);
    buffer.append(std::string(10, 'a'));
    buffer.consume(10);
    std::string text;
    for (std::size_t i = 0; text.size() < 8 * ChunkPool::kRoom; ++i) {
      const std::string piece = std::to_string(i);
      buffer.append(piece);
      text += piece;
    }
    EXPECT_TRUE(buffer.is_dropping());
    EXPECT_FALSE(buffer.passed_own_bound());
    EXPECT_EQ(buffer.held_bytes(), 5 * ChunkPool::kChunkBytes);
    EXPECT_GT(buffer.wanted_behind(0), 5 * ChunkPool::kRoom);
    buffer.keep_first(kept);
    EXPECT_TRUE(waiting(buffer) == text.substr(0, kept)) << kept;
    room.left = ChunkPool::kChunkBytes;
    buffer.append("more");
    EXPECT_TRUE(waiting(buffer) == text.substr(0, kept) + "more") << kept;
    buffer.consume(kept + 4);
    EXPECT_EQ(buffer.held_bytes(), 0u);
  }
  EXPECT_EQ(pool.used_bytes(), 0u);
}

TEST(ReplyBuffer, APromiseOfThePoolIsForOneBufferAndSoManyBytes) {
  ChunkPool pool(0);
  Room room(0);
  pool.bound(0, room);
  ReplyBuffer buffer(pool);
  ReplyBuffer other(pool);
  pool.promise(buffer, 2 * ChunkPool::kChunkBytes);
  other.append("other");
  EXPECT_TRUE(other.lacks_room());
  buffer.append(std::string(2 * ChunkPool::kRoom, 'x'));
  EXPECT_FALSE(buffer.is_dropping());
  buffer.append(std::string(100, 'm'));
  EXPECT_TRUE(buffer.lacks_room());
  buffer.clear();
  pool.promise(buffer, 0);
  buffer.append(std::string(100, 'm'));
  EXPECT_TRUE(buffer.lacks_room());
}

TEST(ReplyBuffer, DropsWhatTheSystemHasNoMemoryFor) {
  ChunkPool pool(0);
  ReplyBuffer buffer(pool);
  buffer.append("first");
  memory::refuse_blocks_from(1 << 20);
  buffer.append(std::string(2 << 20, 'x'));
  memory::refuse_blocks_from(~std::size_t{0});
  EXPECT_TRUE(buffer.was_refused_by_system());
  EXPECT_FALSE(buffer.passed_own_bound());
  buffer.keep_first(5);
  buffer.append(" second");
  EXPECT_EQ(waiting(buffer), "first second");
  EXPECT_FALSE(buffer.was_refused_by_system());
}

TEST(ReplyBuffer, FillsReservedBytesWhileItDrops) {
  ChunkPool pool(0);
  Room room(0);
  pool.bound(2 * ChunkPool::kChunkBytes, room);
  ReplyBuffer buffer(pool);
  buffer.append("before");
  const ReplyBuffer::Patch outer = buffer.open_patch();
  buffer.append(std::string(3 * ChunkPool::kChunkBytes, 'x'));
  ASSERT_TRUE(buffer.is_dropping());
  const ReplyBuffer::Patch inner = buffer.open_patch();
  EXPECT_EQ(inner.chunk, nullptr);
  buffer.close_patch(outer, "*1\r\n");
  buffer.keep_first(6);
  EXPECT_EQ(waiting(buffer), "before");
}

TEST(ReplyBuffer, RejectsAnExpectedSizeAboveItsLimitAtOnce) {
  ChunkPool pool(0);
  ReplyBuffer buffer(pool);
  buffer.bound(1 << 20);
  buffer.expect(1000);
  EXPECT_FALSE(buffer.is_dropping());
  buffer.expect(std::uint64_t{1} << 60);
  EXPECT_TRUE(buffer.is_dropping());
  EXPECT_EQ(buffer.held_bytes(), 0u);
  buffer.clear();
  EXPECT_FALSE(buffer.is_dropping());
}

TEST(ReplyBuffer, UsesSmallBlocksForSinglePieces) {
  ChunkPool pool(0);
  ReplyBuffer buffer(pool);
  for (int i = 0; i < 3; ++i) {
    std::memcpy(buffer.reserve_alone(100), std::string(100, 'm').data(), 100);
    buffer.commit(100);
  }
  EXPECT_EQ(waiting(buffer), std::string(300, 'm'));
  EXPECT_LT(buffer.held_bytes(), 1000u);
}

TEST(ChunkPool, KeepsABoundedNumberOfFreeChunks) {
  const std::int64_t before = output_bytes();
  {
    ChunkPool pool(3);
    {
      ReplyBuffer buffer(pool);
      for (int i = 0; i < 1000; ++i) buffer.append(std::string(100, 'x'));
    }
    // And the block for output that is dropped.
    EXPECT_EQ(pool.free_bytes(), 4 * ChunkPool::kChunkBytes);
    EXPECT_EQ(output_bytes() - before, static_cast<std::int64_t>(pool.free_bytes()));
    pool.trim();
    EXPECT_EQ(pool.free_bytes(), ChunkPool::kChunkBytes);
    EXPECT_EQ(output_bytes() - before, static_cast<std::int64_t>(pool.free_bytes()));
  }
  EXPECT_EQ(output_bytes(), before);
}

TEST(ChunkPool, DropsOutputWithoutMemoryOfTheSystem) {
  ChunkPool pool(0);
  ReplyBuffer buffer(pool);
  memory::refuse_blocks_from(1);
  for (int i = 0; i < 5000; ++i) buffer.append("0123456789");
  memory::refuse_blocks_from(~std::size_t{0});
  EXPECT_TRUE(buffer.was_refused_by_system());
  EXPECT_EQ(buffer.held_bytes(), 0u);
}

}  // namespace
}  // namespace larder::resp
