#pragma once

// Writes replies in RESP2 or RESP3. There is one for each connection, and one for each buffer that
// collects replies (transactions, scripts, tests).

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "larder/resp/reply_buffer.h"

namespace larder::resp {

enum class Protocol : std::uint8_t { resp2 = 2, resp3 = 3 };

class Writer {
 public:
  explicit Writer(ReplyBuffer& buffer) : buffer_(&buffer) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  ReplyBuffer& buffer() { return *buffer_; }
  const ReplyBuffer& buffer() const { return *buffer_; }
  Protocol protocol() const { return protocol_; }
  void protocol(Protocol protocol) { protocol_ = protocol; }
  bool resp3() const { return protocol_ == Protocol::resp3; }

  // While muted, all writes are dropped; errors still count.
  void mute(bool muted) { muted_ = muted; }
  bool muted() const { return muted_; }

  // Output is dropped now: the writer is muted, or the reply has grown beyond the client's limit. A
  // command that only reads may stop.
  bool drops() const { return muted_ || buffer_->is_dropping(); }
  // At least this many bytes follow. If they exceed the client's limit, none of them are kept, and
  // drops() is true before the first is written.
  void expect(std::uint64_t bytes) {
    if (!muted_) buffer_->expect(bytes);
  }

  // The same for n items, which are bulk strings or numbers, of on average at least `each` bytes.
  void expect_items(std::uint64_t n, std::uint64_t each) {
    constexpr std::uint64_t kLeastBytes = 4;
    constexpr std::uint64_t kMost = std::uint64_t{1} << 60;
    if (n <= kExpectedItems) return;
    const std::uint64_t bytes = each > kLeastBytes ? each : kLeastBytes;
    expect(n < kMost / bytes ? n * bytes : kMost);
  }

  void ok() { raw("+OK\r\n"); }
  // `text` without line breaks.
  void simple(std::string_view text);

  // `text` begins with its code: "ERR syntax error". Line breaks at its ends are dropped, others
  // become spaces.
  void error(std::string_view text);
  // "<code> <text>".
  void error(std::string_view code, std::string_view text);

  void integer(std::int64_t value) {
    if (value >= 0) return header(':', static_cast<std::uint64_t>(value));
    negative_integer(value);
  }
  void bulk(std::string_view text);
  // The number's digits as a bulk string.
  void bulk_integer(std::int64_t value);
  // "$-1" or, in RESP3, "_".
  void null() { raw(resp3() ? std::string_view("_\r\n") : std::string_view("$-1\r\n")); }
  // "*-1" or, in RESP3, "_".
  void null_array() { raw(resp3() ? std::string_view("_\r\n") : std::string_view("*-1\r\n")); }

  // Headers; the items follow: n, or n pairs for maps and attributes. RESP2 gets arrays of n or
  // 2n. Attributes exist in RESP3 only: writing one in RESP2 is a bug.
  void array(std::uint64_t n) { header('*', n); }
  void map(std::uint64_t n) { resp3() ? header('%', n) : header('*', 2 * n); }
  void set(std::uint64_t n) { header(resp3() ? '~' : '*', n); }
  void push(std::uint64_t n) { header(resp3() ? '>' : '*', n); }
  void attribute(std::uint64_t n);

  // Headers whose count is known only after the items: begin, write the items, end with their
  // number (of pairs for maps). They nest. Nothing may be sent in between.
  struct Mark {
    ReplyBuffer::Patch patch;
  };
  Mark begin_array() { return begin(); }
  Mark begin_map() { return begin(); }
  Mark begin_set() { return begin(); }
  // A bulk string of which the pieces follow as raw(), and `bytes`, which they have together.
  Mark begin_bulk() { return begin(); }
  void end_bulk(const Mark& mark, std::uint64_t bytes) {
    raw("\r\n");
    end(mark, '$', bytes);
  }
  void end_array(const Mark& mark, std::uint64_t n) { end(mark, '*', n); }
  void end_map(const Mark& mark, std::uint64_t n) {
    resp3() ? end(mark, '%', n) : end(mark, '*', 2 * n);
  }
  void end_set(const Mark& mark, std::uint64_t n) { end(mark, resp3() ? '~' : '*', n); }

  // RESP3's own types, and in RESP2: a bulk string, ":1" or ":0", a bulk string, a bulk string.
  void real(double value);
  void boolean(bool value);
  // `format` is three characters, such as "txt".
  void verbatim(std::string_view format, std::string_view text);
  // The beginning of one; `bytes` bytes of text and "\r\n" follow as raw().
  void begin_verbatim(std::string_view format, std::uint64_t bytes);
  void big_number(std::string_view digits);

  // Appends bytes that are already a reply, or a part of one.
  void raw(std::string_view bytes) {
    if (!muted_) buffer_->append(bytes);
  }

  // Appends a finished part in the same protocol, without a copy if it is long. `part` is empty
  // afterwards.
  void take_over(ReplyBuffer& part);

  // Clears the error code of the previous command. `errors()` continues to count.
  void start_command() { code_length_ = 0; }
  // The code of the first error since start_command(), such as "WRONGTYPE"; empty without one.
  std::string_view error_code() const { return {code_.data(), code_length_}; }
  std::uint64_t errors() const { return errors_; }

 private:
  static constexpr std::size_t kHeaderRoom = 24;
  static constexpr std::size_t kMostCode = 31;
  // Fewer items may be in one chunk.
  static constexpr std::uint64_t kExpectedItems = 1024;

  static char* print_header(char* out, char kind, std::uint64_t n);
  static char* copy(char* out, std::string_view text);

  void header(char kind, std::uint64_t n);
  void negative_integer(std::int64_t value);
  void bulk_in_pieces(std::string_view text);
  void note_error(std::string_view code);
  Mark begin();
  void end(const Mark& mark, char kind, std::uint64_t n);

  ReplyBuffer* buffer_;
  std::uint64_t errors_ = 0;
  Protocol protocol_ = Protocol::resp2;
  bool muted_ = false;
  std::uint8_t code_length_ = 0;
  std::array<char, kMostCode> code_;
};

}  // namespace larder::resp

#include "larder/resp/writer_inline.h"
