#pragma once

// A glob pattern that is applied to many texts. The constructor classifies it, so that patterns of
// the usual shapes (`text`, `head*`, `*tail`, `head*tail`, `*part*`) need no general matcher.

#include <cstdint>
#include <optional>
#include <string_view>

#include "larder/base/glob.h"

namespace larder::base {

class GlobPattern {
 public:
  // Keeps a view of the pattern.
  explicit GlobPattern(std::string_view pattern);

  // The same as match_glob(pattern, text).
  bool matches(std::string_view text) const {
    if (text.size() < least_ || !text.starts_with(head_)) return false;
    switch (shape_) {
      case Shape::literal:
        return text.size() == head_.size();
      case Shape::ends:
        return text.ends_with(rest_) && !text.empty();
      case Shape::contains:
        return text.substr(head_.size()).find(rest_) != std::string_view::npos;
      case Shape::other:
        break;
    }
    return matcher_->matches(text.substr(head_.size()));
  }
  // The pattern has no wildcards.
  bool is_literal() const { return shape_ == Shape::literal; }

 private:
  // `head`, `head*rest`, `head*rest*`, and everything else.
  enum class Shape : std::uint8_t { literal, ends, contains, other };

  std::string_view head_;
  std::string_view rest_;
  std::size_t least_ = 0;  // characters in a text that matches
  Shape shape_ = Shape::literal;
  std::optional<Glob> matcher_;  // of `rest_`, for other shapes
};

}  // namespace larder::base
