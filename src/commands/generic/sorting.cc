#include "sorting.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>

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
std::optional<double> number_of(const types::String& text) {
  if (text.is_number()) return static_cast<double>(text.number());
  types::String::Scratch scratch;
  const std::string_view bytes = text.text(scratch);
  Name terminated(bytes.begin(), bytes.end());
  terminated.push_back('\0');
  char* end = nullptr;
  errno = 0;
  const double value = std::strtod(terminated.data(), &end);
  if (*end != '\0' || errno == ERANGE || std::isnan(value)) return std::nullopt;
  return value;
}

int sign(std::string_view a, std::string_view b) { return a.compare(b); }

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
                                               std::int64_t now_ms) const {
  if (is_element()) return types::String(element);
  if (!has_place()) return std::nullopt;
  Name name;
  append(name, pattern_.substr(0, place_));
  append(name, element);
  append(name, postfix_);
  const auto key = keyspace::Key::of({name.data(), name.size()});
  if (!field_.empty()) {
    const auto hash = db.find<types::Hash>(key);
    return hash ? hash->get(field_, now_ms) : std::nullopt;
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
    const types::List list(entry.storage());
    for (auto cursor = list.at(backwards ? -1 : 0); !cursor.done();
         backwards ? cursor.previous() : cursor.next()) {
      add(cursor.get());
    }
  } else if (entry.type() == types::Type::set) {
    types::Set(entry.storage()).for_each([&](const types::String& member) { add(member); });
  } else {
    const types::SortedSet set(entry.storage());
    for (auto cursor = set.at(backwards ? set.size() - 1 : 0); cursor;
         backwards ? cursor.previous() : cursor.next()) {
      add(cursor.member());
    }
  }
}

bool Sorting::weigh(Element& element, keyspace::Database& db, const SortOrder& order,
                    std::int64_t now_ms) {
  const auto weight = order.by ? order.by->look(db, view(element.text), now_ms)
                               : std::optional(types::String(view(element.text)));
  if (!weight) return true;
  if (order.by_text) {
    element.weight_text = order.by ? keep(*weight) : element.text;
    return true;
  }
  const auto number = number_of(*weight);
  element.weight = number.value_or(0);
  return number.has_value();
}

int Sorting::compare(const Element& a, const Element& b, const SortOrder& order) const {
  if (!order.by_text) {
    if (a.weight != b.weight) return a.weight < b.weight ? -1 : 1;
  } else if (!a.weight_text || !b.weight_text) {
    const int known =
        static_cast<int>(a.weight_text.has_value()) - static_cast<int>(b.weight_text.has_value());
    if (known != 0) return known;
  } else if (const int texts = sign(view(*a.weight_text), view(*b.weight_text)); texts != 0) {
    return texts;
  }
  return sign(view(a.text), view(b.text));
}

bool Sorting::sort(keyspace::Database& db, const SortOrder& order, std::int64_t now_ms) {
  if (order.none) return true;
  bool good = true;
  for (Element& element : elements_) good &= weigh(element, db, order, now_ms);
  if (!good) return false;
  std::sort(elements_.begin(), elements_.end(), [&](const Element& a, const Element& b) {
    const int result = compare(a, b, order);
    return order.descending ? result > 0 : result < 0;
  });
  return true;
}

}  // namespace larder::commands
