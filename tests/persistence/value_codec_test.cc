#include "larder/persistence/value_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "codec_fixture.h"
#include "larder/memory/ledger.h"
#include "larder/persistence/dump_payload.h"

namespace larder::persistence {
namespace {

// Inputs found by fuzzing, which must be rejected.
constexpr std::string_view kRefused = "refused_";

std::map<std::string, std::string> read_corpus(bool refused) {
  std::map<std::string, std::string> found;
  for (const auto& file :
       std::filesystem::directory_iterator("tests/persistence/value_codec_fuzz_corpus")) {
    const std::string name = file.path().filename();
    if ((name.rfind(kRefused, 0) == 0) != refused) continue;
    std::ifstream in(file.path(), std::ios::binary);
    found[name] = {std::istreambuf_iterator<char>(in), {}};
  }
  return found;
}

// Values of every encoding, written by redis-server, or as older and newer versions write them.
std::map<std::string, std::string> corpus() { return read_corpus(/*refused=*/false); }

class ValueCodec : public ::testing::Test {
 protected:
  ValueCodec() : before_(dataset()) {}
  void TearDown() override { EXPECT_EQ(dataset(), before_); }

  bool reads(std::string_view bytes) {
    DecodedValue value;
    return value.read(bytes, settings_, kNow);
  }
  std::vector<std::string> contents_of(std::string_view bytes) {
    DecodedValue value;
    if (!value.read(bytes, settings_, kNow)) return {"refused"};
    return contents(Holder(value).entry());
  }
  // No collection uses its compact encoding.
  void lower_limits() {
    ASSERT_TRUE(registry_.set({{"hash-max-listpack-entries", "0"},
                               {"zset-max-listpack-entries", "0"},
                               {"set-max-listpack-entries", "0"},
                               {"set-max-intset-entries", "0"},
                               {"list-max-listpack-size", "1"},
                               {"list-compress-depth", "1"}},
                              {}));
  }

  config::Registry registry_{"Redis 7.2.6"};
  types::Settings settings_{registry_};

 private:
  static std::int64_t dataset() {
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

TEST_F(ValueCodec, ReadsEveryEncodingAndItsOwnOutput) {
  const auto values = corpus();
  ASSERT_GE(values.size(), 30u);
  for (const bool low : {false, true}) {
    if (low) lower_limits();
    for (const auto& [name, bytes] : values) {
      SCOPED_TRACE(name);
      DecodedValue value;
      ASSERT_TRUE(value.read(bytes, settings_, kNow));
      const Holder held(value);
      const auto expected = contents(held.entry());
      EXPECT_EQ(contents_of(held.encode()), expected);
      EXPECT_EQ(contents_of(held.encode(Compression::off)), expected);
    }
  }
}

// Without streams: compressed texts may differ in bytes, with about the same length.
TEST_F(ValueCodec, WritesTheBytesOfRedisForCurrentEncodings) {
  const auto values = corpus();
  for (const char* name : {"string_int8", "string_int16", "string_int32", "string_int64",
                           "string_text", "string_empty", "list_packed", "set_intset",
                           "hash_listpack", "zset_listpack", "stream_empty"}) {
    SCOPED_TRACE(name);
    DecodedValue value;
    ASSERT_TRUE(value.read(values.at(name), settings_, kNow));
    EXPECT_EQ(Holder(value).encode(), values.at(name));
  }
}

TEST_F(ValueCodec, ReadsOldEncodings) {
  const auto values = corpus();
  EXPECT_EQ(contents_of(values.at("list_ziplist")),
            (std::vector<std::string>{"a", "5", "-100", "-30000", "100000", "-1073741824",
                                      "1099511627776", std::string(70, 'x'), "12", "13"}));
  EXPECT_EQ(contents_of(values.at("hash_zipmap")),
            (std::vector<std::string>{"f v 0", "g " + std::string(260, 'w') + " 0"}));
  EXPECT_EQ(contents_of(values.at("zset_text")),
            (std::vector<std::string>{"c -inf", "a 1.500000", "d 3.000000", "b inf"}));
  EXPECT_EQ(contents_of(values.at("hash_deadlines")),
            (std::vector<std::string>{"f v 33177117420000", "g w 0"}));
}

TEST_F(ValueCodec, RejectsTruncatedAndExtendedValues) {
  for (const auto& [name, bytes] : corpus()) {
    SCOPED_TRACE(name);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(reads(std::string_view(bytes).substr(0, size))) << size;
    }
    EXPECT_FALSE(reads(bytes + 'x'));
  }
}

TEST_F(ValueCodec, RejectsInputsFoundByFuzzing) {
  const auto found = read_corpus(/*refused=*/true);
  EXPECT_GE(found.size(), 2u);
  for (const auto& [name, bytes] : found) EXPECT_FALSE(reads(bytes)) << name;
}

TEST_F(ValueCodec, SurvivesEveryChangedByte) {
  std::size_t taken = 0;
  for (const auto& [name, bytes] : corpus()) {
    SCOPED_TRACE(name);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (const int change : {0x01, 0x02, 0x10, 0x40, 0x80, 0xff}) {
        std::string changed = bytes;
        changed[at] = static_cast<char>(changed[at] ^ change);
        DecodedValue value;
        if (!value.read(changed, settings_, kNow)) continue;
        const Holder held(value);
        ++taken;
        EXPECT_EQ(contents_of(held.encode()), contents(held.entry())) << at << " " << change;
      }
    }
  }
  EXPECT_GT(taken, 0u);
}

// Values of a few hundred KB that expand to megabytes, by name.
class GrowingValues : public ValueCodec {
 protected:
  static std::string number(std::size_t value) {
    return {'\x80', static_cast<char>(value >> 24), static_cast<char>(value >> 16),
            static_cast<char>(value >> 8), static_cast<char>(value)};
  }
  static std::string word(const std::string& text) { return static_cast<char>(text.size()) + text; }
  std::string compressed(const std::string& value) {
    DecodedValue decoded;
    EXPECT_TRUE(decoded.read(value, settings_, kNow));
    return Holder(decoded).encode(Compression::on);
  }
  static std::string text() { return '\0' + number(4'000'000) + std::string(4'000'000, 'v'); }
  static std::string list() {
    std::string bytes = '\1' + number(1000);
    for (int i = 0; i < 1000; ++i) bytes += number(4000) + std::string(4000, 'v');
    return bytes;
  }
  static std::string set() {
    std::string bytes = '\2' + number(40'000);
    for (int i = 0; i < 40'000; ++i) bytes += word("m" + std::to_string(i));
    return bytes;
  }
  static std::string sorted_set() {
    std::string bytes = '\5' + number(40'000);
    for (int i = 0; i < 40'000; ++i) {
      const auto score = static_cast<double>(i);
      bytes += word("m" + std::to_string(i));
      bytes.append(reinterpret_cast<const char*>(&score), sizeof score);
    }
    return bytes;
  }
  static std::string hash() {
    std::string bytes = '\4' + number(40'000);
    for (int i = 0; i < 40'000; ++i) bytes += word("f" + std::to_string(i)) + word("v");
    return bytes;
  }
  // As one listpack, from a server that allows it.
  std::string packed(const std::string& value, const char* directive) {
    EXPECT_TRUE(registry_.set({{directive, "200000"}}, {}));
    return compressed(value);
  }
  std::map<std::string, std::string> values() {
    std::map<std::string, std::string> values{{"text", compressed(text())},
                                              {"list", compressed(list())},
                                              {"set", set()},
                                              {"sorted set", sorted_set()},
                                              {"hash", hash()}};
    const std::string small = '\4' + number(20'000) + hash().substr(6, 20'000 * 9 - 11'110);
    values["packed hash"] = packed(small, "hash-max-listpack-entries");
    return values;
  }
};

TEST_F(GrowingValues, AreRejectedAboveTheirLimit) {
  for (const auto& [name, bytes] : values()) {
    SCOPED_TRACE(name);
    lower_limits();
    ASSERT_TRUE(registry_.set({{"list-compress-depth", "0"}}, {}));
    const std::uint64_t used = memory::used_bytes();
    DecodedValue value;
    EXPECT_FALSE(value.read(bytes, settings_, kNow, 500'000));
    EXPECT_TRUE(value.lacks_room());
    EXPECT_LT(memory::used_bytes(), used + 650'000);
    DecodedValue fits;
    EXPECT_TRUE(fits.read(bytes, settings_, kNow, 64'000'000));
    EXPECT_FALSE(fits.lacks_room());
  }
}

TEST_F(GrowingValues, WithWrongBytesAreReportedAsBadNotAsTooLarge) {
  DecodedValue value;
  EXPECT_FALSE(value.read(set() + 'x', settings_, kNow, 64'000'000));
  EXPECT_FALSE(value.lacks_room());
}

TEST_F(ValueCodec, OmitsExpiredFields) {
  std::string bytes = corpus().at("hash_deadlines");
  DecodedValue value;
  ASSERT_TRUE(value.read(bytes, settings_, 33177117420000));
  EXPECT_EQ(contents(Holder(value).entry()), (std::vector<std::string>{"g w 0"}));
}

TEST_F(ValueCodec, PayloadsAreCheckedByVersionAndSum) {
  DecodedValue value;
  const std::string text = corpus().at("string_text");
  ASSERT_TRUE(value.read(text, settings_, kNow));
  const Holder held(value);
  Bytes bytes;
  write_payload(held.entry(), kNow, Compression::on, bytes);
  std::string payload(bytes.data(), bytes.size());
  EXPECT_EQ(open_payload(payload), held.encode());
  for (std::size_t at = 0; at < payload.size(); ++at) {
    std::string changed = payload;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(open_payload(changed)) << at;
  }
  EXPECT_FALSE(open_payload(""));
  EXPECT_FALSE(open_payload("123456789"));
}

// Keeps what it gets, and the size of the largest piece.
class PieceRecorder final : public Spill {
 public:
  void take(Bytes& bytes) override {
    all.append(bytes.data(), bytes.size());
    largest = std::max(largest, bytes.size());
    held = std::max(held, memory::balance(memory::Owner::snapshot));
    bytes.clear();
  }
  std::string all;
  std::size_t largest = 0;
  std::int64_t held = 0;
};

TEST_F(ValueCodec, PayloadsOfLargeValuesComeInPieces) {
  std::string bytes("\0\x80\0\x10\0\0", 6);  // a string of 1 MB
  for (std::uint32_t i = 0; i < 1u << 20; ++i) bytes += static_cast<char>(i * i >> 7);
  DecodedValue value;
  ASSERT_TRUE(value.read(bytes, settings_, kNow));
  const Holder held(value);
  const std::int64_t before = memory::balance(memory::Owner::snapshot);
  PieceRecorder pieces;
  write_payload(held.entry(), kNow, Compression::off, pieces);
  EXPECT_LE(pieces.largest, 64u << 10);
  EXPECT_LE(pieces.held - before, 64 << 10);
  EXPECT_EQ(open_payload(pieces.all), bytes);
  Bytes at_once;
  write_payload(held.entry(), kNow, Compression::off, at_once);
  EXPECT_TRUE(std::equal(at_once.begin(), at_once.end(), pieces.all.begin(), pieces.all.end()));
}

// A text after its length.
std::string with_length(std::string_view text) {
  return static_cast<char>(text.size()) + std::string(text);
}

// A hash with fields of these numbers.
std::string hash_of(const std::vector<int>& numbers) {
  std::string bytes = "\x04";
  bytes += static_cast<char>(0x40 | numbers.size() >> 8);
  bytes += static_cast<char>(numbers.size());
  for (const int number : numbers) {
    bytes += with_length("field:" + std::to_string(number)) + with_length("value");
  }
  return bytes;
}

// Fields are read some at a time.
TEST_F(ValueCodec, LargeHashesAreReadCompletelyWithoutRepeatedFields) {
  for (const int count : {511, 512, 513, 528, 1000}) {
    std::vector<int> numbers;
    std::vector<std::string> expected;
    for (int i = 0; i < count; ++i) {
      numbers.push_back(10'000 + i);
      expected.push_back("field:" + std::to_string(10'000 + i) + " value 0");
    }
    EXPECT_EQ(contents_of(hash_of(numbers)), expected);
    numbers.back() = numbers[numbers.size() - 2];
    EXPECT_FALSE(reads(hash_of(numbers)));
    numbers.back() = numbers.front();
    EXPECT_FALSE(reads(hash_of(numbers)));
    EXPECT_FALSE(reads(hash_of(numbers).substr(0, 12'000)));
  }
}

TEST_F(ValueCodec, LongCompressedStringsAreStoredDirectly) {
  constexpr std::size_t kInside = keyspace::Entry::kMostInside;
  for (const std::size_t size : {kInside, kInside + 1, kInside * 8, std::size_t{5} << 20}) {
    DecodedValue value;
    std::string bytes(1, '\0');
    bytes += static_cast<char>(0x80);
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(size >> shift);
    const std::string text(size, 'x');
    bytes += text;
    ASSERT_TRUE(value.read(bytes, settings_, kNow));
    const std::string packed = Holder(value).encode();
    ASSERT_LT(packed.size(), 64 + size / 80);
    DecodedValue again;
    ASSERT_TRUE(again.read(packed, settings_, kNow));
    EXPECT_EQ(again.has_storage(), size > kInside);
    EXPECT_EQ(contents(Holder(again).entry()), std::vector<std::string>{text});
    // A wrong size, missing bytes, and bytes after the end.
    EXPECT_FALSE(reads(packed.substr(0, packed.size() - 1)));
    EXPECT_FALSE(reads(packed + "x"));
    std::string wrong = packed;
    wrong.back() = static_cast<char>(wrong.back() + 1);
    EXPECT_FALSE(reads(wrong) && contents_of(wrong) == std::vector<std::string>{text});
  }
}

}  // namespace
}  // namespace larder::persistence
