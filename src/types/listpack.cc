#include "larder/types/listpack.h"

#include <algorithm>

#include "larder/base/assert.h"
#include "listpack_format.h"

namespace larder::types {

using namespace listpack_format;

namespace {

// The first bytes of texts of up to 63 bytes, and of longer ones; lower bytes are small integers.
constexpr std::uint8_t kTextFrom = 0x80;
constexpr std::uint8_t kMediumFrom = 0xc0;

// Most texts that are not integers do not start like one.
inline bool reads_as_integer(const char* text, std::size_t size) {
  return size > 0 && *text <= '9' && *text >= '-' && as_stored_integer({text, size}).has_value();
}

}  // namespace

std::size_t Listpack::cost(std::string_view text) { return ListpackElement::of(text).bytes(); }
std::size_t Listpack::cost(std::int64_t number) { return ListpackElement::of(number).bytes(); }

std::uint8_t* Listpack::print(std::uint8_t* out, std::string_view text) {
  const ListpackElement element = ListpackElement::of(text);
  element.write(out);
  return out + element.bytes();
}

std::uint8_t* Listpack::print(std::uint8_t* out, std::int64_t number) {
  const ListpackElement element = ListpackElement::of(number);
  element.write(out);
  return out + element.bytes();
}

std::size_t ListpackView::size() const {
  std::uint16_t counted;
  std::memcpy(&counted, bytes_ + 4, sizeof counted);
  if (counted != kUncounted) return counted;
  std::size_t elements = 0;
  for (Place place = first(); place != kEnd; place = next(place)) ++elements;
  return elements;
}

std::size_t ListpackView::element_bytes(Place place) const {
  const Head head = head_of(bytes_ + place);
  const std::size_t content = head.head + head.text;
  return content + back_length_bytes(content);
}

ListpackView::Place ListpackView::previous(Place place) const {
  const std::size_t end = place == kEnd ? bytes() - 1 : place;
  if (end == kHeaderBytes) return kEnd;
  const std::size_t content = read_back_length(bytes_ + end - 1, bytes_ + kHeaderBytes);
  return static_cast<Place>(end - content - back_length_bytes(content));
}

ListpackView::Place ListpackView::at(std::int64_t index) const {
  const auto elements = static_cast<std::int64_t>(size());
  if (index < 0) index += elements;
  if (index < 0 || index >= elements) return kEnd;
  Place place;
  if (index <= elements / 2) {
    place = first();
    while (index-- > 0) place = next(place);
  } else {
    place = last();
    while (++index < elements) place = previous(place);
  }
  return place;
}

String ListpackView::get(Place place) const {
  const std::uint8_t* at = bytes_ + place;
  const Head head = head_of(at);
  if (!head.is_text) return String(integer_at(at));
  return String(std::string_view(reinterpret_cast<const char*>(at) + head.head, head.text));
}

ListpackView::Place ListpackView::find(std::string_view text, Place from, unsigned skip) const {
  if (from == kEnd) return kEnd;
  const auto number = as_stored_integer(text);
  unsigned passing = 0;
  for (const std::uint8_t* at = bytes_ + from; *at != kEndMark;) {
    const Head head = head_of(at);
    if (passing == 0) {
      passing = skip;
      const bool same = number ? !head.is_text && integer_at(at) == *number
                               : head.is_text && head.text == text.size() &&
                                     std::memcmp(at + head.head, text.data(), text.size()) == 0;
      if (same) return static_cast<Place>(at - bytes_);
    } else {
      --passing;
    }
    const std::size_t content = head.head + head.text;
    at += content + back_length_bytes(content);
  }
  return kEnd;
}

bool ListpackView::valid(std::string_view raw) {
  bool is_own = false;
  return valid(raw, is_own);
}

bool ListpackView::valid(std::string_view raw, bool& integers_as_such) {
  integers_as_such = true;
  if (raw.size() <= kHeaderBytes || raw.size() > Listpack::kMostBytes) return false;
  const ListpackView pack(reinterpret_cast<const std::uint8_t*>(raw.data()));
  if (pack.bytes() != raw.size() || pack.bytes_[raw.size() - 1] != kEndMark) return false;
  const std::size_t end = raw.size() - 1;
  std::size_t elements = 0;
  std::size_t at = kHeaderBytes;
  for (; at < end; ++elements) {
    // Most elements are short: one byte before them, with the size, and one byte after them.
    const std::uint8_t head_byte = pack.bytes_[at];
    if (head_byte < kMediumFrom) {
      const bool is_text = head_byte >= kTextFrom;
      const std::size_t content = is_text ? 1 + (head_byte - kTextFrom) : 1;
      if (content + 1 > end - at || pack.bytes_[at + content] != content) return false;
      if (is_text && reads_as_integer(raw.data() + at + 1, content - 1)) integers_as_such = false;
      at += content + 1;
      continue;
    }
    if (end - at < head_needs(pack.bytes_[at])) return false;
    const Head head = head_of(pack.bytes_ + at);
    const std::size_t content = head.head + head.text;
    if (head.head == 0 || content + back_length_bytes(content) > end - at) return false;
    std::uint8_t back[kMostBackLength];
    print_back_length(back, content);
    if (std::memcmp(back, pack.bytes_ + at + content, back_length_bytes(content)) != 0) {
      return false;
    }
    if (head.is_text && reads_as_integer(raw.data() + at + head.head, head.text)) {
      integers_as_such = false;
    }
    at += content + back_length_bytes(content);
  }
  std::uint16_t counted;
  std::memcpy(&counted, pack.bytes_ + 4, sizeof counted);
  return at == end && (counted == kUncounted || counted == elements);
}

Listpack Listpack::create(memory::Owner owner) {
  constexpr std::uint8_t kEmpty[] = {kHeaderBytes + 1, 0, 0, 0, 0, 0, kEndMark};
  return copy(owner, {reinterpret_cast<const char*>(kEmpty), sizeof kEmpty});
}

Listpack Listpack::copy(memory::Owner owner, std::string_view raw) {
  LARDER_ASSERT(memory::is_dataset(owner));
  void* block = memory::allocate(owner, raw.size());
  std::memcpy(block, raw.data(), raw.size());
  return Listpack(block);
}

void Listpack::destroy(memory::Owner owner) noexcept { memory::release(owner, block(), bytes()); }

void Listpack::resize(memory::Owner owner, std::size_t total) {
  LARDER_ASSERT(total <= kMostBytes);
  const std::size_t held = footprint();
  if (memory::dataset_class(total) != held) {
    bytes_ = static_cast<std::uint8_t*>(memory::reallocate(owner, block(), held, total));
  }
  const auto written = static_cast<std::uint32_t>(total);
  std::memcpy(data(), &written, sizeof written);
}

void Listpack::count(std::int64_t change) {
  std::uint16_t counted;
  std::memcpy(&counted, bytes_ + 4, sizeof counted);
  if (counted == kUncounted) return;
  const auto elements =
      static_cast<std::uint16_t>(std::min<std::int64_t>(counted + change, kUncounted));
  std::memcpy(data() + 4, &elements, sizeof elements);
}

// Replaces `old_bytes` bytes by the element.
Listpack::Place Listpack::put(memory::Owner owner, Place place, std::size_t old_bytes,
                              const ListpackElement& element) {
  const std::size_t before = bytes();
  const std::size_t at = place == kEnd ? before - 1 : place;
  const std::size_t fresh = element.bytes();
  const std::size_t tail = before - at - old_bytes;
  if (fresh > old_bytes) resize(owner, before + fresh - old_bytes);
  std::memmove(data() + at + fresh, data() + at + old_bytes, tail);
  if (fresh < old_bytes) resize(owner, before + fresh - old_bytes);
  element.write(data() + at);
  return static_cast<Place>(at);
}

Listpack::Place Listpack::insert(memory::Owner owner, Place before, std::string_view text) {
  const Place place = put(owner, before, 0, ListpackElement::of(text));
  count(1);
  return place;
}

Listpack::Place Listpack::insert(memory::Owner owner, Place before, std::int64_t number) {
  const Place place = put(owner, before, 0, ListpackElement::of(number));
  count(1);
  return place;
}

Listpack::Place Listpack::replace(memory::Owner owner, Place place, std::string_view text) {
  return put(owner, place, element_bytes(place), ListpackElement::of(text));
}

Listpack::Place Listpack::replace(memory::Owner owner, Place place, std::int64_t number) {
  return put(owner, place, element_bytes(place), ListpackElement::of(number));
}

Listpack::Place Listpack::erase(memory::Owner owner, Place place, std::size_t count) {
  if (place == kEnd) return kEnd;
  std::size_t end = place;
  std::int64_t taken = 0;
  while (static_cast<std::size_t>(taken) < count && bytes_[end] != kEndMark) {
    end += element_bytes(static_cast<Place>(end));
    ++taken;
  }
  const std::size_t before = bytes();
  const std::size_t elements_before = size();
  std::memmove(data() + place, data() + end, before - end);
  const std::size_t total = before - (end - place);
  // The end mark has moved already, so elements can be counted.
  resize(owner, total);
  if (elements_before >= kUncounted) {
    const std::size_t left = elements_before - static_cast<std::size_t>(taken);
    const auto written = static_cast<std::uint16_t>(std::min<std::size_t>(left, kUncounted));
    std::memcpy(data() + 4, &written, sizeof written);
  } else {
    this->count(-taken);
  }
  return bytes_[place] == kEndMark ? kEnd : place;
}

}  // namespace larder::types
