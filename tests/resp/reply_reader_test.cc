#include "larder/resp/reply_reader.h"

#include <gtest/gtest.h>

namespace larder::resp {
namespace {

using Kind = Value::Kind;

TEST(ReplyReader, ReadsEveryType) {
  const std::string_view bytes =
      "*15\r\n+OK\r\n-ERR no\r\n:-7\r\n$4\r\na\r\n\"\r\n$-1\r\n*-1\r\n_\r\n,1.5\r\n#t\r\n#f\r\n"
      "!5\r\nERR x\r\n=6\r\ntxt:hi\r\n(12345678901234567890\r\n%1\r\n+k\r\n~1\r\n:1\r\n>0\r\n";
  EXPECT_EQ(print(parse_reply(bytes)),
            "*15\n  +OK\n  -ERR no\n  :-7\n  \"a\\r\\n\\\"\"\n  $-1\n  *-1\n  _\n  ,1.5\n  #t\n"
            "  #f\n  !\"ERR x\"\n  =\"txt:hi\"\n  (12345678901234567890\n  %1\n    +k\n    ~1\n"
            "      :1\n  >0\n");
}

TEST(ReplyReader, AttachesAttributesToTheValueTheyPrecede) {
  const Value value = parse_reply("*2\r\n|1\r\n+ttl\r\n:5\r\n$1\r\na\r\n:2\r\n");
  ASSERT_EQ(value.items.size(), 2u);
  EXPECT_EQ(value.items[0].attributes.size(), 2u);
  EXPECT_TRUE(value.items[1].attributes.empty());
  EXPECT_EQ(print(value), "*2\n  |1\n    +ttl\n    :5\n  \"a\"\n  :2\n");
  EXPECT_EQ(print(parse_reply("|1\r\n+a\r\n+b\r\n:3\r\n")), "|1\n  +a\n  +b\n:3\n");
}

TEST(ReplyReader, ReadsOneReplyAtATime) {
  ReplyReader reader;
  EXPECT_EQ(reader.feed("+a\r\n+b\r\n"), 4u);
  ASSERT_EQ(reader.status(), ReplyReader::Status::done);
  EXPECT_EQ(reader.feed("+b\r\n"), 0u);
  EXPECT_EQ(reader.take().text, "a");
  EXPECT_EQ(reader.feed("+b\r\n"), 4u);
  EXPECT_EQ(reader.take().text, "b");
}

TEST(ReplyReader, ReadsTheSameInPieces) {
  const std::string bytes =
      "*3\r\n|1\r\n+k\r\n$3\r\nabc\r\n%1\r\n$0\r\n\r\n*0\r\n$5\r\nab\r\nc\r\n:9\r\n";
  const Value whole = parse_reply(bytes);
  for (std::size_t piece = 1; piece < bytes.size(); ++piece) {
    ReplyReader reader;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      const auto part = std::string_view(bytes).substr(at, piece);
      EXPECT_EQ(reader.feed(part), part.size());
    }
    ASSERT_EQ(reader.status(), ReplyReader::Status::done);
    EXPECT_TRUE(reader.take() == whole) << piece;
  }
}

TEST(ReplyReader, RejectsInvalidReplies) {
  for (const char* bytes : {"x\r\n", "+a\n", "\r\n", ":x\r\n", "$-2\r\n", "*-2\r\n", "%-1\r\n",
                            "#x\r\n", "_x\r\n", "$99999999999999999999\r\n", "=-1\r\n"}) {
    ReplyReader reader;
    reader.feed(bytes);
    EXPECT_EQ(reader.status(), ReplyReader::Status::failed) << bytes;
    EXPECT_NE(reader.error(), "");
  }
}

TEST(ReplyReader, BoundsDepthAndLines) {
  ReplyReader deep;
  for (std::size_t i = 0; i <= ReplyReader::kDeepest; ++i) deep.feed("*1\r\n");
  EXPECT_EQ(deep.status(), ReplyReader::Status::failed);
  ReplyReader wide;
  wide.feed("+" + std::string(ReplyReader::kMostLineBytes, 'x'));
  EXPECT_EQ(wide.status(), ReplyReader::Status::failed);
  ReplyReader boastful;
  boastful.feed("*4000000000000000000\r\n");
  EXPECT_EQ(boastful.status(), ReplyReader::Status::more);
}

}  // namespace
}  // namespace larder::resp
