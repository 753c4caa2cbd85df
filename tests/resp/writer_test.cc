#include "larder/resp/writer.h"

#include <gtest/gtest.h>
#include <sys/uio.h>

#include <functional>
#include <limits>

#include "larder/memory/ledger.h"
#include "larder/resp/reply_reader.h"

namespace larder::resp {
namespace {

std::string sent(ReplyBuffer& buffer, std::size_t step = 100'000'000) {
  std::string out;
  while (!buffer.empty()) {
    iovec pieces[4];
    const std::size_t count = buffer.gather(pieces, 4);
    std::size_t taken = 0;
    for (std::size_t i = 0; i < count && taken < step; ++i) {
      const std::size_t part = std::min(pieces[i].iov_len, step - taken);
      out.append(static_cast<const char*>(pieces[i].iov_base), part);
      taken += part;
    }
    buffer.consume(taken);
  }
  return out;
}

std::string written(Protocol protocol, const std::function<void(Writer&)>& write) {
  ChunkPool pool;
  ReplyBuffer buffer(pool);
  Writer writer(buffer);
  writer.protocol(protocol);
  write(writer);
  return sent(buffer);
}

void expect_forms(std::string_view resp2, std::string_view resp3,
                  const std::function<void(Writer&)>& write) {
  EXPECT_EQ(written(Protocol::resp2, write), resp2);
  EXPECT_EQ(written(Protocol::resp3, write), resp3);
}

TEST(Writer, WritesTypesOfBothProtocols) {
  expect_forms("+OK\r\n", "+OK\r\n", [](Writer& w) { w.ok(); });
  expect_forms("+QUEUED\r\n", "+QUEUED\r\n", [](Writer& w) { w.simple("QUEUED"); });
  expect_forms("*3\r\n", "*3\r\n", [](Writer& w) { w.array(3); });
  expect_forms("$0\r\n\r\n", "$0\r\n\r\n", [](Writer& w) { w.bulk(""); });
  expect_forms("$3\r\n-12\r\n", "$3\r\n-12\r\n", [](Writer& w) { w.bulk_integer(-12); });
  expect_forms("$1\r\nx\r\n", "$1\r\nx\r\n", [](Writer& w) { w.raw("$1\r\nx\r\n"); });
}

TEST(Writer, WritesIntegers) {
  for (const std::int64_t n :
       {std::int64_t{0}, std::int64_t{9}, std::int64_t{10}, std::int64_t{99}, std::int64_t{100},
        std::int64_t{-1}, std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_EQ(written(Protocol::resp2, [&](Writer& w) { w.integer(n); }),
              ":" + std::to_string(n) + "\r\n");
  }
}

TEST(Writer, WritesEachProtocolsForms) {
  expect_forms("$-1\r\n", "_\r\n", [](Writer& w) { w.null(); });
  expect_forms("*-1\r\n", "_\r\n", [](Writer& w) { w.null_array(); });
  expect_forms("*4\r\n", "%2\r\n", [](Writer& w) { w.map(2); });
  expect_forms("*2\r\n", "~2\r\n", [](Writer& w) { w.set(2); });
  expect_forms("*2\r\n", ">2\r\n", [](Writer& w) { w.push(2); });
  expect_forms("$3\r\n1.5\r\n", ",1.5\r\n", [](Writer& w) { w.real(1.5); });
  expect_forms("$4\r\n-inf\r\n", ",-inf\r\n",
               [](Writer& w) { w.real(-std::numeric_limits<double>::infinity()); });
  expect_forms(":1\r\n:0\r\n", "#t\r\n#f\r\n", [](Writer& w) {
    w.boolean(true);
    w.boolean(false);
  });
  expect_forms("$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n", [](Writer& w) { w.verbatim("txt", "hi"); });
  expect_forms("$3\r\n123\r\n", "(123\r\n", [](Writer& w) { w.big_number("123"); });
  EXPECT_EQ(written(Protocol::resp3, [](Writer& w) { w.attribute(1); }), "|1\r\n");
}

TEST(Writer, WritesBulksOfEverySize) {
  for (std::size_t n = 0; n < 1010; ++n) {
    std::string text(n, ' ');
    for (std::size_t i = 0; i < n; ++i) text[i] = static_cast<char>(i * 7 + n);
    EXPECT_EQ(written(Protocol::resp2, [&](Writer& w) { w.bulk(text); }),
              "$" + std::to_string(n) + "\r\n" + text + "\r\n");
  }
}

TEST(Writer, KeepsErrorsOnOneLine) {
  EXPECT_EQ(written(Protocol::resp2, [](Writer& w) { w.error("\r\nERR a\r\nb\nc\r\n"); }),
            "-ERR a  b c\r\n");
  EXPECT_EQ(written(Protocol::resp2, [](Writer& w) { w.error("NOAUTH", "log\nin\n"); }),
            "-NOAUTH log in\r\n");
}

TEST(Writer, RemembersTheFirstErrorOfACommand) {
  ChunkPool pool;
  ReplyBuffer buffer(pool);
  Writer writer(buffer);
  EXPECT_EQ(writer.error_code(), "");
  writer.error("WRONGTYPE Operation against a key");
  writer.error("ERR", "other");
  EXPECT_EQ(writer.error_code(), "WRONGTYPE");
  EXPECT_EQ(writer.errors(), 2u);
  writer.start_command();
  EXPECT_EQ(writer.error_code(), "");
  writer.error(std::string(40, 'X') + " too long for a code");
  EXPECT_EQ(writer.error_code(), "ERR");
  EXPECT_EQ(writer.errors(), 3u);
}

TEST(Writer, DropsEverythingWhileMutedButCountsErrors) {
  ChunkPool pool;
  ReplyBuffer buffer(pool);
  Writer writer(buffer);
  writer.mute(true);
  writer.ok();
  writer.bulk("text");
  writer.bulk(std::string(50'000, 'x'));
  writer.integer(-5);
  writer.integer(5);
  writer.real(2.5);
  const auto mark = writer.begin_array();
  writer.null();
  writer.end_array(mark, 1);
  writer.error("ERR no");
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.held_bytes(), 0u);
  EXPECT_EQ(writer.errors(), 1u);
  writer.mute(false);
  writer.ok();
  EXPECT_EQ(sent(buffer), "+OK\r\n");
}

TEST(Writer, FillsInCountsThatAreKnownLater) {
  expect_forms("*2\r\n:1\r\n*0\r\n+OK\r\n", "*2\r\n:1\r\n*0\r\n+OK\r\n", [](Writer& w) {
    const auto outer = w.begin_array();
    w.integer(1);
    const auto inner = w.begin_array();
    w.end_array(inner, 0);
    w.end_array(outer, 2);
    w.ok();
  });
  expect_forms("*2\r\n$1\r\nk\r\n*1\r\n:1\r\n", "%1\r\n$1\r\nk\r\n~1\r\n:1\r\n", [](Writer& w) {
    const auto map = w.begin_map();
    w.bulk("k");
    const auto set = w.begin_set();
    w.integer(1);
    w.end_set(set, 1);
    w.end_map(map, 1);
  });
}

TEST(Writer, FillsInCountsAcrossChunks) {
  for (const std::size_t lead : {std::size_t{0}, ChunkPool::kRoom - 30, ChunkPool::kRoom - 24,
                                 ChunkPool::kRoom - 10, ChunkPool::kRoom}) {
    ChunkPool pool;
    ReplyBuffer buffer(pool);
    Writer writer(buffer);
    std::string expected(lead, 'l');
    writer.raw(expected);
    const auto outer = writer.begin_array();
    expected += "*20001\r\n";
    for (int i = 0; i < 20'000; ++i) {
      writer.integer(i);
      expected += ":" + std::to_string(i) + "\r\n";
    }
    const auto inner = writer.begin_array();
    writer.bulk(std::string(40'000, 'b'));
    writer.end_array(inner, 1);
    expected += "*1\r\n$40000\r\n" + std::string(40'000, 'b') + "\r\n";
    writer.end_array(outer, 20'001);
    writer.ok();
    expected += "+OK\r\n";
    EXPECT_EQ(buffer.size(), expected.size());
    EXPECT_EQ(sent(buffer, 5'000), expected);
  }
}

TEST(Writer, CrossesChunksAtEveryPlace) {
  for (std::size_t lead = ChunkPool::kRoom - 120; lead <= ChunkPool::kRoom; ++lead) {
    ChunkPool pool;
    ReplyBuffer buffer(pool);
    Writer writer(buffer);
    writer.raw(std::string(lead, 'l'));
    writer.bulk(std::string(60, 'b'));
    writer.integer(123456);
    writer.error("ERR a\nb");
    EXPECT_EQ(sent(buffer, 77), std::string(lead, 'l') + "$60\r\n" + std::string(60, 'b') +
                                    "\r\n:123456\r\n-ERR a b\r\n");
  }
}

TEST(Writer, IsReadBackByTheReplyReader) {
  const std::string bytes = written(Protocol::resp3, [](Writer& w) {
    w.map(1);
    w.bulk("k");
    w.array(2);
    w.real(0.5);
    w.null();
  });
  EXPECT_EQ(print(parse_reply(bytes)), "%1\n  \"k\"\n  *2\n    ,0.5\n    _\n");
}

}  // namespace
}  // namespace larder::resp
