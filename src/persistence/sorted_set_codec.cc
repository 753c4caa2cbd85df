#include <cmath>
#include <limits>
#include <optional>

#include "larder/base/numbers.h"
#include "larder/types/sorted_set.h"
#include "larder/types/sorted_set_fill.h"
#include "packed.h"
#include "type_codecs.h"

namespace larder::persistence {
namespace {

using types::SortedSet;

// Scores as text: their length in a byte, or one of these.
constexpr std::uint8_t kNotANumber = 253, kPlusInfinity = 254, kMinusInfinity = 255;

// What SortedSetFill needs for a member while it is built.
constexpr std::size_t kOrderBytes = 16;

std::optional<double> text_score(RdbReader& in) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::uint8_t bytes = in.byte();
  if (bytes == kPlusInfinity) return kInfinity;
  if (bytes == kMinusInfinity) return -kInfinity;
  if (bytes == kNotANumber) return std::nullopt;
  return base::parse_double(in.raw(bytes));
}

std::optional<double> score_of(const types::String& score) {
  if (score.is_number()) return static_cast<double>(score.number());
  types::String::Scratch scratch;
  return base::parse_double(score.text(scratch));
}

// Adds a member, which must be new, with a score, which must be a number.
class Builder {
 public:
  explicit Builder(const types::Settings& settings)
      : limits_{static_cast<std::size_t>(settings.zset_max_listpack_entries.value()),
                static_cast<std::size_t>(settings.zset_max_listpack_value.value())} {}

  void expect(std::size_t members) {
    if (members > limits_.entries) {
      fill_.emplace(members);
    } else {
      set_.expect(members, 0, limits_);
    }
  }
  bool add(std::string_view member, std::optional<double> score) {
    if (!score || std::isnan(*score)) return false;
    if (!fill_) return set_.put(member, *score, {}, limits_).outcome == SortedSet::Outcome::added;
    fill_->add(member, *score);
    return true;
  }
  // False if a member was repeated, or if the reader has failed.
  bool finish(RdbReader& in) {
    if (!fill_) return true;
    set_ = SortedSet(fill_->finish([&in] { return in.may_go_on(); }));
    return !set_.empty();
  }
  // Frees the members of a set that could not be read.
  void give_up(RdbReader& in) {
    if (fill_) fill_->clear([&in] { in.may_go_on(); });
  }
  void* storage() { return set_.storage(); }

 private:
  const SortedSet::Limits limits_;
  SortedSet set_{nullptr};
  std::optional<types::SortedSetFill> fill_;  // of a set that is no listpack
};

bool read_members(RdbType form, RdbReader& in, Builder& set) {
  const std::size_t count = in.count(2);
  if (!in.may_take(count * (kReservedBytes + kOrderBytes))) return false;
  if (count > 0) set.expect(count);
  RdbText member;
  for (std::size_t i = 0; i < count; ++i) {
    if (!in.text(member)) return false;
    const auto score = form == RdbType::sorted_set ? std::optional(in.real()) : text_score(in);
    if (in.failed() || !set.add(member.view(), score)) return false;
  }
  return !in.failed() && set.finish(in);
}

bool read_packed(Packing packing, RdbReader& in, Builder& set) {
  RdbText raw;
  return in.text(raw) &&
         for_each_pair(in, packing, raw.view(),
                       [&](const types::String& member, const types::String& score) {
                         types::String::Scratch scratch;
                         return set.add(member.text(scratch), score_of(score));
                       });
}

}  // namespace

int write_sorted_set(const void* storage, RdbWriter& out) {
  const types::ReadOnly<types::SortedSet> set(storage);
  if (set->is_packed()) {
    out.type(RdbType::sorted_set_listpack);
    out.text(types::ListpackView(static_cast<const std::uint8_t*>(storage)).raw());
    return kPlainVersion;
  }
  out.type(RdbType::sorted_set);
  out.length(set->size());
  for (auto cursor = set->at(set->size() - 1); cursor; cursor.previous()) {
    out.text(cursor.member());
    out.real(cursor.score());
  }
  return kPlainVersion;
}

bool read_sorted_set(RdbType form, RdbReader& in, const types::Settings& settings, void*& storage) {
  Builder set(settings);
  bool good = false;
  if (form == RdbType::sorted_set_ziplist) {
    good = read_packed(Packing::ziplist, in, set);
  } else if (form == RdbType::sorted_set_listpack) {
    good = read_packed(Packing::listpack, in, set);
  } else {
    good = read_members(form, in, set);
  }
  if (!good) set.give_up(in);
  storage = set.storage();
  return good;
}

}  // namespace larder::persistence
