#include "larder/resp/reader.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "inline_words.h"
#include "larder/base/numbers.h"
#include "larder/memory/heap.h"

namespace larder::resp {
namespace {

constexpr auto kOwner = memory::Owner::client_input;
constexpr std::uint64_t kNoBulk = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kMostUnauthenticatedArgs = 10;
constexpr std::uint64_t kMostUnauthenticatedBulk = 16384;
// "$0\r\n\r\n": the minimum size of an argument. If the input is too short for the announced number
// of arguments, the request is incomplete.
constexpr std::uint64_t kLeastArgBytes = 6;

// Reads up to ten plain digits, a '\r' and the byte after it. Returns the position after them, or
// null for anything else, which the general path handles.
inline const char* plain_number(const char* at, const char* end, std::uint64_t& number) {
  if (end - at < 3) return nullptr;
  unsigned digit = static_cast<unsigned char>(*at) - unsigned{'0'};
  if (digit > 9) return nullptr;
  if (at[1] == '\r') {
    number = digit;
    return at + 3;
  }
  if (digit == 0) return nullptr;
  std::uint64_t value = digit;
  const char* stop = std::min(end - 2, at + 10);
  for (++at; at < stop; ++at) {
    digit = static_cast<unsigned char>(*at) - unsigned{'0'};
    if (digit > 9) break;
    value = value * 10 + digit;
  }
  if (end - at < 2 || *at != '\r') return nullptr;
  number = value;
  return at + 2;
}

// Reads a header that begins with `type` and moves `at` after it. Returns false, without moving
// `at`, unless the header is in the form of plain_number.
inline bool plain_header(const char*& at, const char* end, char type, std::uint64_t& number) {
  constexpr std::ptrdiff_t kTwoDigits = 5;  // "$14\r\n"
  if (end - at >= kTwoDigits && *at == type) {
    const unsigned first = static_cast<unsigned char>(at[1]) - unsigned{'0'};
    const unsigned second = static_cast<unsigned char>(at[2]) - unsigned{'0'};
    if (at[2] == '\r' && first <= 9) {
      number = first;
      at += kTwoDigits - 1;
      return true;
    }
    if (at[3] == '\r' && first - 1 <= 8 && second <= 9) {
      number = first * 10 + second;
      at += kTwoDigits;
      return true;
    }
    const char* after = plain_number(at + 1, end, number);
    if (after == nullptr) return false;
    at = after;
    return true;
  }
  return false;
}

enum class Line : std::uint8_t { whole, unfinished, too_long };

// Searches for `last` from `scanned` on, and sets `scanned` to its position. A NUL hides what
// follows, as in Redis: such a line ends only when it gets too long.
template <typename Offset>
Line find_line(std::string_view text, char last, Offset& scanned) {
  const std::size_t most = std::min(text.size(), kMostLineBytes + 1);
  std::size_t at = scanned;
  while (at < most && text[at] != last && text[at] != '\0') ++at;
  scanned = static_cast<Offset>(at);
  if (at < most && text[at] == last) return Line::whole;
  return text.size() > kMostLineBytes ? Line::too_long : Line::unfinished;
}

}  // namespace

// An array whose header has been read. Offsets count from the request's first byte.
struct Reader::HalfRequest {
  std::uint64_t count;           // arguments announced
  std::uint64_t header_bytes;    // of the array's header
  std::uint64_t position;        // where the next argument's header or bytes begin
  std::uint64_t scanned = 0;     // bytes of that header known to have no end
  std::uint64_t bulk = kNoBulk;  // the argument's length once its header has been read
  // The complete arguments. Headers are canonical, so their positions can be computed.
  std::vector<std::uint64_t, memory::Allocator<std::uint64_t, kOwner>> lengths;
};

// One call of parse().
class RequestParser {
 public:
  RequestParser(Reader& reader, std::span<const char> input, Batch& batch, const Limits& limits)
      : reader_(reader),
        batch_(batch),
        input_(input.data()),
        end_(input_ + input.size()),
        at_(input_),
        from_(input_),
        authenticated_(limits.authenticated),
        most_bulk_(limits.max_bulk_bytes) {}

  Parsed run() {
    if (static_cast<std::uint64_t>(end_ - input_) < reader_.wanted_) {
      parsed_.wanted = reader_.wanted_;
      return parsed_;
    }
    reader_.wanted_ = 0;
    const std::uint64_t known = progress();
    Step step = Step::done;
    while (step == Step::done && !pause()) step = next();
    parsed_.consumed = static_cast<std::uint64_t>(at_ - input_);
    parsed_.examined = parsed_.consumed + progress() - known;
    parsed_.wanted = reader_.wanted_;
    parsed_.status = step == Step::more     ? Parsed::Status::more
                     : step == Step::failed ? Parsed::Status::failed
                                            : Parsed::Status::full;
    if (step == Step::failed) reader_.reset();
    return parsed_;
  }

 private:
  enum class Step : std::uint8_t { done, more, failed };

  bool pause() const { return batch_.full() || (cut_one_ && !authenticated_); }
  std::uint64_t left(const char* at) const { return static_cast<std::uint64_t>(end_ - at); }

  // How far the reader has parsed the incomplete request.
  std::uint64_t progress() const {
    const auto* half = reader_.half_;
    return half != nullptr ? half->position + half->scanned : reader_.scanned_;
  }

  Step next() {
    if (reader_.half_ != nullptr) return resume();
    if (authenticated_) plain_arrays();
    if (at_ == end_) return Step::more;
    if (batch_.full()) return Step::done;
    return *at_ == '*' ? array() : inline_command();
  }

  Step finish(std::size_t args, const char* end) {
    if (args != 0) {
      batch_.add(args, static_cast<std::uint64_t>(end - from_));
      from_ = end;
      cut_one_ = true;
    }
    at_ = end;
    reader_.scanned_ = 0;
    return Step::done;
  }

  Step fail(std::string_view text) {
    parsed_.error = text;
    return Step::failed;
  }

  // The hot path: parses consecutive complete arrays with plain headers. It uses only local
  // variables: the compiler would otherwise assume that stores of arguments can change members.
  void plain_arrays() {
    const char* at = at_;
    const char* from = from_;
    const char* const end = end_;
    const std::uint64_t most = most_bulk_;
    Batch& batch = batch_;
    while (!batch.full()) {
      std::uint64_t count = 0;
      if (!plain_header(at, end, '*', count) || count == 0 || count > left(at) / kLeastArgBytes) {
        break;
      }
      std::string_view* room = batch.arg_room(count);
      if (!plain_arguments(at, end, room, room + count, most)) break;
      batch.add(count, static_cast<std::uint64_t>(at - from));
      from = at;
      from_ = at;
      at_ = at;
      reader_.scanned_ = 0;
    }
  }

  static bool plain_arguments(const char*& at, const char* end, std::string_view* room,
                              const std::string_view* room_end, std::uint64_t most) {
    const char* next = at;
    for (; room != room_end; ++room) {
      std::uint64_t bytes = 0;
      if (!plain_header(next, end, '$', bytes) || bytes > most ||
          static_cast<std::uint64_t>(end - next) < bytes + 2) {
        return false;
      }
      *room = {next, bytes};
      next += bytes + 2;
    }
    at = next;
    return true;
  }

  Step array() {
    const std::string_view text(at_, left(at_));
    switch (find_line(text, '\r', reader_.scanned_)) {
      case Line::too_long:
        return fail("ERR Protocol error: too big mbulk count string");
      case Line::unfinished:
        return Step::more;
      case Line::whole:
        break;
    }
    const std::size_t line = reader_.scanned_;
    if (text.size() < line + 2) return Step::more;
    const auto count = base::parse_int64(text.substr(1, line - 1));
    if (!count || *count > std::numeric_limits<int>::max()) {
      return fail("ERR Protocol error: invalid multibulk length");
    }
    if (*count > static_cast<std::int64_t>(kMostUnauthenticatedArgs) && !authenticated_) {
      return fail("ERR Protocol error: unauthenticated multibulk length");
    }
    if (*count <= 0) return finish(0, at_ + line + 2);
    return arguments(static_cast<std::uint64_t>(*count), at_ + line + 2);
  }

  // Starts to read `count` arguments one by one; the first header is at `first`.
  Step arguments(std::uint64_t count, const char* first) {
    const auto header = static_cast<std::uint64_t>(first - at_);
    reader_.half_ = memory::make<Reader::HalfRequest>(
        kOwner, Reader::HalfRequest{.count = count, .header_bytes = header, .position = header});
    reader_.scanned_ = 0;
    return resume();
  }

  std::uint64_t most_bulk() const {
    return authenticated_ ? most_bulk_ : std::min(most_bulk_, kMostUnauthenticatedBulk);
  }

  Step resume() {
    auto& half = *reader_.half_;
    while (half.lengths.size() < half.count) {
      if (half.bulk == kNoBulk) {
        const Step step = bulk_header(half);
        if (step != Step::done) return step;
      }
      const std::uint64_t end = half.position + half.bulk + 2;
      if (left(at_) < end) {
        reader_.wanted_ = end;
        return Step::more;
      }
      half.lengths.push_back(half.bulk);
      half.position = end;
      half.bulk = kNoBulk;
    }
    return complete(half);
  }

  Step bulk_header(Reader::HalfRequest& half) {
    const std::string_view text(at_ + half.position, left(at_) - half.position);
    switch (find_line(text, '\r', half.scanned)) {
      case Line::too_long:
        return fail("ERR Protocol error: too big bulk count string");
      case Line::unfinished:
        return Step::more;
      case Line::whole:
        break;
    }
    const std::size_t line = half.scanned;
    if (text.size() < line + 2) return Step::more;
    if (text.front() != '$') return fail(not_a_bulk(text.front()));
    const auto bytes = base::parse_int64(text.substr(1, line - 1));
    if (!bytes || *bytes < 0 || static_cast<std::uint64_t>(*bytes) > most_bulk_) {
      return fail("ERR Protocol error: invalid bulk length");
    }
    if (static_cast<std::uint64_t>(*bytes) > most_bulk()) {
      return fail("ERR Protocol error: unauthenticated bulk length");
    }
    half.bulk = static_cast<std::uint64_t>(*bytes);
    half.position += line + 2;
    half.scanned = 0;
    return Step::done;
  }

  std::string_view not_a_bulk(char found) {
    constexpr std::string_view kText = "ERR Protocol error: expected '$', got '?'";
    char* text = batch_.text_room(kText.size());
    std::copy(kText.begin(), kText.end(), text);
    text[kText.size() - 2] = found;
    return {text, kText.size()};
  }

  Step complete(const Reader::HalfRequest& half) {
    std::string_view* room = batch_.arg_room(half.count);
    const char* at = at_ + half.header_bytes;
    for (const std::uint64_t bytes : half.lengths) {
      while (*at != '\r') ++at;
      *room++ = {at + 2, bytes};
      at += bytes + 4;
    }
    const Step step = finish(half.count, at_ + half.position);
    reader_.reset();
    return step;
  }

  Step inline_command() {
    const std::string_view text(at_, left(at_));
    switch (find_line(text, '\n', reader_.scanned_)) {
      case Line::too_long:
        return fail("ERR Protocol error: too big inline request");
      case Line::unfinished:
        return Step::more;
      case Line::whole:
        break;
    }
    std::string_view line = text.substr(0, reader_.scanned_);
    const char* after = at_ + line.size() + 1;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const auto words = split_words(line, batch_.arg_room(most_words(line.size())), batch_);
    if (!words) return fail("ERR Protocol error: unbalanced quotes in request");
    return finish(*words, after);
  }

  Reader& reader_;
  Batch& batch_;
  const char* input_;
  const char* end_;
  const char* at_;    // the first byte of the request at hand
  const char* from_;  // the end of the last request that was cut
  bool authenticated_;
  bool cut_one_ = false;
  std::uint64_t most_bulk_;
  Parsed parsed_;
};

Parsed Reader::parse(std::span<const char> input, Batch& batch, const Limits& limits) {
  return RequestParser(*this, input, batch, limits).run();
}

void Reader::reset() {
  if (half_ != nullptr) memory::destroy(kOwner, half_);
  half_ = nullptr;
  wanted_ = 0;
  scanned_ = 0;
}

std::size_t Reader::held_bytes() const {
  if (half_ == nullptr) return 0;
  const std::size_t lengths = half_->lengths.capacity() * sizeof(std::uint64_t);
  return memory::size_class(sizeof(HalfRequest)) + (lengths == 0 ? 0 : memory::size_class(lengths));
}

}  // namespace larder::resp
