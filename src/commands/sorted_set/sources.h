#pragma once

// The input of ZUNION, ZINTER and ZDIFF: sorted sets, and sets whose members all have the score 1.

#include <optional>
#include <vector>

#include "larder/engine/call.h"
#include "larder/types/set.h"
#include "larder/types/sorted_set.h"

namespace larder::commands {

// A view, valid until the database changes.
class Source {
  using Sorted = types::ReadOnly<types::SortedSet>;
  using Plain = types::ReadOnly<types::Set>;

 public:
  Source() = default;
  explicit Source(const Sorted& set) : sorted_(set) {}
  explicit Source(const Plain& set) : plain_(set), is_plain_(true) {}

  double weight = 1;

  std::size_t size() const { return is_plain_ ? plain_->size() : sorted_->size(); }
  // The member's score, without the weight.
  std::optional<double> score(std::string_view member) const {
    if (!is_plain_) return sorted_->score(member);
    return plain_->contains(member) ? std::optional(1.0) : std::nullopt;
  }
  // Calls fn(String, score) on all members, in the order of a sorted set, until it returns false.
  template <typename Fn>
  void for_each(Fn fn) const {
    if (is_plain_) {
      bool goes_on = true;
      plain_->for_each([&](const types::String& member) { goes_on = goes_on && fn(member, 1.0); });
      return;
    }
    for (auto at = sorted_->at(0); at; at.next()) {
      if (!fn(at.member(), at.score())) return;
    }
  }

 private:
  Sorted sorted_;  // empty if it is a set
  Plain plain_;
  bool is_plain_ = false;
};

// How the scores of a member that is in several sources are combined.
enum class Aggregate : std::uint8_t { sum, least, greatest };

struct SourceOptions {
  Aggregate aggregate = Aggregate::sum;
  bool with_scores = false;
  std::size_t limit = 0;  // 0: none
};

// Which options a command takes.
enum SourceOption : unsigned {
  kTakesWeights = 1u << 0,  // and AGGREGATE
  kTakesScores = 1u << 1,
  kTakesLimit = 1u << 2,
};

struct Sources {
  using List = std::vector<Source, memory::Allocator<Source, memory::Owner::runtime>>;

  List list;
  SourceOptions options;

  // Parses the count of keys at `first`, the keys and the options after them. Nothing when
  // something is wrong, which has been answered.
  static std::optional<Sources> read(engine::Call& call, std::size_t first, unsigned takes);

  // The smallest first, keeping the order of equal ones.
  void sort();
};

}  // namespace larder::commands
