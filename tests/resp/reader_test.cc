#include "larder/resp/reader.h"

#include <gtest/gtest.h>

#include <random>

#include "larder/memory/ledger.h"
#include "tests/resp/parsing.h"

namespace larder::resp {
namespace {

using Requests = std::vector<Words>;

std::int64_t input_bytes() { return memory::balance(memory::Owner::client_input); }

TEST(Reader, ParsesArraysOfBulkStrings) {
  const std::string binary("a\0\r\n\xff", 5);
  const Requests requests{{"GET", "key"}, {"SET", "", binary}, {"PING"}};
  std::string stream;
  for (const auto& words : requests) stream += encode(words);
  const Outcome outcome = parse_whole(stream);
  EXPECT_EQ(outcome.requests, requests);
  EXPECT_EQ(outcome.bytes, (std::vector<std::uint64_t>{22, 30, 14}));
  EXPECT_EQ(outcome.consumed, stream.size());
  EXPECT_EQ(outcome.error, "");
}

TEST(Reader, ParsesInlineCommands) {
  EXPECT_EQ(parse_whole("PING\r\n\nset  a\tb \r\n").requests,
            (Requests{{"PING"}, {"set", "a", "b"}}));
}

TEST(Reader, SkipsEmptyLinesAndEmptyArrays) {
  const std::string_view stream = "\r\n\n*0\r\n*-1\r\n*-9\r\n   \r\nPING\n";
  const Outcome outcome = parse_whole(stream);
  EXPECT_EQ(outcome.requests, (Requests{{"PING"}}));
  EXPECT_EQ(outcome.consumed, stream.size());
}

TEST(Reader, UnquotesInlineWords) {
  EXPECT_EQ(parse_whole("\"a b\" 'c d' x\"y\" '' \"\"\n").requests,
            (Requests{{"a b", "c d", "xy", "", ""}}));
  EXPECT_EQ(parse_whole(R"("\x41\n\r\t\b\a\q\"\\" 'it\'s \n' "\xZZ")"
                        "\n")
                .requests,
            (Requests{{"A\n\r\t\b\aq\"\\", "it's \\n", "xZZ"}}));
  EXPECT_EQ(parse_whole("a\\n\vb \v\fc\n").requests, (Requests{{"a\\n\vb", "c"}}));
}

TEST(Reader, RejectsUnbalancedQuotes) {
  for (const char* line : {"\"a\n", "'a\n", "\"a\"b\n", "'a'b\n", "a\"b\n", "\"a\\\"\n", "\"a\\\n",
                           "'a\\'\n", "\"a\"\"b\"\n"}) {
    EXPECT_EQ(parse_whole(line).error, "ERR Protocol error: unbalanced quotes in request") << line;
  }
}

TEST(Reader, ReportsProtocolErrorsWithRedissTexts) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"*a\r\n", "invalid multibulk length"},
      {"*01\r\n", "invalid multibulk length"},
      {"*+1\r\n", "invalid multibulk length"},
      {"*\r\n", "invalid multibulk length"},
      {"*1 \r\n", "invalid multibulk length"},
      {"*2147483648\r\n", "invalid multibulk length"},
      {"*99999999999999999999\r\n", "invalid multibulk length"},
      {"*1\r\nfoo\r\n", "expected '$', got 'f'"},
      {"*1\r\n:3\r\n", "expected '$', got ':'"},
      {"*1\r\n\r\n", "expected '$', got '\r'"},
      {"*1\r\n$-1\r\n", "invalid bulk length"},
      {"*1\r\n$\r\n", "invalid bulk length"},
      {"*1\r\n$x\r\n", "invalid bulk length"},
      {"*1\r\n$03\r\n", "invalid bulk length"},
      {"*1\r\n$536870913\r\n", "invalid bulk length"},
      {"*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$2000000000\r\n", "invalid bulk length"},
      {"*" + std::string(kMostLineBytes, '1'), "too big mbulk count string"},
      {"*1\r\n$" + std::string(kMostLineBytes, '1'), "too big bulk count string"},
      {std::string(kMostLineBytes + 1, 'x'), "too big inline request"},
      {std::string("\0", 1) + std::string(kMostLineBytes, '\n'), "too big inline request"},
      {std::string("*\0", 2) + std::string(kMostLineBytes, '\r'), "too big mbulk count string"},
      {std::string("$\0", 2) + std::string(kMostLineBytes, '\r'), "too big inline request"},
  };
  for (const auto& [stream, text] : cases) {
    EXPECT_EQ(parse_whole("PING\r\n" + stream).error, "ERR Protocol error: " + text);
    EXPECT_EQ(parse_whole("PING\r\n" + stream).requests, (Requests{{"PING"}}));
  }
  EXPECT_EQ(parse_whole(std::string(kMostLineBytes, 'x')).error, "");
  EXPECT_EQ(parse_whole("*2147483647\r\n").error, "");
}

TEST(Reader, LimitsUnauthenticatedClients) {
  const Limits unauthenticated{.authenticated = false};
  EXPECT_EQ(parse_whole("*11\r\n", unauthenticated).error,
            "ERR Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(parse_whole("*10\r\n", unauthenticated).error, "");
  EXPECT_EQ(parse_whole("*1\r\n$16385\r\n", unauthenticated).error,
            "ERR Protocol error: unauthenticated bulk length");
  EXPECT_EQ(parse_whole("*1\r\n$16384\r\n", unauthenticated).error, "");
  EXPECT_EQ(parse_whole("*1\r\n$16385\r\n").error, "");
}

TEST(Reader, ParsesOneRequestAtATimeBeforeAuthentication) {
  const std::string login = encode({"AUTH", "secret"});
  const std::string stream = login + encode(Words(12, "x"));
  Reader reader;
  Batch batch;
  const Parsed first = reader.parse(stream, batch, {.authenticated = false});
  EXPECT_EQ(first.status, Parsed::Status::full);
  EXPECT_EQ(first.consumed, login.size());
  EXPECT_EQ(batch.size(), 1u);
  batch.clear();
  const auto rest = std::string_view(stream).substr(first.consumed);
  const Parsed second = reader.parse(rest, batch, {.authenticated = true});
  EXPECT_EQ(second.status, Parsed::Status::more);
  ASSERT_EQ(batch.size(), 1u);
  EXPECT_EQ(batch.requests()[0].args.size(), 12u);
}

TEST(Reader, LimitsTheLengthOfBulkStrings) {
  const Limits limits{.max_bulk_bytes = 5};
  EXPECT_EQ(parse_whole(encode({"12345"}), limits).requests, (Requests{{"12345"}}));
  EXPECT_EQ(parse_whole(encode({"123456"}), limits).error,
            "ERR Protocol error: invalid bulk length");
  const Limits huge{.max_bulk_bytes = std::uint64_t{1} << 62};
  Feeder feeder(huge);
  EXPECT_TRUE(feeder.feed("*2\r\n$3\r\nGET\r\n$4611686018427387904\r\nx"));
  EXPECT_EQ(feeder.wanted(), 4611686018427387904u + 4 + 9 + 22 + 2);
}

TEST(Reader, StopsWhenTheBatchIsFull) {
  std::string stream;
  for (int i = 0; i < 150; ++i) stream += encode({"ECHO", std::to_string(i)});
  Reader reader;
  Batch batch;
  const Parsed parsed = reader.parse(stream, batch, {});
  EXPECT_EQ(parsed.status, Parsed::Status::full);
  EXPECT_EQ(batch.size(), Batch::kMostRequests);
  const Outcome outcome = parse_whole(stream);
  ASSERT_EQ(outcome.requests.size(), 150u);
  EXPECT_EQ(outcome.requests[149], (Words{"ECHO", "149"}));
}

TEST(Reader, RequestsTheBytesMissingOfABulkString) {
  Feeder feeder;
  feeder.feed("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\nabc");
  EXPECT_EQ(feeder.wanted(), 4u + 9 + 7 + 9 + 100000 + 2);
  EXPECT_TRUE(feeder.reader().half_way());
}

std::vector<std::string> streams() {
  return {
      encode({"GET", "key"}) + encode({"SET", "k", std::string(300, 'v')}) + "PING\r\n",
      "PING\r\n\n*0\r\n*-1\r\nset \"a\\x41\" 'b' c\"d\"\r\n" + encode(Words(15, "word")),
      encode({"", "", ""}) + "\r\n" + encode({"\r\n", "*1\r\n", "$1\r\n"}),
      "PING\r\n*1\r\n$4\r\nPING\r\n*1\r\nfoo\r\nPING\r\n",
      "*2\r\n$3\r\nGET\r\n$-5\r\nabc",
      "*12\r\n$1\r\nx\r\n$01\r\n",
      "get \"a\r\n",
      "*x\r\n",
      "*1\rX$4\rXPINGXX*1\r\n$4\r\nPING\r\n",
  };
}

TEST(Reader, FindsTheSameRequestsForAnySplitOfTheStream) {
  for (const auto& stream : streams()) {
    const Outcome whole = parse_whole(stream);
    for (std::size_t cut = 1; cut < stream.size(); ++cut) {
      Feeder feeder;
      feeder.feed(std::string_view(stream).substr(0, cut));
      feeder.feed(std::string_view(stream).substr(cut));
      EXPECT_TRUE(feeder.outcome() == whole) << stream << " cut at " << cut;
    }
    for (const std::size_t piece : {1, 2, 3, 7, 64}) {
      EXPECT_TRUE(parse_in_pieces(stream, piece) == whole) << stream << " in " << piece;
    }
  }
}

TEST(Reader, ScansEachByteOnceIfAMegabyteArrivesInSmallPieces) {
  const std::string stream = encode({"SET", "key", std::string(1 << 20, 'v')});
  Reader reader;
  Batch batch;
  std::uint64_t examined = 0;
  for (std::size_t have = 1; have <= stream.size(); ++have) {
    const Parsed parsed = reader.parse({stream.data(), have}, batch, {});
    examined += parsed.examined;
    EXPECT_EQ(batch.size(), have == stream.size() ? 1u : 0u);
  }
  EXPECT_EQ(examined, stream.size());
}

TEST(Reader, ScansEachByteOnceIfManyArgumentsArriveInSmallPieces) {
  const std::string stream = encode(Words(100'000, "abc"));
  Reader reader;
  Batch batch;
  std::uint64_t examined = 0;
  for (std::size_t have = 1; have <= stream.size(); ++have) {
    examined += reader.parse({stream.data(), have}, batch, {}).examined;
  }
  EXPECT_EQ(examined, stream.size());
  ASSERT_EQ(batch.size(), 1u);
  EXPECT_EQ(batch.requests()[0].args.size(), 100'000u);
  EXPECT_EQ(batch.requests()[0].args.back(), "abc");
}

TEST(Reader, ScansEachByteOnceIfAnInlineCommandArrivesInSmallPieces) {
  const std::string stream = "ECHO " + std::string(60'000, 'x') + "\r\n";
  EXPECT_EQ(parse_in_pieces(stream, 1).examined, stream.size());
}

TEST(Reader, DoesNotAllocateForAnnouncedSizes) {
  const std::int64_t before = input_bytes();
  {
    Feeder feeder;
    feeder.feed("*2147483647\r\n$3\r\nDEL\r\n$1\r\na\r\n$500000000\r\n");
    EXPECT_LT(input_bytes() - before, 1024);
    EXPECT_EQ(feeder.outcome().most_held, static_cast<std::size_t>(input_bytes() - before));
  }
  EXPECT_EQ(input_bytes(), before);
}

TEST(Reader, FreesItsStateWithTheRequest) {
  const std::int64_t before = input_bytes();
  {
    Reader reader;
    Batch batch;
    const std::string stream = encode({"GET", "key"});
    reader.parse({stream.data(), 10}, batch, {});
    EXPECT_GT(reader.held_bytes(), 0u);
    reader.parse(stream, batch, {});
    EXPECT_EQ(reader.held_bytes(), 0u);
    EXPECT_FALSE(reader.half_way());
    EXPECT_EQ(batch.size(), 1u);
  }
  EXPECT_EQ(input_bytes(), before);
}

TEST(Reader, AgreesWithItselfOnRandomBytes) {
  std::mt19937 random(7);
  const std::string_view letters = "*$012\r\n\"'\\x a-";
  for (int round = 0; round < 3000; ++round) {
    std::string stream = round % 2 == 0 ? encode({"GET", "k"}) : "";
    const std::size_t size = random() % 80;
    while (stream.size() < size) {
      stream += round % 3 == 0 ? static_cast<char>(random()) : letters[random() % letters.size()];
      if (random() % 9 == 0) stream += "\r\n";
    }
    const Limits limits{.authenticated = round % 5 != 0};
    const Outcome whole = parse_whole(stream, limits);
    EXPECT_TRUE(parse_in_pieces(stream, 1, limits) == whole) << stream;
    EXPECT_TRUE(parse_in_pieces(stream, 5, limits) == whole) << stream;
  }
}

TEST(Batch, KeepsEarlierRequestsWhenItGrows) {
  std::string stream;
  for (int i = 1; i <= 40; ++i) {
    stream += encode(Words(static_cast<std::size_t>(i), std::to_string(i)));
  }
  Reader reader;
  Batch batch;
  reader.parse(stream, batch, {});
  ASSERT_EQ(batch.size(), 40u);
  for (std::size_t i = 0; i < 40; ++i) {
    ASSERT_EQ(batch.requests()[i].args.size(), i + 1);
    for (const auto arg : batch.requests()[i].args) EXPECT_EQ(arg, std::to_string(i + 1));
  }
}

TEST(Batch, AllocatesNothingOnceWarm) {
  const std::string stream = encode({"GET", "key"}) + "set \"a\\n\" b\r\n" + encode(Words(9, "x"));
  Reader reader;
  Batch batch;
  reader.parse(stream, batch, {});
  batch.clear();
  const std::int64_t warm = input_bytes();
  const auto* room = batch.arg_room(1);
  for (int i = 0; i < 10; ++i) {
    reader.parse(stream, batch, {});
    EXPECT_EQ(input_bytes(), warm);
    batch.clear();
    EXPECT_EQ(batch.arg_room(1), room);
  }
}

TEST(Batch, FreesTheMemoryOfAHugeRequest) {
  const std::int64_t before = input_bytes();
  const std::string stream = encode(Words(50'000, "x"));
  Reader reader;
  Batch batch;
  reader.parse(stream, batch, {});
  EXPECT_GE(input_bytes() - before, 800'000);
  batch.clear();
  EXPECT_EQ(input_bytes(), before);
}

}  // namespace
}  // namespace larder::resp
