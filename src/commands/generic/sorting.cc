#include "sorting.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "larder/types/hash.h"
#include "larder/types/list.h"
#include "larder/types/set.h"
#include "larder/types/sorted_set.h"

namespace larder::commands {
namespace {

using Name = std::vector<char, memory::Allocator<char, memory::Owner::runtime>>;

void append(Name& name, std::string_view part) {
  name.insert(name.end(), part.begin(), part.end());
}

// As SORT reads numbers: leading spaces are skipped, and nothing at all is zero.
std::optional<double> number_of(std::string_view bytes) {
  if (const auto integer = types::as_stored_integer(bytes)) return static_cast<double>(*integer);
  char small[64];
  Name large;
  if (bytes.size() >= sizeof small) large.resize(bytes.size() + 1);
  char* const terminated = large.empty() ? small : large.data();
  std::copy(bytes.begin(), bytes.end(), terminated);
  terminated[bytes.size()] = '\0';
  char* end = nullptr;
  errno = 0;
  const double value = std::strtod(terminated, &end);
  if (*end != '\0' || errno == ERANGE || std::isnan(value)) return std::nullopt;
  return value;
}

// Numbers in the order of the doubles; one for both zeros.
std::uint64_t rank_of(double number) {
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  const auto bits = std::bit_cast<std::uint64_t>(number == 0 ? 0.0 : number);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

std::uint64_t rank_of(std::string_view text) {
  std::uint64_t rank = 0;
  if (text.empty()) return rank;
  std::memcpy(&rank, text.data(), std::min(text.size(), sizeof rank));
  return __builtin_bswap64(rank);
}

}  // namespace

SortPattern::SortPattern(std::string_view pattern) : pattern_(pattern), place_(pattern.find('*')) {
  if (!has_place()) return;
  postfix_ = pattern.substr(place_ + 1);
  const std::size_t arrow = postfix_.find("->");
  if (arrow == std::string_view::npos || arrow + 2 == postfix_.size()) return;
  field_ = postfix_.substr(arrow + 2);
  postfix_ = postfix_.substr(0, arrow);
}

std::optional<types::String> SortPattern::look(keyspace::Database& db, std::string_view element,
                                               std::int64_t expired_until_ms) const {
  if (is_element()) return types::String(element);
  if (!has_place()) return std::nullopt;
  Name name;
  append(name, pattern_.substr(0, place_));
  append(name, element);
  append(name, postfix_);
  const auto key = keyspace::Key::of({name.data(), name.size()});
  if (!field_.empty()) {
    auto hash = db.find<types::Hash>(key);
    if (hash && hash->stale(expired_until_ms)) {
      // The result may be stored, and followers must not find the field either.
      db.expire_element(hash.entry(), key.hash, field_);
      hash = db.find<types::Hash>(key, keyspace::Look::untouched);
    }
    return hash ? hash->get(field_, expired_until_ms) : std::nullopt;
  }
  const auto text = db.find<types::String>(key);
  return text ? std::optional(*text) : std::nullopt;
}

Sorting::Text Sorting::keep(const types::String& text) {
  types::String::Scratch scratch;
  const std::string_view bytes = text.text(scratch);
  const Text kept{texts_.size(), bytes.size()};
  texts_.insert(texts_.end(), bytes.begin(), bytes.end());
  return kept;
}

void Sorting::load(const keyspace::Entry& entry, const SortOrder& order) {
  const bool backwards = order.none && order.descending;
  if (entry.type() == types::Type::list) {
    const auto list = entry.value<types::List>();
    for (auto cursor = list->at(backwards ? -1 : 0); !cursor.done();
         backwards ? cursor.previous() : cursor.next()) {
      add(cursor.get());
    }
  } else if (entry.type() == types::Type::set) {
    entry.value<types::Set>()->for_each([&](const types::String& member) { add(member); });
  } else {
    const auto set = entry.value<types::SortedSet>();
    for (auto cursor = set->at(backwards ? set->size() - 1 : 0); cursor;
         backwards ? cursor.previous() : cursor.next()) {
      add(cursor.member());
    }
  }
}

std::optional<std::uint64_t> Sorting::weigh(Element& element, keyspace::Database& db,
                                            const SortOrder& order, std::int64_t expired_until_ms) {
  types::String::Scratch scratch;
  std::string_view weight = view(element.text);
  if (order.by) {
    const auto found = order.by->look(db, weight, expired_until_ms);
    if (!found) return rank_of(0.0);
    weight = found->text(scratch);
  }
  if (!order.by_text) {
    const auto number = number_of(weight);
    return number ? std::optional(rank_of(*number)) : std::nullopt;
  }
  element.weight = order.by ? keep(types::String(weight)) : element.text;
  return 0;
}

// Names often start with the same bytes: a prefix that all texts have is skipped.
void Sorting::rank_texts() {
  std::string_view common;
  bool is_first = true;
  for (const Element& element : elements_) {
    if (!element.weight) continue;
    const std::string_view text = view(*element.weight);
    if (std::exchange(is_first, false)) common = text;
    const auto end = std::mismatch(common.begin(), common.end(), text.begin(), text.end()).first;
    common = common.substr(0, static_cast<std::size_t>(end - common.begin()));
  }
  for (Place& place : places_) {
    const auto& weight = elements_[place.element].weight;
    place.rank = 0;
    if (weight) place.rank = rank_of(view(*weight).substr(common.size()));
  }
}

int Sorting::compare(const Element& a, const Element& b, const SortOrder& order) const {
  if (order.by_text && (!a.weight || !b.weight)) {
    const int known =
        static_cast<int>(a.weight.has_value()) - static_cast<int>(b.weight.has_value());
    if (known != 0) return known;
  } else if (order.by_text) {
    if (const int texts = view(*a.weight).compare(view(*b.weight)); texts != 0) return texts;
  }
  return view(a.text).compare(view(b.text));
}

bool Sorting::sort(keyspace::Database& db, const SortOrder& order, const SortPart& part,
                   std::int64_t expired_until_ms) {
  if (order.none) return true;
  places_.reserve(elements_.size());
  for (Element& element : elements_) {
    const auto rank = weigh(element, db, order, expired_until_ms);
    if (!rank) return false;
    places_.push_back({*rank, static_cast<std::uint32_t>(places_.size())});
  }
  if (order.by_text) rank_texts();
  const auto before = [&](const Place& a, const Place& b) {
    const Place& low = order.descending ? b : a;
    const Place& high = order.descending ? a : b;
    if (low.rank != high.rank) return low.rank < high.rank;
    return compare(elements_[low.element], elements_[high.element], order) < 0;
  };
  const auto at = [this](std::size_t i) {
    return places_.begin() + static_cast<std::ptrdiff_t>(i);
  };
  if (part.first > 0 && part.first < part.end)
    std::nth_element(at(0), at(part.first), places_.end(), before);
  // For a small part of the result a heap is faster than sorting all elements.
  if (part.end - part.first < size() / 16) {
    std::partial_sort(at(part.first), at(part.end), places_.end(), before);
  } else {
    std::sort(at(part.first), places_.end(), before);
  }
  return true;
}

}  // namespace larder::commands
