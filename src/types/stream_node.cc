#include "larder/types/stream_node.h"

#include <optional>

#include "listpack_format.h"

namespace larder::types {
namespace {

using namespace listpack_format;

// Flags, the two differences of the id, and the number of fields if the entry has its own.
constexpr std::uint64_t kHeadElements = 3;

// Reads elements of a well-formed listpack from the left; an element that is missing or of the
// wrong kind is nothing. Most are small numbers.
class Elements {
 public:
  explicit Elements(const ListpackView& pack)
      : at_(reinterpret_cast<const std::uint8_t*>(pack.raw().data()) + ListpackView::kHeaderBytes) {
  }

  bool more() const { return *at_ != kEndMark; }

  [[gnu::always_inline]] std::optional<std::int64_t> number() {
    const std::uint8_t kind = *at_;
    if (kind > kMostSmall) return wide_number();
    at_ += kSmallBytes;
    return kind;
  }
  [[gnu::always_inline]] std::optional<std::uint64_t> count() {
    const auto value = number();
    return value && *value >= 0 ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
  }
  // Flags are changed in place, so they must have their shortest form.
  [[gnu::always_inline]] std::optional<std::uint8_t> flags() {
    constexpr std::uint8_t kAll = StreamNodeView::kDeleted | StreamNodeView::kSameFields;
    const std::uint8_t flags = *at_;
    if (flags > kAll) return std::nullopt;
    at_ += kSmallBytes;
    return flags;
  }
  [[gnu::always_inline]] bool skip(std::uint64_t elements) {
    for (; elements > 0; --elements) {
      if (!more()) return false;
      pass(head_of(at_));
    }
    return true;
  }

 private:
  static constexpr std::uint8_t kEndMark = 0xff;
  static constexpr std::uint8_t kMostSmall = 0x7f;
  static constexpr std::size_t kSmallBytes = 2;  // the value and its back length

  [[gnu::noinline]] std::optional<std::int64_t> wide_number() {
    if (!more()) return std::nullopt;
    const Head head = head_of(at_);
    if (head.is_text) return std::nullopt;
    const std::int64_t value = integer_at(at_);
    pass(head);
    return value;
  }
  void pass(const Head& head) {
    const std::size_t content = head.head + head.text;
    at_ += content + back_length_bytes(content);
  }

  const std::uint8_t* at_;
};

struct Checked {
  StreamId id;
  bool deleted;
};

// Checks one entry; `fields` is the node's own number of them.
[[gnu::always_inline]] inline std::optional<Checked> check_entry(Elements& elements, StreamId node,
                                                                 std::uint64_t fields) {
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
