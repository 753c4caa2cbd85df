#include "larder/resp/request_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "larder/resp/reader.h"

namespace larder::resp {
namespace {

std::string printed(Args words) {
  std::string text(most_request_bytes(words), '?');
  text.resize(static_cast<std::size_t>(print_request(text.data(), words) - text.data()));
  return text;
}

TEST(RequestText, IsAnArrayOfBulkStrings) {
  const std::string_view words[] = {"SET", "", "a\r\nb"};
  EXPECT_EQ(printed(words), "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\na\r\nb\r\n");
}

// Every number of digits, of words and of bytes in a word.
TEST(RequestText, IsParsedAsTheSameWords) {
  for (const std::size_t size : {0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 12'345, 1'234'567}) {
    const std::string large(size, 'x');
    for (const std::size_t count : {1, 9, 10, 99, 100, 1000}) {
      std::vector<std::string_view> words(count, "w");
      if (!large.empty()) words[0] = large;
      words.back() = large;
      const std::string text = printed(words);
      Batch batch;
      Reader reader;
      const Parsed parsed = reader.parse({text.data(), text.size()}, batch, {});
      ASSERT_EQ(parsed.consumed, text.size());
      ASSERT_EQ(batch.size(), 1u);
      const Args read = batch.requests()[0].args;
      ASSERT_TRUE(std::equal(read.begin(), read.end(), words.begin(), words.end()));
    }
  }
}

}  // namespace
}  // namespace larder::resp
