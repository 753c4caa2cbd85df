#include "words.h"

#include <charconv>

#include "larder/base/words.h"

namespace larder::transcripts {
namespace {

// Removes {1000*text} from the front of `rest`; any other text that begins with a brace is a plain
// word.
bool take_repeated(std::string_view& rest, std::string& word) {
  const std::size_t end = rest.find('}');
  const std::size_t star = rest.find('*');
  if (end == std::string_view::npos || star == std::string_view::npos || star > end) return false;
  std::size_t times = 0;
  const auto parsed = std::from_chars(rest.data() + 1, rest.data() + star, times);
  if (parsed.ec != std::errc() || parsed.ptr != rest.data() + star) return false;
  const std::string_view text = rest.substr(star + 1, end - star - 1);
  word.reserve(times * text.size());
  for (std::size_t i = 0; i < times; ++i) word += text;
  rest.remove_prefix(end + 1);
  return true;
}

bool take_word(std::string_view& rest, std::string& word) {
  if (rest[0] == '{' && take_repeated(rest, word)) return true;
  base::WordSplitter splitter(rest);
  const auto found = splitter.next();
  if (!found) return false;
  word.resize(found->text.size());
  word.resize(static_cast<std::size_t>(found->write(word.data()) - word.data()));
  rest = splitter.rest();
  return true;
}

}  // namespace

std::optional<std::vector<std::string>> split_words(std::string_view line) {
  std::vector<std::string> words;
  while (true) {
    while (!line.empty() && line[0] == ' ') line.remove_prefix(1);
    if (line.empty()) return words;
    if (!take_word(line, words.emplace_back())) return std::nullopt;
  }
}

std::string encode_request(const std::vector<std::string>& words) {
  std::string out = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    out += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return out;
}

}  // namespace larder::transcripts
