#include "larder/types/stream_node.h"

#include <algorithm>

#include "listpack_format.h"

namespace larder::types {
namespace {

using namespace listpack_format;

// Flags, the two differences of the id, and the number of fields if the entry has its own.
constexpr std::uint64_t kHeadElements = 3;

// Reads elements of a well-formed listpack from the left. Fails for good at the first one that is
// missing or of the wrong kind; from then on numbers are zero, and there are no more elements. Most
// are small numbers and short texts.
class Elements {
 public:
  explicit Elements(const ListpackView& pack)
      : at_(reinterpret_cast<const std::uint8_t*>(pack.raw().data()) + ListpackView::kHeaderBytes) {
  }

  bool failed() const { return failed_; }
  bool more() const { return *at_ != kEndMark; }

  [[gnu::always_inline]] std::int64_t number() {
    const std::uint8_t kind = *at_;
    if (kind > kMostSmall) return wide_number();
    at_ += kSmallBytes;
    return kind;
  }
  [[gnu::always_inline]] std::uint64_t count() {
    const std::int64_t value = number();
    if (value < 0) fail();
    return static_cast<std::uint64_t>(value);
  }
  // Flags are changed in place, so they must have their shortest form.
  [[gnu::always_inline]] std::uint8_t flags() {
    constexpr std::uint8_t kAll = StreamNodeView::kDeleted | StreamNodeView::kSameFields;
    const std::uint8_t flags = *at_;
    if (flags > kAll) return fail();
    at_ += kSmallBytes;
    return flags;
  }
  [[gnu::always_inline]] void skip(std::uint64_t elements) {
    for (; elements > 0; --elements) {
      const std::uint8_t kind = *at_;
      if (kind < kShortTextsEnd) {
        at_ += kind < kShortTextsFrom ? kSmallBytes : kSmallBytes + (kind - kShortTextsFrom);
      } else if (!pass_long()) {
        return;
      }
    }
  }

 private:
  static constexpr std::uint8_t kEndMark = 0xff;
  static constexpr std::uint8_t kNothing[] = {kEndMark};
  static constexpr std::uint8_t kMostSmall = 0x7f;
  // Kinds of texts of less than 64 bytes.
  static constexpr std::uint8_t kShortTextsFrom = 0x80;
  static constexpr std::uint8_t kShortTextsEnd = 0xc0;
  static constexpr std::size_t kSmallBytes = 2;  // the value and its back length

  std::uint8_t fail() {
    failed_ = true;
    at_ = kNothing;
    return 0;
  }
  [[gnu::noinline]] std::int64_t wide_number() {
    if (!more()) return fail();
    const Head head = head_of(at_);
    if (head.is_text) return fail();
    const std::int64_t value = integer_at(at_);
    pass(head);
    return value;
  }
  [[gnu::noinline]] bool pass_long() {
    if (!more()) return fail() != 0;
    pass(head_of(at_));
    return true;
  }
  void pass(const Head& head) {
    const std::size_t content = head.head + head.text;
    at_ += content + back_length_bytes(content);
  }

  const std::uint8_t* at_;
  bool failed_ = false;
};

struct Checked {
  StreamId id;
  bool deleted;
};

// Reads one entry and checks its size; `fields` is the node's own number of them.
[[gnu::always_inline]] inline Checked check_entry(Elements& elements, StreamId node,
                                                  std::uint64_t fields, bool& good) {
  const std::uint8_t flags = elements.flags();
  const auto ms = static_cast<std::uint64_t>(elements.number());
  const auto seq = static_cast<std::uint64_t>(elements.number());
  std::uint64_t contents = fields;
  std::uint64_t head = kHeadElements;
  if ((flags & StreamNodeView::kSameFields) == 0) {
    // A larger count than a listpack can hold fails in skip(); the bound avoids an overflow here.
    contents = 2 * std::min<std::uint64_t>(elements.count(), Listpack::kMostBytes);
    ++head;
  }
  elements.skip(contents);
  good = elements.count() == head + contents && !elements.failed();
  return {{node.ms + ms, node.seq + seq}, (flags & StreamNodeView::kDeleted) != 0};
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
  const std::uint64_t live = elements.count();
  const std::uint64_t deleted = elements.count();
  const std::uint64_t fields = elements.count();
  elements.skip(fields);
  if (elements.number() != 0 || !elements.more()) return false;
  std::uint64_t counted[2] = {};
  StreamId last = id;
  while (elements.more()) {
    bool good = false;
    const Checked entry = check_entry(elements, id, fields, good);
    const bool is_first = counted[0] + counted[1] == 0;
    if (!good || entry.id < last || (!is_first && entry.id == last)) return false;
    last = entry.id;
    ++counted[entry.deleted ? 1 : 0];
  }
  return counted[0] == live && counted[1] == deleted;
}

}  // namespace larder::types
