#pragma once

// The nodes of a RankedTree, and the position of a bound among members.

#include "larder/types/ranked_tree.h"

namespace larder::types {

struct RankedTree::Leaf {
  static constexpr unsigned kRoom = 61;
  static constexpr unsigned kLow = kRoom / 2;
  static constexpr unsigned kJoined = kRoom * 4 / 5;

  Leaf* previous;
  Leaf* next;
  std::uint64_t count;
  RankedMember* members[kRoom];
};

struct RankedTree::Inner {
  static constexpr unsigned kRoom = 42;
  static constexpr unsigned kLow = kRoom / 2;
  static constexpr unsigned kJoined = kRoom * 4 / 5;

  std::uint64_t count;
  void* children[kRoom];
  std::uint64_t sizes[kRoom];
  double least[kRoom];
};

struct RankedTree::Child {
  void* node;
  std::uint64_t size;
  double least;
};

// The inner nodes passed on the way to a leaf, from the root on.
struct RankedTree::Path {
  static constexpr unsigned kMostLevels = 16;
  Inner* nodes[kMostLevels];
  unsigned children[kMostLevels];
};

namespace detail {

// A bound determines which members are before it: side() by the score alone, negative or positive,
// or 0 if the member must be compared.

// A member as a bound; the member itself counts as before it.
struct MemberBound {
  double score;
  std::string_view text;

  int side(double other) const { return other < score ? -1 : other > score ? 1 : 0; }
  bool has_before(const RankedMember& member) const {
    return member.score() != score ? member.score() < score : member.text() <= text;
  }
};

struct ScoreBound {
  double score;
  bool or_equal;

  int side(double other) const { return other < score || (or_equal && other == score) ? -1 : 1; }
  bool has_before(const RankedMember& member) const { return side(member.score()) < 0; }
};

struct TextBound {
  std::string_view text;
  bool or_equal;

  int side(double) const { return 0; }
  bool has_before(const RankedMember& member) const {
    return or_equal ? member.text() <= text : member.text() < text;
  }
};

}  // namespace detail

}  // namespace larder::types
