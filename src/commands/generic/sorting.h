#pragma once

// The elements of a list, set or sorted set for SORT and SORT_RO, with weights from themselves or
// from other keys, and their order.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "larder/base/prefetch.h"
#include "larder/keyspace/database.h"
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
                                    std::int64_t expired_until_ms) const;

 private:
  std::string_view pattern_;
  std::size_t place_;
  std::string_view postfix_;
  std::string_view field_;
};

struct SortOrder {
  bool descending = false;
  bool by_text = false;
  bool none = false;  // the order of the elements in their collection
  std::optional<SortPattern> by;
};

// The elements that LIMIT selects: from the first up to, not including, the end.
struct SortPart {
  std::size_t first;
  std::size_t end;
};

// Sorting moves 16 bytes for each element: a rank, which decides nearly always, and the element's
// number. A rank is a number whose order is that of the weights, or the first eight bytes of a
// text.
class Sorting {
 public:
  // Copies the elements of an entry, which is a list, a set or a sorted set; backwards where the
  // order is `none` and descending and the elements have an order of their own.
  void load(const keyspace::Entry& entry, const SortOrder& order);
  // Sorts the requested part of them. False if a weight is not a number.
  bool sort(keyspace::Database& db, const SortOrder& order, const SortPart& part,
            std::int64_t expired_until_ms);

  std::size_t size() const { return elements_.size(); }
  std::string_view element(std::size_t index) const {
    return view(elements_[places_.empty() ? index : places_[index].element].text);
  }
  // For callers that read one element after the other: prefetches the next ones, which are
  // scattered in memory.
  void fetch_behind(std::size_t index) const {
    if (index + 2 * kAhead >= places_.size()) return;
    base::prefetch(&elements_[places_[index + 2 * kAhead].element]);
    base::prefetch(texts_.data() + elements_[places_[index + kAhead].element].text.offset);
  }

 private:
  static constexpr std::size_t kAhead = 12;

  template <typename T>
  using Vector = std::vector<T, memory::Allocator<T, memory::Owner::runtime>>;

  struct Text {
    std::size_t offset = 0;
    std::size_t size = 0;
  };
  struct Element {
    Text text;
    std::optional<Text> weight;  // by text; nothing: before all others
  };
  struct Place {
    std::uint64_t rank;
    std::uint32_t element;
  };

  std::string_view view(Text text) const { return {texts_.data() + text.offset, text.size}; }
  Text keep(const types::String& text);
  void add(const types::String& element) { elements_.push_back({keep(element)}); }
  // The element's rank, which texts get later; nothing when its weight is no number.
  std::optional<std::uint64_t> weigh(Element& element, keyspace::Database& db,
                                     const SortOrder& order, std::int64_t expired_until_ms);
  void rank_texts();
  // Negative if the first precedes the second, zero if equal, else positive. For equal ranks.
  int compare(const Element& a, const Element& b, const SortOrder& order) const;

  Vector<char> texts_;
  Vector<Element> elements_;
  Vector<Place> places_;  // in order; empty if the elements are not sorted
};

}  // namespace larder::commands
