// Any bytes as a value in a RESTORE payload with a valid checksum. Refusals must have Redis's error
// texts. For accepted values, every command of their type must be safe, and RESTORE must accept the
// result of DUMP. The audit must balance afterwards. The corpus is that of the value codec.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "larder/base/assert.h"
#include "larder/base/rng.h"
#include "larder/persistence/crc64.h"
#include "larder/resp/reply_reader.h"
#include "tests/harness/harness.h"
#include "tests/server/restore_lines.h"

namespace {

using namespace larder;
using resp::Value;

constexpr std::size_t kMostBytes = 16 * 1024;
constexpr int kCommands = 40;

constexpr std::string_view kLow[][2] = {
    {"hash-max-listpack-entries", "2"}, {"zset-max-listpack-entries", "2"},
    {"set-max-listpack-entries", "2"},  {"set-max-intset-entries", "2"},
    {"list-max-listpack-size", "2"},    {"list-compress-depth", "1"},
    {"stream-node-max-entries", "3"},
};

constexpr std::string_view kNumbers[] = {
    "0",
    "1",
    "-1",
    "2",
    "7",
    "-3",
    "100",
    "1000000",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "1700000000001",
};
constexpr std::string_view kTexts[] = {
    "",
    "a",
    "5",
    "-1",
    "0-1",
    "1-1",
    "18446744073709551615-18446744073709551615",
    "a text that does not fit into a compact encoding, for it has more than 64 bytes",
};

std::string payload_of(std::string_view value) {
  std::string payload(value);
  payload += '\x0b';
  payload += '\0';
  const std::uint64_t sum = persistence::crc64(0, payload);
  payload.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  return payload;
}

class World {
 public:
  World() : client_(harness_.connect()) {
    for (const auto& [name, low] : kLow) {
      usual_.push_back(ask({"CONFIG", "GET", std::string(name)}).items[1].text);
    }
  }

  void set_limits(bool low) {
    for (std::size_t i = 0; i < std::size(kLow); ++i) {
      const std::string value = low ? std::string(kLow[i][1]) : usual_[i];
      LARDER_ASSERT(ask({"CONFIG", "SET", std::string(kLow[i][0]), value}).text == "OK");
    }
  }

  void check(std::string_view value) {
    rng_ = base::Rng(persistence::crc64(0, value));
    const Value restored = ask({"RESTORE", "k", "0", payload_of(value)});
    if (restored.is_error()) {
      LARDER_ASSERT(restored.text == "ERR Bad data format");
    } else {
      use();
    }
    expect_balance();
  }

 private:
  void use() {
    const std::string type = ask({"TYPE", "k"}).text;
    read_elements(type);
    expect_round_trip();
    const server::Lines lines = lines_for(type);
    for (int i = 0; i < kCommands; ++i) {
      run(rng_.below(5) == 0 ? pick(server::kLinesForAny) : pick(lines));
      if (rng_.below(10) == 0) harness_.advance_ms(30);
    }
    expect_round_trip();
    ask({"FLUSHALL"});
  }

  static server::Lines lines_for(std::string_view type) {
    if (type == "list") return server::kLinesForLists;
    if (type == "set") return server::kLinesForSets;
    if (type == "zset") return server::kLinesForSortedSets;
    if (type == "hash") return server::kLinesForHashes;
    if (type == "stream") return server::kLinesForStreams;
    LARDER_ASSERT(type == "string");
    return server::kLinesForStrings;
  }

  template <typename Choices>
  std::string_view pick(const Choices& choices) {
    return choices[rng_.below(std::size(choices))];
  }

  // Texts for the letters of a line: elements of the value itself, also names of groups and
  // consumers.
  void read_elements(const std::string& type) {
    elements_.assign(std::begin(kTexts), std::end(kTexts));
    groups_ = {"g"};
    consumers_ = {"c"};
    if (type == "list") gather(ask({"LRANGE", "k", "0", "9"}));
    if (type == "set") gather(ask({"SRANDMEMBER", "k", "9"}));
    if (type == "zset") gather(ask({"ZRANGE", "k", "0", "9"}));
    if (type == "hash") gather(ask({"HRANDFIELD", "k", "9", "WITHVALUES"}));
    if (type != "stream") return;
    gather(ask({"XRANGE", "k", "-", "+", "COUNT", "4"}));
    gather(ask({"XREVRANGE", "k", "+", "-", "COUNT", "4"}));
    for (const Value& group : ask({"XINFO", "GROUPS", "k"}).items) {
      groups_.push_back(group.items[1].text);
      for (const Value& consumer : ask({"XINFO", "CONSUMERS", "k", groups_.back()}).items) {
        consumers_.push_back(consumer.items[1].text);
      }
      for (const Value& row : ask({"XPENDING", "k", groups_.back(), "-", "+", "5"}).items) {
        elements_.push_back(row.items[0].text);
      }
    }
  }
  void gather(const Value& value) {
    if (value.kind == Value::Kind::bulk) elements_.push_back(value.text);
    for (const Value& item : value.items) gather(item);
  }

  void run(std::string_view line) {
    std::vector<std::string> words;
    while (!line.empty()) {
      const std::size_t end = std::min(line.find(' '), line.size());
      words.push_back(word(line.substr(0, end)));
      line.remove_prefix(std::min(end + 1, line.size()));
    }
    ask(words);
  }
  std::string word(std::string_view letter) {
    if (letter == "n") return std::string(pick(kNumbers));
    if (letter == "e") return std::string(pick(elements_));
    if (letter == "[e" || letter == "(e") return letter[0] + std::string(pick(elements_));
    if (letter == "g") return std::string(pick(groups_));
    if (letter == "c" || letter == "d") return std::string(pick(consumers_));
    return std::string(letter);
  }

  // The payload of the value restores the same value.
  void expect_round_trip() {
    ask({"PERSIST", "k"});
    const Value payload = ask({"DUMP", "k"});
    if (payload.is_null()) return;
    const Value restored = ask({"RESTORE", "j", "0", payload.text, "REPLACE"});
    // If all fields have expired, there is nothing to write.
    if (restored.is_error() && ask({"HLEN", "k"}).integer == 0) return;
    LARDER_ASSERT(restored.text == "OK");
    LARDER_ASSERT(ask({"DEBUG", "DIGEST-VALUE", "k"}) == ask({"DEBUG", "DIGEST-VALUE", "j"}));
  }

  Value ask(const std::vector<std::string>& words) {
    std::string request = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& text : words) {
      request += "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
    }
    const std::string reply = client_->exchange(request);
    resp::ReplyReader reader;
    const std::size_t used = reader.feed(reply);
    LARDER_ASSERT(reader.status() == resp::ReplyReader::Status::done && used == reply.size());
    return reader.take();
  }

  void expect_balance() {
    auto& graveyard = harness_.core().keyspace.graveyard();
    while (!graveyard.drain(base::Budget::unlimited())) {
    }
    const memory::Audit audit = harness_.core().auditor.run();
    if (audit.balanced()) return;
    std::fputs(audit.text().c_str(), stderr);
    std::abort();
  }

  harness::Harness harness_;
  std::unique_ptr<harness::Harness::Client> client_;
  base::Rng rng_{0};
  std::vector<std::string> usual_;
  std::vector<std::string> elements_, groups_, consumers_;
};

}  // namespace

// Making a world takes longer than using it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kMostBytes) return 0;
  static World world;
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  for (const bool low : {false, true}) {
    world.set_limits(low);
    world.check(value);
  }
  return 0;
}
