#include "larder/base/glob.h"

#include <algorithm>
#include <climits>
#include <utility>

#include "larder/base/text.h"

namespace larder::base {
namespace {

char fold(char c, Case letters) { return letters == Case::ignored ? lower(c) : c; }

// Reads the class whose '[' is before `at` and passes its items to `sink`: escaped bytes, plain
// bytes, and ranges. Without a closing ']' the class ends with the pattern. Returns its end.
template <typename Sink>
std::size_t read_class(std::string_view pattern, std::size_t at, Sink& sink) {
  if (at < pattern.size() && pattern[at] == '^') {
    sink.negate();
    ++at;
  }
  for (; at < pattern.size() && pattern[at] != ']'; ++at) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      sink.escaped(pattern[++at]);
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      // Redis orders the ends of a range before it ignores their case, and compares signed bytes.
      sink.range(static_cast<signed char>(std::min<signed char>(pattern[at], pattern[at + 2])),
                 static_cast<signed char>(std::max<signed char>(pattern[at], pattern[at + 2])));
      at += 2;
    } else {
      sink.plain(pattern[at]);
    }
  }
  return std::min(at + 1, pattern.size());
}

struct FindEnd {
  void negate() {}
  void escaped(char) {}
  void plain(char) {}
  void range(signed char, signed char) {}
};

signed char signed_fold(signed char c, Case letters) {
  return static_cast<signed char>(fold(static_cast<char>(c), letters));
}

}  // namespace

// Whether a class matches one byte. Redis compares an escaped byte without ignoring its case.
class Glob::OneByte {
 public:
  OneByte(char c, Case letters) : c_(c), folded_(fold(c, letters)), letters_(letters) {}
  void negate() { negated_ = true; }
  void escaped(char one) { found_ |= one == c_; }
  void plain(char one) { found_ |= fold(one, letters_) == folded_; }
  void range(signed char first, signed char last) {
    const auto c = static_cast<signed char>(folded_);
    found_ |= signed_fold(first, letters_) <= c && c <= signed_fold(last, letters_);
  }
  bool taken() const { return found_ != negated_; }

 private:
  char c_;
  char folded_;
  Case letters_;
  bool found_ = false;
  bool negated_ = false;
};

// Collects all bytes that a class matches.
class Glob::ByteSet {
 public:
  explicit ByteSet(Case letters) : letters_(letters) {}
  void negate() { negated_ = true; }
  void escaped(char one) { add(one); }
  void plain(char one) {
    add(one);
    if (letters_ == Case::sensitive) return;
    add(lower(one));
    add(upper(one));
  }
  void range(signed char first, signed char last) {
    first = signed_fold(first, letters_);
    last = signed_fold(last, letters_);
    for (int c = first; c <= last; ++c) {
      const char byte = static_cast<char>(c);
      // A byte that case folding changes is compared in its folded form.
      if (letters_ == Case::sensitive || lower(byte) == byte) add(byte);
      if (letters_ == Case::ignored && lower(byte) == byte) add(upper(byte));
    }
  }
  std::array<std::uint64_t, 4> taken() const {
    auto bytes = bytes_;
    if (negated_) {
      for (std::uint64_t& word : bytes) word = ~word;
    }
    return bytes;
  }

 private:
  void add(char c) {
    const auto byte = static_cast<unsigned char>(c);
    bytes_[byte / 64] |= std::uint64_t{1} << (byte % 64);
  }

  Case letters_;
  bool negated_ = false;
  std::array<std::uint64_t, 4> bytes_{};
};

Glob::Glob(std::string_view pattern, Case letters) : pattern_(pattern), letters_(letters) {
  if (pattern.size() > kLongClass) store_long_classes();
}

void Glob::store_long_classes() {
  std::size_t at = 0;
  while ((at = pattern_.find_first_of("\\[", at)) != std::string_view::npos) {
    if (pattern_[at] == '\\') {
      at += 2;
      continue;
    }
    FindEnd skip;
    const std::size_t end = read_class(pattern_, at + 1, skip);
    if (end - at >= kLongClass) {
      ByteSet set(letters_);
      read_class(pattern_, at + 1, set);
      long_classes_.push_back({at, end, set.taken()});
    }
    at = end;
  }
}

bool Glob::class_takes(Place& place, char c) const {
  if (place.next_class < long_classes_.size() &&
      long_classes_[place.next_class].begin == place.at) {
    const LongClass& known = long_classes_[place.next_class];
    const auto byte = static_cast<unsigned char>(c);
    if ((known.bytes[byte / 64] >> (byte % 64) & 1) == 0) return false;
    place = {known.end, place.next_class + 1};
    return true;
  }
  OneByte asked(c, letters_);
  place.at = read_class(pattern_, place.at + 1, asked);
  return asked.taken();
}

// Whether the element at `place` matches one byte; if so, moves the place after the element.
bool Glob::takes(Place& place, char c) const {
  std::size_t at = place.at;
  switch (pattern_[at]) {
    case '?':
      ++place.at;
      return true;
    case '[':
      return class_takes(place, c);
    case '\\':
      if (at + 1 < pattern_.size()) ++at;
      [[fallthrough]];
    default:
      place.at = at + 1;
      return fold(pattern_[at], letters_) == fold(c, letters_);
  }
}

std::size_t Glob::next_start(Place behind_star, std::string_view text, std::size_t from) const {
  if (letters_ == Case::ignored || behind_star.at == pattern_.size()) return from;
  const char first = pattern_[behind_star.at];
  if (first == '?' || first == '[' || first == '\\' || first == '*') return from;
  return std::min(text.find(first, from), text.size());
}

// Backtracks only to the last star: if an earlier star matched more, less text would remain for
// the same rest of the pattern. This bounds the time and needs no stack.
bool Glob::matches(std::string_view text) const {
  if (text.empty()) return pattern_.empty();
  constexpr std::size_t kNone = std::string_view::npos;
  Place place{0, 0};
  Place star{kNone, 0};
  std::size_t star_text = 0;
  std::size_t i = 0;
  while (i < text.size()) {
    if (place.at < pattern_.size() && pattern_[place.at] == '*') {
      ++place.at;
      star = place;
      if (place.at == pattern_.size()) return true;
      i = star_text = next_start(star, text, i);
      continue;
    }
    if (place.at < pattern_.size() && takes(place, text[i])) {
      ++i;
      continue;
    }
    if (star.at == kNone) return false;
    place = star;
    i = star_text = next_start(star, text, star_text + 1);
  }
  while (place.at < pattern_.size() && pattern_[place.at] == '*') ++place.at;
  return place.at == pattern_.size();
}

}  // namespace larder::base
