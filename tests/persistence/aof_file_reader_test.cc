#include "src/persistence/aof_file_reader.h"

#include <gtest/gtest.h>

#include "tests/persistence/aof_text.h"

namespace larder::persistence {
namespace {

using Kind = AofFailure::Kind;

struct Outcome {
  std::string commands;  // "SET a 1; "
  std::optional<AofFailure> failure;
  std::uint64_t offset = 0;
  std::uint64_t verified = 0;
};

Outcome read_all(const std::string& text, std::size_t piece = 1 << 20) {
  AofTextSource source(text, piece);
  AofFileReader reader(source);
  Outcome out;
  resp::Batch batch;
  for (;;) {
    out.failure = reader.prepare();
    if (!reader.has_ready() && !out.failure) break;
    while (reader.has_ready()) {
      reader.cut(batch);
      for (std::size_t i = 0; i < batch.size(); ++i) {
        EXPECT_EQ(text[reader.offset(i)], '*');
        for (const std::string_view word : batch.requests()[i].args) {
          out.commands.append(word.substr(0, 20)).append(" ");
        }
        out.commands += "; ";
      }
    }
    if (out.failure) break;
  }
  out.offset = reader.offset();
  out.verified = reader.verified();
  return out;
}

const std::string kSetA = command({"SET", "a", "1"});
const std::string kSetB = command({"SET", "b", "two\r\n"});

TEST(Crc32c, HasTheKnownCheckValue) {
  EXPECT_EQ(crc32c(0, "123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(crc32c(0, "1234567"), "89"), 0xe3069283U);
}

TEST(AofCutter, PrintsAndReadsSums) {
  char line[kGroupSumChars];
  EXPECT_EQ(print_group_sum({0xabc, 12, 345, 67}, line), "#LC:00000abc:12:345:67\r\n");
  EXPECT_EQ(print_group_sum({}, line), kEmptyGroup);
  const auto sum = read_group_sum("#LC:00000abc:12:345:67");
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->crc, 0xabcU);
  EXPECT_EQ(sum->bytes, 12U);
  EXPECT_EQ(sum->offset, 345U);
  EXPECT_EQ(sum->synced, 67U);
  // As earlier versions wrote it.
  EXPECT_EQ(read_group_sum("#LC:00000abc:12:345")->synced, UINT64_MAX);
  for (const char* bad : {"#TS:17", "#LC:", "#LC:abc:1:2", "#LC:0000000g:1:2", "#LC:00000000:1",
                          "#LC:00000000:1:2:3:4", "#LC:00000000:-1:2"}) {
    EXPECT_FALSE(read_group_sum(bad)) << bad;
  }
}

TEST(AofFileReader, ReadsGroupsAndCommandsOfRedis) {
  std::string text = kSetA + "#TS:1700000000\r\n" + kSetB;
  text = with_group(text, kSetA + kSetB);
  text = with_group(text, kSetB) + kSetA;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
    const Outcome out = read_all(text, piece);
    EXPECT_FALSE(out.failure);
    EXPECT_EQ(out.commands,
              "SET a 1 ; SET b two\r\n ; SET a 1 ; SET b two\r\n ; SET b two\r\n ; SET a 1 ; ");
    EXPECT_EQ(out.offset, text.size());
    EXPECT_EQ(out.verified, text.size() - kSetA.size());
  }
}

TEST(AofFileReader, AFileCutAnywhereIsTruncatedOrWhole) {
  const std::string text = with_group(with_group({}, kSetA), kSetA + kSetB);
  std::size_t whole = 0;
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const Outcome out = read_all(text.substr(0, size), 5);
    if (!out.failure) {
      ++whole;
      EXPECT_EQ(out.offset, size);
      continue;
    }
    EXPECT_EQ(out.failure->kind, Kind::truncated) << size;
    EXPECT_LE(out.failure->offset, size);
    EXPECT_LE(out.verified, out.failure->offset);
  }
  // Nothing, and behind each of three commands and two sums.
  EXPECT_EQ(whole, 6U);
}

TEST(AofFileReader, AnyChangedByteIsFound) {
  const std::string text = with_group(with_group({}, kSetA), kSetB + kSetA);
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const Outcome out = read_all(changed);
    // An annotation that is not recognized any more is skipped.
    const bool in_mark = text.find("#LC:", at < 3 ? 0 : at - 3) <= at;
    // How much was on disk is not known from elsewhere: here 0, before the end of the line.
    const bool is_synced = text.substr(at - std::min<std::size_t>(at, 1), 4) == ":0\r\n";
    EXPECT_TRUE(out.failure || in_mark || is_synced) << at;
  }
}

TEST(AofFileReader, CommandsBeforeADamagedGroupAreReady) {
  std::string text = with_group({}, kSetA);
  const std::size_t foreign = text.size();
  text += kSetB;
  const std::size_t begin = text.size();
  text = with_group(text, kSetA);
  text[begin + 9] ^= 1;
  const Outcome out = read_all(text);
  ASSERT_TRUE(out.failure);
  EXPECT_EQ(out.failure->kind, Kind::checksum);
  EXPECT_EQ(out.failure->offset, begin);
  EXPECT_EQ(out.commands, "SET a 1 ; SET b two\r\n ; ");
  EXPECT_EQ(out.verified, foreign);
}

TEST(AofFileReader, RefusesWhatIsNoCommand) {
  for (const char* bad :
       {"SET a 1\r\n", "*0\r\n", "*x\r\n", "*-1\r\n", "*1\n$1\r\na\r\n", "*1\r\n:1\r\n",
        "*1\r\n$1\r\nab\r\n", "*99999999999\r\n$1\r\n", "*1\r\n$-1\r\nxx", "*1\r\n$1\r\naXX"}) {
    const Outcome out = read_all(bad);
    ASSERT_TRUE(out.failure) << bad;
    EXPECT_EQ(out.failure->kind, Kind::damaged) << bad;
  }
  EXPECT_EQ(read_all("#" + std::string(2000, 'x')).failure->kind, Kind::damaged);
  // A count takes no memory before its words are there.
  EXPECT_EQ(read_all("*9999999999\r\n$1\r\na").failure->kind, Kind::truncated);
}

class CountedPulse final : public Pulse {
 public:
  bool go_on() override { return ++calls < most; }

  int calls = 0;
  int most = 1'000'000;
};

TEST(AofFileReader, CallsThePulseWhileItLooksForTheEndOfAGroup) {
  std::string group;
  for (int i = 0; i < 1000; ++i) group += command({"SET", "k", std::string(10'000, 'x')});
  const std::string text = with_group({}, group);
  AofTextSource source(text);
  CountedPulse pulse;
  AofFileReader reader(source, 0, &pulse);
  EXPECT_FALSE(reader.prepare());
  EXPECT_EQ(reader.verified(), text.size());
  // Reads, looks for commands, copies when the block grows, and sums.
  EXPECT_GE(pulse.calls, static_cast<int>(7 * group.size() / 2 / (64 << 10)));
  for (const int most : {1, 30, 100, pulse.calls - 1}) {
    AofTextSource again(text);
    CountedPulse stopping;
    stopping.most = most;
    AofFileReader stopped(again, 0, &stopping);
    const auto failure = stopped.prepare();
    ASSERT_TRUE(failure) << most;
    EXPECT_EQ(failure->kind, Kind::stopped);
    EXPECT_EQ(stopping.calls, most);
  }
}

TEST(AofFileReader, ACommandLargerThanTheReadAheadIsVerified) {
  const std::string large = command({"SET", "k", std::string(AofFileReader::kMostAhead + 5, 'x')});
  const std::string good = with_group({}, large);
  EXPECT_EQ(read_all(good).verified, good.size());
  std::string bad = good;
  bad[1000] ^= 1;
  EXPECT_EQ(read_all(bad).failure->kind, Kind::checksum);
}

}  // namespace
}  // namespace larder::persistence
