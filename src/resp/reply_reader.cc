#include "larder/resp/reply_reader.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "larder/base/assert.h"
#include "larder/base/numbers.h"

namespace larder::resp {
namespace {

using Kind = Value::Kind;

constexpr std::uint64_t kMostTrustedItems = 1024;  // reserved before the items arrive

bool is_aggregate(char type) {
  return type != '\0' && std::string_view("*%~>|").find(type) != std::string_view::npos;
}
bool is_text(char type) { return type == '$' || type == '!' || type == '='; }

Kind kind_of(char type) {
  switch (type) {
    case '+':
      return Kind::simple;
    case '-':
      return Kind::error;
    case ',':
      return Kind::real;
    case '(':
      return Kind::big_number;
    case '$':
      return Kind::bulk;
    case '!':
      return Kind::bulk_error;
    case '=':
      return Kind::verbatim;
    case '%':
      return Kind::map;
    case '~':
      return Kind::set;
    case '>':
      return Kind::push;
    default:
      return Kind::array;
  }
}

}  // namespace

std::size_t ReplyReader::feed(std::string_view input) {
  std::size_t used = 0;
  while (status_ == Status::more && used < input.size()) {
    const std::string_view rest = input.substr(used);
    used += missing_text_ != 0 ? feed_text(rest) : feed_line(rest);
  }
  return used;
}

// Takes bytes of the open text, up to its end.
std::size_t ReplyReader::feed_text(std::string_view input) {
  const std::uint64_t line_break = 2;
  const std::size_t used = std::min<std::uint64_t>(missing_text_, input.size());
  const std::uint64_t body = missing_text_ > line_break ? missing_text_ - line_break : 0;
  text_.text.append(input.substr(0, std::min<std::uint64_t>(body, used)));
  missing_text_ -= used;
  if (missing_text_ == 0) finish(std::exchange(text_, {}));
  return used;
}

// Takes bytes up to the end of a line.
std::size_t ReplyReader::feed_line(std::string_view input) {
  const std::size_t end = input.find('\n');
  const std::size_t used = end == std::string_view::npos ? input.size() : end + 1;
  line_.append(input.substr(0, std::min(used, kMostLineBytes + 1)));
  if (line_.size() > kMostLineBytes) {
    fail("a line is too long");
  } else if (end != std::string_view::npos) {
    const std::string line = std::exchange(line_, {});
    if (line.size() < 3 || line[line.size() - 2] != '\r') {
      fail("a line does not begin with a type and end with CR LF");
    } else {
      read_line(std::string_view(line).substr(0, line.size() - 2));
    }
  }
  return used;
}

void ReplyReader::read_line(std::string_view line) {
  const char type = line.front();
  const std::string_view rest = line.substr(1);
  if (is_aggregate(type)) return open(kind_of(type), rest, type == '|');
  if (is_text(type)) return open_text(kind_of(type), rest);
  switch (type) {
    case '+':
    case '-':
    case ',':
    case '(':
      return finish(Value{.kind = kind_of(type), .text = std::string(rest)});
    case '_':
      return rest.empty() ? finish(Value{.kind = Kind::null}) : fail("a null with a text");
    case '#':
      if (rest != "t" && rest != "f") return fail("a boolean that is neither t nor f");
      return finish(Value{.kind = Kind::boolean, .integer = rest == "t"});
    case ':': {
      const auto number = base::parse_int64(rest);
      if (!number) return fail("an integer that is none");
      return finish(Value{.kind = Kind::integer, .integer = *number});
    }
    default:
      return fail("an unknown type");
  }
}

void ReplyReader::open(Kind kind, std::string_view count, bool is_attribute) {
  const auto items = base::parse_int64(count);
  if (kind == Kind::array && !is_attribute && items == -1) {
    return finish(Value{.kind = Kind::null_array});
  }
  const bool pairs = kind == Kind::map || is_attribute;
  if (!items || *items < 0 || *items > std::numeric_limits<std::int64_t>::max() / 2) {
    return fail("a count that is none");
  }
  if (levels_.size() >= kDeepest) return fail("a reply is nested too deeply");
  Level level;
  level.value.kind = kind;
  level.is_attribute = is_attribute;
  level.missing = static_cast<std::uint64_t>(*items) * (pairs ? 2 : 1);
  level.value.items.reserve(std::min(level.missing, kMostTrustedItems));
  levels_.push_back(std::move(level));
  close_levels();
}

void ReplyReader::open_text(Kind kind, std::string_view length) {
  const auto bytes = base::parse_int64(length);
  if (kind == Kind::bulk && bytes == -1) return finish(Value{.kind = Kind::null_bulk});
  if (!bytes || *bytes < 0) return fail("a length that is none");
  text_.kind = kind;
  missing_text_ = static_cast<std::uint64_t>(*bytes) + 2;
}

// A value is complete: it is added to the innermost open aggregate, or is the reply.
void ReplyReader::finish(Value value) {
  place(std::move(value));
  close_levels();
}

void ReplyReader::place(Value value) {
  auto& attributes = levels_.empty() ? attributes_ : levels_.back().attributes;
  value.attributes = std::exchange(attributes, {});
  if (levels_.empty()) {
    result_ = std::move(value);
    status_ = Status::done;
    return;
  }
  levels_.back().value.items.push_back(std::move(value));
  --levels_.back().missing;
}

void ReplyReader::close_levels() {
  while (!levels_.empty() && levels_.back().missing == 0) {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    if (level.is_attribute) {
      auto& attributes = levels_.empty() ? attributes_ : levels_.back().attributes;
      std::move(level.value.items.begin(), level.value.items.end(), std::back_inserter(attributes));
    } else {
      place(std::move(level.value));
    }
  }
}

void ReplyReader::fail(std::string_view why) {
  status_ = Status::failed;
  error_ = why;
}

Value ReplyReader::take() {
  LARDER_ASSERT(status_ == Status::done);
  status_ = Status::more;
  return std::exchange(result_, {});
}

std::vector<Value> parse_replies(std::string_view bytes) {
  std::vector<Value> replies;
  ReplyReader reader;
  while (!bytes.empty()) {
    bytes.remove_prefix(reader.feed(bytes));
    LARDER_ASSERT(reader.status() == ReplyReader::Status::done);
    replies.push_back(reader.take());
  }
  return replies;
}

Value parse_reply(std::string_view bytes) {
  std::vector<Value> replies = parse_replies(bytes);
  LARDER_ASSERT(replies.size() == 1);
  return std::move(replies.front());
}

}  // namespace larder::resp
