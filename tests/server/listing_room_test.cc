// Commands that show what the server knows, and SUBSCRIBE: their large replies wait for room.

#include "tests/server/client_room.h"

namespace larder::server {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class ListingRoom : public ClientRoom {
 protected:
  // The request gets nothing while other clients hold the share, and its whole reply, which ends
  // with `end`, when they have read theirs.
  std::string get_later(const std::string& request, const std::string& end) {
    take_the_share();
    Line asking = connect();
    asking.write(request);
    watch_turns(20);
    EXPECT_EQ(asking.read(), "");
    EXPECT_FALSE(asking.closed);
    give_back_the_share();
    std::string got;
    for (int i = 0; i < 300 && !got.ends_with(end); ++i) {
      watch_turns(1);
      got += asking.read();
    }
    EXPECT_THAT(got, EndsWith(end));
    EXPECT_LE(most_used, kMaxMemory + kTolerance);
    EXPECT_EQ(figure("evicted_clients"), 0);
    return got;
  }
};

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

// Names that make the list of clients large.
TEST_F(ListingRoom, TheListOfClientsWaitsForRoom) {
  constexpr std::size_t kNamed = 100;
  fill();
  std::string ids = "CLIENT LIST ID";
  for (std::size_t i = 0; i < kNamed; ++i) {
    talk(add_line(), command({"CLIENT", "SETNAME", std::string(30'000, 'n')}));
    const std::string id = talk(*lines.back(), "CLIENT ID\r\n");
    ids += " " + id.substr(1, id.size() - 3);
  }
  watch_turns(100);
  for (const std::string& request : {std::string("CLIENT LIST\r\n"), ids + "\r\n",
                                     std::string("MULTI\r\nCLIENT LIST\r\nEXEC\r\n"),
                                     "MULTI\r\nINCR n\r\n" + ids + "\r\nEXEC\r\n"}) {
    most_used = 0;
    Line asking = connect();
    asking.write(request + "PING\r\n");
    EXPECT_GT(count(asking, kNamed * 30'000), kNamed * 30'000) << request.substr(0, 40);
    EXPECT_LE(most_used, kMaxMemory + kTolerance) << request.substr(0, 40);
    EXPECT_THAT(talk(asking, "GET none\r\n"), EndsWith("$-1\r\n"));
  }
  EXPECT_EQ(figure("evicted_clients"), 0);
}

// There is no room for the first pieces of the list either. It comes once when there is.
TEST_F(ListingRoom, AListThatWaitsFromItsFirstStepOnComesOnce) {
  fill();
  std::vector<Line> named;
  for (int i = 0; i < 50; ++i) {
    named.push_back(connect());
    talk(named.back(), command({"CLIENT", "SETNAME", std::string(30'000, 'n')}));
  }
  take_the_share();
  Line asking = connect();
  asking.write("CLIENT LIST\r\nPING\r\n");
  watch_turns(20);
  EXPECT_EQ(asking.read(), "");
  EXPECT_FALSE(asking.closed);
  give_back_the_share();
  std::string got;
  for (int i = 0; i < 300 && !got.ends_with("+PONG\r\n"); ++i) {
    watch_turns(1);
    got += asking.read();
  }
  ASSERT_THAT(got, StartsWith("$1"));
  const std::size_t bytes = std::stoul(got.substr(1));
  EXPECT_EQ(got.size(), bulk_bytes(bytes) + 7);
}

// The words of an inline request: a short request with a long reply.
constexpr std::size_t kWords = 30'000;

TEST_F(ListingRoom, ASubscriptionToManyChannelsWaitsForRoom) {
  fill();
  const std::string got =
      get_later("SUBSCRIBE" + repeated(" a", kWords) + "\r\nPING\r\n", command({"pong", ""}));
  EXPECT_EQ(got,
            repeated("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n", kWords) + command({"pong", ""}));
}

TEST_F(ListingRoom, TheEndOfManySubscriptionsWaitsForRoom) {
  fill();
  const std::string got =
      get_later("UNSUBSCRIBE" + repeated(" a", kWords) + "\r\nPING\r\n", "+PONG\r\n");
  EXPECT_EQ(got, repeated("*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n", kWords) + "+PONG\r\n");
}

class ManySubscriptions : public ListingRoom, public testing::WithParamInterface<std::string> {
 protected:
  static constexpr int kChannels = 8000;

  // `prefix` is that of the commands: "", "P" or "S".
  void subscribe(Line& line, const std::string& prefix) {
    const std::string name = " " + std::string(300, 'c');
    for (int i = 0; i < kChannels; i += 100) {
      std::string request = prefix + "SUBSCRIBE";
      for (int j = i; j < i + 100; ++j) request += name + std::to_string(j);
      talk(line, request + "\r\n");
    }
    watch_turns(20);
    line.read();
  }
  // What the requests get while other clients hold the share, then the rest, up to the reply to
  // PING. There must be one answer, which starts with `mark`, for each channel.
  void expect_all_answers(Line& line, const std::string& requests, std::size_t most_at_first,
                          char mark) {
    take_the_share();
    most_used = 0;
    line.write(requests + "PING\r\n");
    watch_turns(200);
    std::string got = line.read();
    EXPECT_LE(got.size(), most_at_first);
    EXPECT_FALSE(line.closed);
    EXPECT_LE(most_used, kMaxMemory + kTolerance);
    give_back_the_share();
    for (int i = 0; i < 3000 && !got.ends_with("+PONG\r\n") && !line.closed; ++i) {
      watch_turns(1);
      got += line.read();
    }
    ASSERT_THAT(got, EndsWith(":0\r\n+PONG\r\n"));
    std::size_t at = 0;
    for (int left = kChannels - 1; left >= 0; --left) {
      at = got.find("\r\n:" + std::to_string(left) + "\r\n", at + 1);
      ASSERT_NE(at, std::string::npos) << left;
    }
    EXPECT_EQ(std::count(got.begin(), got.end(), mark), kChannels);
  }
};

// The first answers need no room. The end of the subscriptions makes little of it, because another
// client has the same.
TEST_P(ManySubscriptions, EndInPiecesWhenThereIsRoom) {
  fill();
  subscribe(add_line(), GetParam());
  Line asking = connect();
  subscribe(asking, GetParam());
  expect_all_answers(asking, GetParam() + "UNSUBSCRIBE\r\n", 300'000, '*');
}

INSTANTIATE_TEST_SUITE_P(OfEachKind, ManySubscriptions, testing::Values("", "P", "S"));

TEST_F(ManySubscriptions, EndAtOnceInATransactionWhenThereIsRoom) {
  fill();
  Line asking = connect();
  talk(asking, "HELLO 3\r\n");
  subscribe(asking, "");
  expect_all_answers(asking, "MULTI\r\nUNSUBSCRIBE\r\nEXEC\r\n", 100, '>');
}

TEST_F(ListingRoom, HistogramsWaitForRoom) {
  fill();
  const std::string got =
      get_later("LATENCY HISTOGRAM" + repeated(" set", kWords / 2) + "\r\nPING\r\n", "+PONG\r\n");
  EXPECT_THAT(got, StartsWith("*" + std::to_string(kWords) + "\r\n$3\r\nset\r\n"));
}

}  // namespace
}  // namespace larder::server
