#pragma once

// What SORT and SORT_RO work on: the elements of a list, set or sorted set, weighed by themselves
// or by other keys, and put in order.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "larder/keyspace/keyspace.h"
#include "larder/types/string.h"

namespace larder::commands {

// A pattern of BY or GET: "weight_*", "object_*->field", or "#", which is the element itself.
class SortPattern {
 public:
  explicit SortPattern(std::string_view pattern);

  bool is_element() const { return pattern_ == "#"; }
  // Without a place for the element, BY does not sort and GET finds nothing.
  bool has_place() const { return place_ != std::string_view::npos; }

  // The value of the key, or of its field, that the element names; nothing when it is missing or of
  // another type. A view of the value; valid until the keyspace changes.
  std::optional<types::String> look(keyspace::Database& db, std::string_view element,
                                    std::int64_t now_ms) const;

 private:
  std::string_view pattern_;
  std::size_t place_;
  std::string_view postfix_;
  std::string_view field_;
};

struct SortOrder {
  bool descending = false;
  bool by_text = false;
  bool none = false;  // as the elements stand
  std::optional<SortPattern> by;
};

class Sorting {
 public:
  // Copies the elements of an entry, which is a list, a set or a sorted set; backwards where the
  // order is `none` and descending and the elements have an order of their own.
  void load(const keyspace::Entry& entry, const SortOrder& order);
  // Puts them in order. False when a weight is no number.
  bool sort(keyspace::Database& db, const SortOrder& order, std::int64_t now_ms);

  std::size_t size() const { return elements_.size(); }
  std::string_view element(std::size_t index) const { return view(elements_[index].text); }

 private:
  template <typename T>
  using Vector = std::vector<T, memory::Allocator<T, memory::Owner::runtime>>;

  struct Text {
    std::size_t offset = 0;
    std::size_t size = 0;
  };
  struct Element {
    Text text;
    double weight = 0;
    std::optional<Text> weight_text;  // nothing: before all others
  };

  std::string_view view(Text text) const { return {texts_.data() + text.offset, text.size}; }
  Text keep(const types::String& text);
  void add(const types::String& element) { elements_.push_back({keep(element)}); }
  bool weigh(Element& element, keyspace::Database& db, const SortOrder& order, std::int64_t now_ms);
  int compare(const Element& a, const Element& b, const SortOrder& order) const;

  Vector<char> texts_;
  Vector<Element> elements_;
};

}  // namespace larder::commands
