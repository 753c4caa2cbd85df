#include "larder/persistence/rdb_file.h"

#include <gtest/gtest.h>

#include <vector>

#include "codec_fixture.h"
#include "larder/base/rng.h"
#include "larder/memory/ledger.h"
#include "rdb_bytes.h"

namespace larder::persistence {
namespace {

using RdbKind = RdbFailure::Kind;

// What was read, as lines.
class Recorder final : public RdbVisitor {
 public:
  bool go_on() override {
    ++pulses;
    const std::uint64_t used = memory::used_bytes();
    longest_step = std::max(longest_step, used > last_used ? used - last_used : last_used - used);
    last_used = used;
    if (pulses_left == 1) return false;
    if (pulses_left > 1) --pulses_left;
    return true;
  }
  void aux(std::string_view name, std::string_view value) override {
    lines.push_back("aux " + std::string(name) + " " + std::string(value));
  }
  base::Result<void> function(std::string_view library) override {
    lines.push_back("function " + std::string(library));
    return {};
  }
  base::Result<void> database(std::uint64_t index) override {
    lines.push_back("database " + std::to_string(index));
    return {};
  }
  void sizes(std::uint64_t keys, std::uint64_t deadlines) override {
    lines.push_back("sizes " + std::to_string(keys) + " " + std::to_string(deadlines));
  }
  base::Result<void> keys(std::span<RdbKey> keys) override {
    pulses_at_keys = pulses;
    for (RdbKey& key : keys) {
      std::string line = "key " + std::string(key.name);
      if (key.deadline_ms) line += " deadline " + std::to_string(*key.deadline_ms);
      if (key.idle_s) line += " idle " + std::to_string(*key.idle_s);
      if (key.frequency) line += " frequency " + std::to_string(*key.frequency);
      if (key.value->is_empty()) {
        line += " empty";
      } else {
        for (const std::string& element : contents(Holder(*key.value).entry())) {
          line += "|" + element;
        }
      }
      lines.push_back(line);
    }
    return {};
  }
  void progress(std::uint64_t bytes) override { read_bytes = bytes; }

  std::vector<std::string> lines;
  std::uint64_t read_bytes = 0;
  int pulses_left = 0;  // at the last one and from then on the answer is to stop; 0: never
  int pulses = 0;
  int pulses_at_keys = 0;  // when keys were passed on
  // By how much the data grew or shrank at most between two pulses.
  std::uint64_t last_used = memory::used_bytes();
  std::uint64_t longest_step = 0;
};

class RdbFile : public ::testing::Test {
 protected:
  RdbFile() : before_(balance()) {}
  void TearDown() override { EXPECT_EQ(balance(), before_); }

  std::optional<RdbFailure> read(std::string_view bytes, std::size_t piece = std::string::npos,
                                 std::size_t window = 1 << 20) {
    TextSource source(bytes, piece);
    recorder_ = {};
    return read_rdb(source, {settings_, kNow, verifies_, window}, recorder_);
  }
  std::string all_forms() {
    std::string items("\xfe\x00\xfb\x40\x40\x02", 6);
    for (const auto& [name, value] : values_of_every_form()) {
      if (value.size() < 2000) items += key_bytes(name, value);
    }
    return rdb_file(items);
  }

  config::Registry registry_{"Redis 7.2.6"};
  types::Settings settings_{registry_};
  Recorder recorder_;
  bool verifies_ = true;

 private:
  static std::int64_t balance() {
    using memory::Owner;
    std::int64_t sum = 0;
    for (const Owner owner : {Owner::strings, Owner::lists, Owner::hashes, Owner::sets,
                              Owner::sorted_sets, Owner::streams, Owner::snapshot}) {
      sum += memory::balance(owner);
    }
    return sum;
  }
  const std::int64_t before_;
};

TEST_F(RdbFile, ReadsItemsInTheirOrder) {
  using std::string_literals::operator""s;
  const std::string items =
      "\xfa" + short_text("redis-ver") + short_text("7.0.15") + "\xf5" + short_text("#!lua") +
      "\xfe\x03" + "\xfb\x02\x01" + "\xfc" + "\x00\x10\x00\x00\x00\x01\x00\x00"s + "\xf8\x05" +
      key_bytes("a", "\x00\xc0\x07"s) + "\xfd" + "\x01\x00\x00\x00"s + "\xf9\x09" +
      key_bytes("b", "\x00\x01x"s) + "\xf4\x01\x02\x03" + key_bytes("c", "\x01\x00"s);
  EXPECT_FALSE(read(rdb_file(items)));
  EXPECT_EQ(recorder_.lines,
            (std::vector<std::string>{"aux redis-ver 7.0.15", "function #!lua", "database 3",
                                      "sizes 2 1", "key a deadline 1099511631872 idle 5|7",
                                      "key b deadline 1000 frequency 9|x", "key c empty"}));
}

TEST_F(RdbFile, SkipsTheDataOfModules) {
  using std::string_literals::operator""s;
  const std::string module = "\xf7\x01\x02\x02\x01\x05\x02\x06\x03"s + "1234" + "\x04" +
                             "12345678" + "\x05" + short_text("text") + "\x00"s;
  EXPECT_FALSE(read(rdb_file(module + "\xfe\x00"s + key_bytes("a", "\x00\x01x"s))));
  EXPECT_EQ(recorder_.lines, (std::vector<std::string>{"database 0", "key a|x"}));
}

TEST_F(RdbFile, ChecksMagicAndVersionBeforeAnythingElse) {
  const std::string good = rdb_file("\xfe\x05");
  for (const char* version : {"0001", "0009", "0012"}) {
    EXPECT_FALSE(read(rdb_file({}, version))) << version;
  }
  for (const char* version : {"0000", "0013", "0080", "-001", "1x  "}) {
    const auto failure = read(rdb_file("\xfe\x05", version));
    ASSERT_TRUE(failure) << version;
    EXPECT_EQ(failure->kind, RdbKind::version);
    EXPECT_EQ(failure->offset, 0u);
    EXPECT_TRUE(recorder_.lines.empty());
  }
  EXPECT_EQ(read("VALKEY080" + good.substr(9))->kind, RdbKind::magic);
  EXPECT_EQ(read("RED")->kind, RdbKind::truncated);
  EXPECT_EQ(read("RAD")->kind, RdbKind::magic);
  EXPECT_EQ(read("")->kind, RdbKind::truncated);
}

TEST_F(RdbFile, VerifiesTheChecksum) {
  std::string file = rdb_file(std::string("\xfe\x00", 2) + key_bytes("a", {"\x00\x01x", 3}));
  file.back() ^= 1;
  const auto failure = read(file);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, RdbKind::checksum);
  verifies_ = false;
  EXPECT_FALSE(read(file));
  verifies_ = true;
  std::fill(file.end() - 8, file.end(), '\0');
  EXPECT_FALSE(read(file));
  // Before version 5 there is none.
  EXPECT_FALSE(
      read(std::string("REDIS0004\xfe\x00", 11) + key_bytes("a", {"\x00\x01x", 3}) + "\xff"));
  EXPECT_EQ(recorder_.lines.back(), "key a|x");
}

TEST_F(RdbFile, ReadsEveryFormWholeAndInPieces) {
  const std::string file = all_forms();
  const auto failure = read(file);
  ASSERT_FALSE(failure) << failure->text << " at " << failure->offset;
  const auto whole = recorder_.lines;
  ASSERT_GE(whole.size(), 30u);
  EXPECT_EQ(recorder_.read_bytes, file.size());
  for (const std::size_t piece : {1, 7, 1000}) {
    ASSERT_FALSE(read(file, piece));
    EXPECT_EQ(recorder_.lines, whole) << piece;
  }
}

// The window ends at every byte of a value at some time.
TEST_F(RdbFile, ReadsEveryFormThroughASmallWindow) {
  const std::string file = all_forms();
  ASSERT_FALSE(read(file));
  const auto whole = recorder_.lines;
  for (const std::size_t window : {1, 2, 3, 5, 64, 1000}) {
    const auto failure = read(file, window, window);
    ASSERT_FALSE(failure) << window << ": " << failure->text << " at " << failure->offset;
    EXPECT_EQ(recorder_.lines, whole) << window;
  }
}

TEST_F(RdbFile, AFileCutAtAnyByteIsTruncatedThere) {
  const std::string file = all_forms();
  for (std::size_t size = 0; size < file.size(); ++size) {
    const auto failure = read(std::string_view(file).substr(0, size));
    ASSERT_TRUE(failure) << size;
    ASSERT_EQ(failure->kind, RdbKind::truncated) << size << ": " << failure->text;
    ASSERT_LE(failure->offset, size);
  }
}

TEST_F(RdbFile, DamagedBytesAreRefusedOrAreAnotherFile) {
  const std::string file = all_forms();
  base::Rng rng(11);
  verifies_ = false;
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = file;
    for (int n = 0; n < 3; ++n)
      damaged[9 + rng.below(file.size() - 9)] = static_cast<char>(rng.below(256));
    read(damaged);
  }
}

TEST_F(RdbFile, AWrongLengthDoesNotTakeMemory) {
  const std::string huge("\x00\x01k\x81\x00\x00\x00\x7f\xff\xff\xff\xff", 12);
  const auto failure = read(rdb_file(huge + std::string(3'000'000, 'x')));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, RdbKind::truncated);
  EXPECT_EQ(failure->offset, 9u);
}

// The window grows for a value that is larger than it.
TEST_F(RdbFile, ReadsValuesLargerThanTheWindow) {
  std::string hash("\x04\x80\x00\x02\x00\x00", 6);  // 131,072 fields
  for (int i = 0; i < 131'072; ++i) {
    hash += short_text("field:" + std::to_string(i)) + short_text(std::string(20, 'v'));
  }
  const std::string text = std::string("\x00\x80\x00\x40\x00\x00", 6) + std::string(4 << 20, 't');
  const std::string items =
      key_bytes("h", hash) + key_bytes("t", text) + key_bytes("s", {"\x00\x01x", 3});
  const std::string file = rdb_file(items);
  ASSERT_GT(hash.size(), std::size_t{4} << 20);
  const auto failure = read(file);
  ASSERT_FALSE(failure) << failure->text;
  ASSERT_EQ(recorder_.lines.size(), 3u);
  EXPECT_EQ(std::count(recorder_.lines[0].begin(), recorder_.lines[0].end(), '|'), 131'072);
  EXPECT_EQ(recorder_.lines[1].size(), std::size_t{4 << 20} + 6);
  EXPECT_EQ(recorder_.lines[2], "key s|x");
}

// Reading, checksum and copy of a large text take at least a pulse for each megabyte.
TEST_F(RdbFile, CallsThePulseWithinALargeText) {
  const std::string text = std::string("\x00\x80\x01\x00\x00\x00", 6) + std::string(16 << 20, 't');
  const std::string items = key_bytes("t", text) + key_bytes("s", {"\x00\x01x", 3});
  ASSERT_FALSE(read(rdb_file(items)));
  EXPECT_GE(recorder_.pulses, 16 + 15 + 4 * 16 - 4);
  for (int pulses = 2; pulses < 90; pulses += 17) {
    const std::string file = rdb_file(items);
    TextSource source(file);
    recorder_ = {};
    recorder_.pulses_left = pulses;
    const auto failure = read_rdb(source, {settings_, kNow, true}, recorder_);
    ASSERT_TRUE(failure) << pulses;
    EXPECT_EQ(failure->kind, RdbKind::stopped);
  }
}

// The reader has seen the end of the file when it has read this value. The keys are passed on in
// front of the number of a database.
TEST_F(RdbFile, CallsThePulseWithinTheChecksumOfTheLastValue) {
  std::string hash("\x04\x80\x00\x02\x00\x00", 6);  // 131,072 fields
  for (int i = 0; i < 131'072; ++i) {
    hash += short_text("field:" + std::to_string(i)) + short_text(std::string(40, 'v'));
  }
  ASSERT_FALSE(read(rdb_file(key_bytes("h", hash) + "\xfe\x01")));
  ASSERT_EQ(recorder_.lines.size(), 2u);
  const auto pieces = static_cast<int>(hash.size() / (512 << 10));
  EXPECT_GE(recorder_.pulses - recorder_.pulses_at_keys, pieces);
}

// The fields that were read before the window grew are freed in steps.
TEST_F(RdbFile, CallsThePulseWhileAnAttemptIsUndone) {
  std::string hash("\x04\x80\x00\x02\x00\x00", 6);  // 131,072 fields
  std::string set("\x05\x80\x00\x02\x00\x00", 6);   // as many members with scores
  for (int i = 0; i < 131'072; ++i) {
    hash += short_text("field:" + std::to_string(i)) + short_text(std::string(40, 'v'));
    set += short_text("member:" + std::to_string(i)) + std::string(8, '\x3f');
  }
  ASSERT_FALSE(read(rdb_file(key_bytes("h", hash) + key_bytes("z", set))));
  EXPECT_EQ(recorder_.lines.size(), 2u);
  // The steps of growth are those of the window and of the tables.
  EXPECT_LE(recorder_.longest_step, std::uint64_t{8} << 20);
}

TEST_F(RdbFile, StopsWhenThePulseSaysSo) {
  const std::string file = all_forms();
  int stopped = 0;
  for (int pulses = 1; pulses < 12; ++pulses) {
    TextSource source(file);
    recorder_ = {};
    recorder_.pulses_left = pulses;
    const auto failure = read_rdb(source, {settings_, kNow, true}, recorder_);
    if (failure && failure->kind == RdbKind::stopped) ++stopped;
  }
  EXPECT_GE(stopped, 3);
}

}  // namespace
}  // namespace larder::persistence
