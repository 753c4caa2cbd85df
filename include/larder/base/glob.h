#pragma once

// Redis's glob patterns: * ? [abc] [^a] [a-z] and \ to escape.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace larder::base {

enum class Case { sensitive, ignored };

// A pattern that is parsed once and compared with many texts. The constructor parses long classes;
// it allocates only if there is one. The pattern's text must outlive this object.
class Glob {
 public:
  explicit Glob(std::string_view pattern, Case letters = Case::sensitive);

  // Whether `text` matches as in Redis: an empty text matches the empty pattern alone. Time is
  // bounded by the pattern's elements (a character, ?, *, a class) times the text's length. Unlike
  // in Redis, a pattern may have any number of stars.
  bool matches(std::string_view text) const;

 private:
  // A class whose text is at least this long is stored as a set.
  static constexpr std::size_t kLongClass = 32;

  // The bytes that a long class matches, and its position: from '[' to after ']'.
  struct LongClass {
    std::size_t begin;
    std::size_t end;
    std::array<std::uint64_t, 4> bytes;
  };
  // A position in the pattern, and the first long class at or after it.
  struct Place {
    std::size_t at;
    std::size_t next_class;
  };

  class ByteSet;
  class OneByte;

  void store_long_classes();
  bool takes(Place& place, char c) const;
  bool class_takes(Place& place, char c) const;
  // The first position in `text`, from `from` on, where the element after a star can match.
  std::size_t next_start(Place behind_star, std::string_view text, std::size_t from) const;

  std::string_view pattern_;
  Case letters_;
  std::vector<LongClass> long_classes_;
};

// The same for one text.
inline bool match_glob(std::string_view pattern, std::string_view text,
                       Case letters = Case::sensitive) {
  return Glob(pattern, letters).matches(text);
}

}  // namespace larder::base
