#pragma once

// Reads replies, RESP2 and RESP3, into trees: for tests, and for connections to other servers. Not
// for the request path: it copies and allocates.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder::resp {

struct Value {
  enum class Kind : std::uint8_t {
    simple,
    error,
    integer,
    bulk,
    null_bulk,
    null_array,
    array,  // RESP2
    null,
    real,
    boolean,
    bulk_error,
    verbatim,
    big_number,
    map,
    set,
    push,  // RESP3
  };

  Kind kind = Kind::null;
  std::int64_t integer = 0;       // integer, boolean (0 or 1)
  std::string text;               // texts; the digits of real and big_number; verbatim with "txt:"
  std::vector<Value> items;       // aggregates; maps hold key, value, key, value
  std::vector<Value> attributes;  // sent before the value: key, value, key, value

  bool is_error() const { return kind == Kind::error || kind == Kind::bulk_error; }
  bool is_null() const {
    return kind == Kind::null || kind == Kind::null_bulk || kind == Kind::null_array;
  }
  friend bool operator==(const Value&, const Value&) = default;
};

// One line for each value: the type's character, then the text as it is (+OK, -ERR no, :1, ,1.5,
// #t, (123, _, $-1, *-1) or quoted with escapes for bulk strings ("a\r\n", ="txt:a", !"ERR a").
// Aggregates are a line with their count (*2, %1, ~3, >2) and their items, each indented by two
// spaces more; attributes precede their value as |1 and items. Lines end with '\n'.
std::string print(const Value& value);

class ReplyReader {
 public:
  enum class Status : std::uint8_t { more, done, failed };
  static constexpr std::size_t kDeepest = 128;
  static constexpr std::size_t kMostLineBytes = 64 * 1024;

  // Consumes bytes up to the end of one reply, in pieces of any size, and returns how many. After
  // `done`, take() the value before the next call; after `failed` the stream cannot be used.
  std::size_t feed(std::string_view input);
  Status status() const { return status_; }
  // Why it failed, for the log.
  std::string_view error() const { return error_; }
  Value take();

 private:
  // An aggregate that still lacks items.
  struct Level {
    Value value;
    bool is_attribute = false;
    std::uint64_t missing = 0;
    std::vector<Value> attributes;  // waiting for the next item
  };

  std::size_t feed_text(std::string_view input);
  std::size_t feed_line(std::string_view input);
  void read_line(std::string_view line);
  void open(Value::Kind kind, std::string_view count, bool is_attribute);
  void open_text(Value::Kind kind, std::string_view length);
  void finish(Value value);
  void place(Value value);
  void close_levels();
  void fail(std::string_view why);

  Status status_ = Status::more;
  std::string_view error_;
  std::string line_;  // the start of a line that arrived in pieces
  std::vector<Level> levels_;
  std::vector<Value> attributes_;   // waiting for the reply
  Value text_;                      // the bulk whose bytes are arriving
  std::uint64_t missing_text_ = 0;  // of it, with the line break; 0 when none is open
  Value result_;
};

// Parses `bytes` and asserts that they are exactly one reply. For tests.
Value parse_reply(std::string_view bytes);
// Parses `bytes` and asserts that they are complete replies.
std::vector<Value> parse_replies(std::string_view bytes);

}  // namespace larder::resp
