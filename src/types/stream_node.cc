#include "larder/types/stream_node.h"

#include <optional>

namespace larder::types {
namespace {

// Flags, the id's two differences, and where fields are its own, their number.
constexpr std::uint64_t kHeadElements = 3;

// Takes elements from the left; everything that is missing or of the wrong kind is nothing.
class Elements {
 public:
  explicit Elements(const ListpackView& pack) : pack_(pack), next_(pack.first()) {}

  bool more() const { return next_ != ListpackView::kEnd; }

  std::optional<std::int64_t> number() {
    if (!more()) return std::nullopt;
    const String value = pack_.get(next_);
    next_ = pack_.next(next_);
    return value.is_number() ? std::optional(value.number()) : std::nullopt;
  }
  std::optional<std::uint64_t> count() {
    const auto value = number();
    return value && *value >= 0 ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
  }
  // Flags are changed in place, so they must have their shortest form.
  std::optional<std::uint8_t> flags() {
    constexpr std::size_t kShortest = 2;
    const bool shortest = more() && pack_.element_bytes(next_) == kShortest;
    const auto value = count();
    constexpr std::uint64_t kAll = StreamNodeView::kDeleted | StreamNodeView::kSameFields;
    if (!shortest || !value || *value > kAll) return std::nullopt;
    return static_cast<std::uint8_t>(*value);
  }
  bool skip(std::uint64_t elements) {
    for (; elements > 0; --elements) {
      if (!more()) return false;
      next_ = pack_.next(next_);
    }
    return true;
  }

 private:
  const ListpackView& pack_;
  ListpackView::Place next_;
};

struct Checked {
  StreamId id;
  bool deleted;
};

// Checks one entry; `fields` is the node's own number of them.
std::optional<Checked> check_entry(Elements& elements, StreamId node, std::uint64_t fields) {
  const auto flags = elements.flags();
  if (!flags) return std::nullopt;
  const auto ms = elements.number();
  const auto seq = elements.number();
  if (!ms || !seq) return std::nullopt;
  std::uint64_t contents = fields;
  std::uint64_t head = kHeadElements;
  if ((*flags & StreamNodeView::kSameFields) == 0) {
    const auto own = elements.count();
    if (!own || *own > Listpack::kMostBytes) return std::nullopt;
    contents = 2 * *own;
    ++head;
  }
  if (!elements.skip(contents)) return std::nullopt;
  const auto written = elements.count();
  if (!written || *written != head + contents) return std::nullopt;
  const StreamId id{node.ms + static_cast<std::uint64_t>(*ms),
                    node.seq + static_cast<std::uint64_t>(*seq)};
  return Checked{id, (*flags & StreamNodeView::kDeleted) != 0};
}

}  // namespace

StreamNodeView::Place StreamNodeView::first_entry() const {
  return pack_.next(skip(first_field(), fields()));
}

StreamNodeView::Entry StreamNodeView::entry(Place at) const {
  Entry entry;
  entry.at = at;
  entry.flags = static_cast<std::uint8_t>(number(at));
  const Place ms = pack_.next(at);
  const Place seq = pack_.next(ms);
  entry.id = {id_.ms + number(ms), id_.seq + number(seq)};
  const Place then = pack_.next(seq);
  entry.fields = entry.same_fields() ? fields() : number(then);
  entry.contents = entry.same_fields() ? then : pack_.next(then);
  return entry;
}

StreamNodeView::Place StreamNodeView::after(const Entry& entry) const {
  const std::uint64_t contents = entry.same_fields() ? entry.fields : 2 * entry.fields;
  return pack_.next(skip(entry.contents, contents));
}

StreamNodeView::Place StreamNodeView::before(Place at) const {
  if (at == first_entry()) return kEnd;
  Place place = pack_.previous(at);
  for (std::uint64_t elements = number(place); elements > 0; --elements) {
    place = pack_.previous(place);
  }
  return place;
}

StreamNodeView::Entry StreamNodeView::find(StreamId id) const {
  for (Place at = first_entry(); at != kEnd;) {
    const Entry found = entry(at);
    if (found.id >= id) {
      if (found.id == id && !found.deleted()) return found;
      break;
    }
    at = after(found);
  }
  return {.at = kEnd, .id = id, .flags = 0, .fields = 0, .contents = kEnd};
}

bool StreamNodeView::valid(StreamId id, std::string_view raw) {
  if (!ListpackView::valid(raw)) return false;
  const ListpackView pack(reinterpret_cast<const std::uint8_t*>(raw.data()));
  Elements elements(pack);
  const auto live = elements.count();
  const auto deleted = elements.count();
  const auto fields = elements.count();
  if (!live || !deleted || !fields || !elements.skip(*fields)) return false;
  if (elements.number() != 0 || !elements.more()) return false;
  std::uint64_t counted[2] = {};
  std::optional<StreamId> last;
  while (elements.more()) {
    const auto entry = check_entry(elements, id, *fields);
    if (!entry || entry->id < id || (last && entry->id <= *last)) return false;
    last = entry->id;
    ++counted[entry->deleted ? 1 : 0];
  }
  return counted[0] == *live && counted[1] == *deleted;
}

}  // namespace larder::types
