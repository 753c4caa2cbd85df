#include "larder/resp/writer.h"

#include <sys/uio.h>

#include <algorithm>
#include <span>

#include "larder/base/assert.h"
#include "larder/base/numbers.h"

namespace larder::resp {
namespace {

constexpr std::string_view kLineBreaks = "\r\n";

std::string_view trim_breaks(std::string_view text) {
  const auto first = text.find_first_not_of(kLineBreaks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kLineBreaks) - first + 1);
}

// Appends `text` with its line breaks turned into spaces.
void append_line(ReplyBuffer& buffer, std::string_view text) {
  while (!text.empty()) {
    const auto plain = std::min(text.find_first_of(kLineBreaks), text.size());
    buffer.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (!text.empty()) {
      buffer.append(" ");
      text.remove_prefix(1);
    }
  }
}

}  // namespace

void Writer::simple(std::string_view text) {
  raw("+");
  raw(text);
  raw("\r\n");
}

void Writer::error(std::string_view text) {
  text = trim_breaks(text);
  note_error(text.substr(0, text.find(' ')));
  if (muted_) return;
  buffer_->append("-");
  append_line(*buffer_, text);
  buffer_->append("\r\n");
}

void Writer::error(std::string_view code, std::string_view text) {
  note_error(code);
  if (muted_) return;
  buffer_->append("-");
  buffer_->append(code);
  buffer_->append(" ");
  append_line(*buffer_, trim_breaks(text));
  buffer_->append("\r\n");
}

void Writer::note_error(std::string_view code) {
  ++errors_;
  if (code_length_ != 0) return;
  if (code.empty() || code.size() > kMostCode) code = "ERR";
  std::copy(code.begin(), code.end(), code_.begin());
  code_length_ = static_cast<std::uint8_t>(code.size());
}

void Writer::negative_integer(std::int64_t value) {
  if (muted_) return;
  char* start = buffer_->reserve(kHeaderRoom);
  *start = ':';
  char* end = std::to_chars(start + 1, start + 22, value).ptr;
  std::memcpy(end, "\r\n", 2);
  buffer_->commit(static_cast<std::size_t>(end + 2 - start));
}

void Writer::bulk_integer(std::int64_t value) {
  std::array<char, 20> digits;
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  bulk({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

// For text that does not fit into the current chunk, which is filled before the next one starts.
void Writer::bulk_in_pieces(std::string_view text) {
  std::array<char, kHeaderRoom> head;
  const char* end = print_header(head.data(), '$', text.size());
  buffer_->append({head.data(), static_cast<std::size_t>(end - head.data())});
  buffer_->append(text);
  buffer_->append("\r\n");
}

void Writer::attribute(std::uint64_t n) {
  LARDER_ASSERT(resp3());
  header('|', n);
}

Writer::Mark Writer::begin() {
  if (muted_) return {};
  return {buffer_->open_patch()};
}

void Writer::end(const Mark& mark, char kind, std::uint64_t n) {
  if (mark.patch.chunk == nullptr) return;
  static_assert(kHeaderRoom <= ReplyBuffer::kPatchRoom);
  std::array<char, kHeaderRoom> head;
  const char* end = print_header(head.data(), kind, n);
  buffer_->close_patch(mark.patch, {head.data(), static_cast<std::size_t>(end - head.data())});
}

void Writer::take_over(ReplyBuffer& part) {
  // A separate chunk for a few words would be sent as a separate piece.
  constexpr std::uint64_t kFewBytes = 2048;
  if (muted_) {
    part.clear();
  } else if (part.size() > kFewBytes || part.chunks() > 1) {
    buffer_->take_over(part);
  } else {
    iovec piece;
    if (part.gather(&piece, 1) == 1) {
      buffer_->append({static_cast<const char*>(piece.iov_base), piece.iov_len});
    }
    part.clear();
  }
}

void Writer::real(double value) {
  std::array<char, base::kDoubleChars> room;
  const std::string_view digits = base::print_double(value, room);
  if (!resp3()) return bulk(digits);
  raw(",");
  raw(digits);
  raw("\r\n");
}

void Writer::boolean(bool value) {
  if (resp3()) {
    raw(value ? "#t\r\n" : "#f\r\n");
  } else {
    raw(value ? ":1\r\n" : ":0\r\n");
  }
}

void Writer::verbatim(std::string_view format, std::string_view text) {
  if (!resp3()) return bulk(text);
  begin_verbatim(format, text.size());
  raw(text);
  raw("\r\n");
}

void Writer::begin_verbatim(std::string_view format, std::uint64_t bytes) {
  LARDER_ASSERT(format.size() == 3);
  if (!resp3()) return header('$', bytes);
  header('=', bytes + 4);
  raw(format);
  raw(":");
}

void Writer::big_number(std::string_view digits) {
  if (!resp3()) return bulk(digits);
  raw("(");
  raw(digits);
  raw("\r\n");
}

}  // namespace larder::resp
