#include "larder/base/glob_pattern.h"

#include <algorithm>

namespace larder::base {
namespace {

constexpr std::string_view kSpecial = "*?[\\";

std::string_view without_stars(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of('*'), text.size()));
}

}  // namespace

GlobPattern::GlobPattern(std::string_view pattern)
    : head_(pattern.substr(0, pattern.find_first_of(kSpecial))),
      rest_(pattern.substr(head_.size())),
      least_(head_.size()) {
  if (rest_.empty()) return;
  const std::string_view behind = without_stars(rest_);
  const std::string_view text = behind.substr(0, behind.find_first_of(kSpecial));
  if (rest_[0] != '*' || !without_stars(behind.substr(text.size())).empty()) {
    shape_ = Shape::other;
    matcher_.emplace(rest_);
    return;
  }
  shape_ = text.size() == behind.size() ? Shape::ends : Shape::contains;
  rest_ = text;
  least_ += text.size();
}

}  // namespace larder::base
