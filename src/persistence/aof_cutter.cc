#include "aof_cutter.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "larder/base/numbers.h"

namespace larder::persistence {
namespace {

using Kind = AofPiece::Kind;

constexpr std::string_view kGroup = "#LC:";
constexpr std::string_view kLineEnd = "\r\n";
// "*" or "$", the digits of a number, and the end of the line.
constexpr std::size_t kMostHeader = 1 + 10 + kLineEnd.size();
// "$0\r\n\r\n"
constexpr std::size_t kLeastWord = 6;

// Reads headers and words from the beginning of the bytes; the first that fails decides the result.
class Cutter {
 public:
  explicit Cutter(std::string_view bytes) : bytes_(bytes) {}

  std::size_t done() const { return done_; }
  std::string_view rest() const { return bytes_.substr(done_); }
  AofPiece failure() const { return {kind_, 0, {}, wanted_}; }

  // The number of a line such as "*3\r\n".
  std::optional<std::uint64_t> header(char type) {
    const std::string_view line = rest().substr(0, kMostHeader);
    if (line.empty()) return ask_for(1);
    if (line.front() != type) return fail();
    std::uint64_t number = 0;
    std::size_t at = 1;
    for (; at < line.size() && line[at] >= '0' && line[at] <= '9'; ++at) {
      number = 10 * number + static_cast<std::uint64_t>(line[at] - '0');
    }
    const std::string_view end = line.substr(at, kLineEnd.size());
    const bool is_prefix = end == kLineEnd.substr(0, end.size());
    if (!is_prefix || (at == 1 && !end.empty())) return fail();
    if (end.size() < kLineEnd.size()) {
      return line.size() == kMostHeader ? fail() : ask_for(line.size() + 1);
    }
    done_ += at + kLineEnd.size();
    return number;
  }

  std::optional<std::string_view> word() {
    const auto size = header('$');
    if (!size) return std::nullopt;
    if (rest().size() < *size + kLineEnd.size()) {
      ask_for(*size + kLineEnd.size());
      // What is there of the end must be right.
      const std::string_view end = rest().substr(std::min<std::uint64_t>(*size, rest().size()));
      if (end != kLineEnd.substr(0, end.size())) fail();
      return std::nullopt;
    }
    const auto bytes = static_cast<std::size_t>(*size);
    const std::string_view found = rest().substr(0, bytes);
    if (rest().substr(bytes, kLineEnd.size()) != kLineEnd) {
      fail();
      return std::nullopt;
    }
    done_ += bytes + kLineEnd.size();
    return found;
  }

  // So many bytes behind what is done.
  std::nullopt_t ask_for(std::uint64_t bytes) {
    kind_ = Kind::more;
    wanted_ = done_ + bytes;
    return std::nullopt;
  }
  std::nullopt_t fail() {
    kind_ = Kind::damaged;
    return std::nullopt;
  }

 private:
  std::string_view bytes_;
  std::size_t done_ = 0;
  Kind kind_ = Kind::damaged;
  std::uint64_t wanted_ = 0;
};

AofPiece cut_annotation(std::string_view rest) {
  const std::size_t end = rest.substr(0, kMostAnnotation).find('\n');
  if (end == std::string_view::npos) {
    return rest.size() >= kMostAnnotation ? AofPiece{Kind::damaged}
                                          : AofPiece{Kind::more, 0, {}, rest.size() + 1};
  }
  std::string_view line = rest.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return {Kind::annotation, end + 1, line};
}

AofPiece skip_words(Cutter& cutter, std::uint64_t words) {
  for (; words > 0; --words) {
    if (!cutter.word()) return cutter.failure();
  }
  return {Kind::command, cutter.done()};
}

// The text up to the next colon, which is removed with it.
std::string_view take_field(std::string_view& line) {
  const std::size_t end = line.find(':');
  const std::string_view field = line.substr(0, end);
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  return field;
}

}  // namespace

std::string_view print_group_sum(const GroupSum& sum, char* out) {
  char* at = std::copy(kGroup.begin(), kGroup.end(), out);
  for (int shift = 28; shift >= 0; shift -= 4) *at++ = "0123456789abcdef"[(sum.crc >> shift) & 15];
  *at++ = ':';
  at = std::to_chars(at, out + kGroupSumChars, sum.bytes).ptr;
  *at++ = ':';
  at = std::to_chars(at, out + kGroupSumChars, sum.offset).ptr;
  *at++ = ':';
  at = std::to_chars(at, out + kGroupSumChars, sum.synced).ptr;
  at = std::copy(kLineEnd.begin(), kLineEnd.end(), at);
  return {out, static_cast<std::size_t>(at - out)};
}

bool is_group_sum(std::string_view line) { return line.starts_with(kGroup); }

std::optional<GroupSum> read_group_sum(std::string_view line) {
  if (!line.starts_with(kGroup)) return std::nullopt;
  line.remove_prefix(kGroup.size());
  const std::string_view digits = take_field(line);
  GroupSum sum;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), sum.crc, 16);
  const auto bytes = base::parse_uint64(take_field(line));
  const auto offset = base::parse_uint64(take_field(line));
  const auto synced = line.empty() ? std::optional(std::numeric_limits<std::uint64_t>::max())
                                   : base::parse_uint64(line);
  const bool is_whole = digits.size() == 8 && read.ptr == digits.data() + digits.size();
  if (!is_whole || !bytes || !offset || !synced) return std::nullopt;
  sum.bytes = *bytes;
  sum.offset = *offset;
  sum.synced = *synced;
  return sum;
}

AofPiece cut_piece(std::string_view rest, resp::Batch* batch) {
  if (rest.empty()) return {Kind::more, 0, {}, 1};
  if (rest.front() == '#') return cut_annotation(rest);
  Cutter cutter(rest);
  const auto words = cutter.header('*');
  if (!words) return cutter.failure();
  if (*words == 0) return {Kind::damaged};
  // Room is made only for words that can be there.
  const std::uint64_t least = *words * kLeastWord;
  if (cutter.rest().size() < least) {
    const bool starts_word = cutter.rest().empty() || cutter.rest().front() == '$';
    starts_word ? cutter.ask_for(least) : cutter.fail();
    return cutter.failure();
  }
  if (batch == nullptr) return skip_words(cutter, *words);
  std::string_view* const room = batch->arg_room(static_cast<std::size_t>(*words));
  for (std::uint64_t i = 0; i < *words; ++i) {
    const auto word = cutter.word();
    if (!word) return cutter.failure();
    room[i] = *word;
  }
  batch->add(static_cast<std::size_t>(*words), cutter.done());
  return {Kind::command, cutter.done()};
}

}  // namespace larder::persistence
