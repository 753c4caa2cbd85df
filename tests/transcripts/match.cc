#include "match.h"

#include <regex.h>

#include <algorithm>

namespace larder::transcripts {

namespace {

std::string with_one_null(std::string text) {
  const std::size_t start = text.find_first_not_of(' ');
  if (start == std::string::npos) return text;
  const std::string value = text.substr(start);
  if (value == "$-1" || value == "*-1") return text.substr(0, start) + "_";
  return text;
}

// POSIX extended expressions: std::regex recurses for each character, and a line may be all of
// INFO.
bool matches_regex(const std::string& pattern, const std::string& line) {
  regex_t compiled;
  const std::string whole = "^(" + pattern + ")$";
  if (regcomp(&compiled, whole.c_str(), REG_EXTENDED | REG_NOSUB) != 0) return false;
  const bool matched = regexec(&compiled, line.c_str(), 0, nullptr, 0) == 0;
  regfree(&compiled);
  return matched;
}

bool matches_line(const Expectation& expected, const std::string& line) {
  if (expected.how == Expectation::How::regex) return matches_regex(expected.text, line);
  return expected.text == line;
}

// The first position at or after `from` whose expectation is not unordered.
std::size_t end_of_unordered(const Expected& expected, std::size_t from) {
  while (from < expected.size() && expected[from].how == Expectation::How::unordered) ++from;
  return from;
}

std::string without_indent(const std::string& line) {
  const std::size_t start = line.find_first_not_of(' ');
  return start == std::string::npos ? std::string() : line.substr(start);
}

bool same_lines(const Expected& expected, const std::vector<std::string>& lines, std::size_t from,
                std::size_t to) {
  std::vector<std::string> wanted, found;
  for (std::size_t i = from; i < to; ++i) {
    wanted.push_back(without_indent(expected[i].text));
    found.push_back(without_indent(lines[i]));
  }
  return std::is_permutation(wanted.begin(), wanted.end(), found.begin());
}

}  // namespace

Expected expected_in(const Step& step, Protocol protocol) {
  if (protocol == Protocol::resp2) return step.expected;
  if (!step.expected3.empty()) return step.expected3;
  Expected out = step.expected;
  for (Expectation& line : out) line.text = with_one_null(line.text);
  return out;
}

bool matches(const Expected& expected, const std::vector<std::string>& lines) {
  if (expected.size() != lines.size()) return false;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::size_t end = end_of_unordered(expected, i);
    if (end > i) {
      if (!same_lines(expected, lines, i, end)) return false;
      i = end - 1;
    } else if (!matches_line(expected[i], lines[i])) {
      return false;
    }
  }
  return true;
}

std::string difference(const Expected& expected, const std::vector<std::string>& lines) {
  std::string out;
  const std::size_t most = std::max(expected.size(), lines.size());
  for (std::size_t i = 0; i < most; ++i) {
    const bool has_both = i < expected.size() && i < lines.size();
    if (has_both && matches_line(expected[i], lines[i])) {
      out += "      " + lines[i] + "\n";
      continue;
    }
    if (i < expected.size()) out += "    - " + expected[i].text + "\n";
    if (i < lines.size()) out += "    + " + lines[i] + "\n";
  }
  return out;
}

}  // namespace larder::transcripts
