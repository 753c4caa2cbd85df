#include "larder/types/listpack.h"

#include <algorithm>

#include "larder/base/assert.h"

namespace larder::types {
namespace {

constexpr std::size_t kMostHead = 9;  // kind byte and a 64-bit integer
constexpr std::size_t kMostBackLength = 5;

// What the kind byte says: how many bytes of head stand in front of a string's bytes, how
// many an integer takes altogether.
struct Head {
  std::size_t head = 0;  // 0: no kind that exists
  std::size_t text = 0;  // bytes of a string
  bool is_text = false;
};

std::uint32_t read_le(const std::uint8_t* bytes, std::size_t count) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes, count);
  return value;
}

// Reads at most 5 bytes from `at`.
Head head_of(const std::uint8_t* at) {
  const std::uint8_t kind = at[0];
  if (kind < 0x80) return {1};
  if (kind < 0xc0) return {1, static_cast<std::size_t>(kind & 0x3f), true};
  if (kind < 0xe0) return {2};
  if (kind < 0xf0) return {2, (static_cast<std::size_t>(kind & 0x0f) << 8) | at[1], true};
  switch (kind) {
    case 0xf0:
      return {5, read_le(at + 1, 4), true};
    case 0xf1:
      return {3};
    case 0xf2:
      return {4};
    case 0xf3:
      return {5};
    case 0xf4:
      return {9};
    default:
      return {};
  }
}

// How many bytes of head head_of() looks at.
std::size_t head_needs(std::uint8_t kind) {
  if (kind == 0xf0) return 5;
  return (kind & 0xf0) == 0xe0 ? 2 : 1;
}

std::int64_t integer_at(const std::uint8_t* at) {
  const std::uint8_t kind = at[0];
  if (kind < 0x80) return kind;
  if (kind < 0xe0) {
    const std::uint32_t bits = (static_cast<std::uint32_t>(kind & 0x1f) << 8) | at[1];
    return static_cast<std::int32_t>(bits << 19) >> 19;
  }
  if (kind == 0xf1) return static_cast<std::int16_t>(read_le(at + 1, 2));
  if (kind == 0xf2) return static_cast<std::int32_t>(read_le(at + 1, 3) << 8) >> 8;
  if (kind == 0xf3) return static_cast<std::int32_t>(read_le(at + 1, 4));
  std::int64_t value;
  std::memcpy(&value, at + 1, sizeof value);
  return value;
}

std::size_t back_length_bytes(std::size_t length) {
  if (length <= 127) return 1;
  if (length < 16383) return 2;
  if (length < 2097151) return 3;
  if (length < 268435455) return 4;
  return 5;
}

// Seven bits a byte, the highest first; all but the first carry the top bit, so that it can
// be read backwards.
void print_back_length(std::uint8_t* out, std::size_t length) {
  const std::size_t bytes = back_length_bytes(length);
  for (std::size_t i = bytes; i-- > 0; length >>= 7) {
    out[i] = static_cast<std::uint8_t>((length & 0x7f) | (i == 0 ? 0 : 0x80));
  }
}

// Reads backwards from `last`, not before `stop`; nothing sensible when it does not end there.
std::size_t read_back_length(const std::uint8_t* last, const std::uint8_t* stop) {
  std::size_t length = 0;
  for (unsigned shift = 0; shift < 7 * kMostBackLength; shift += 7, --last) {
    length |= static_cast<std::size_t>(*last & 0x7f) << shift;
    if ((*last & 0x80) == 0 || last == stop) break;
  }
  return length;
}

}  // namespace

struct Listpack::Encoded {
  std::uint8_t head[kMostHead];
  std::size_t head_bytes = 0;
  std::string_view text;

  std::size_t content() const { return head_bytes + text.size(); }
  std::size_t bytes() const { return content() + back_length_bytes(content()); }
};

Listpack::Encoded Listpack::encode(std::int64_t number) {
  Encoded result{};
  const auto bits = static_cast<std::uint64_t>(number);
  const auto wide = [&](std::uint8_t kind, std::size_t bytes) {
    result.head[0] = kind;
    std::memcpy(result.head + 1, &bits, bytes);
    result.head_bytes = 1 + bytes;
  };
  if (number >= 0 && number <= 127) {
    result.head[0] = static_cast<std::uint8_t>(number);
    result.head_bytes = 1;
  } else if (number >= -4096 && number <= 4095) {
    result.head[0] = static_cast<std::uint8_t>(0xc0 | ((bits >> 8) & 0x1f));
    result.head[1] = static_cast<std::uint8_t>(bits);
    result.head_bytes = 2;
  } else if (number >= INT16_MIN && number <= INT16_MAX) {
    wide(0xf1, 2);
  } else if (number >= -(1 << 23) && number < (1 << 23)) {
    wide(0xf2, 3);
  } else if (number >= INT32_MIN && number <= INT32_MAX) {
    wide(0xf3, 4);
  } else {
    wide(0xf4, 8);
  }
  return result;
}

Listpack::Encoded Listpack::encode(std::string_view text) {
  if (const auto number = as_stored_integer(text)) return encode(*number);
  Encoded result{};
  result.text = text;
  const std::size_t size = text.size();
  if (size < 64) {
    result.head[0] = static_cast<std::uint8_t>(0x80 | size);
    result.head_bytes = 1;
  } else if (size < 4096) {
    result.head[0] = static_cast<std::uint8_t>(0xe0 | (size >> 8));
    result.head[1] = static_cast<std::uint8_t>(size);
    result.head_bytes = 2;
  } else {
    LARDER_ASSERT(size < kMostBytes);
    const auto wide = static_cast<std::uint32_t>(size);
    result.head[0] = 0xf0;
    std::memcpy(result.head + 1, &wide, sizeof wide);
    result.head_bytes = 5;
  }
  return result;
}

std::size_t Listpack::cost(std::string_view text) { return encode(text).bytes(); }
std::size_t Listpack::cost(std::int64_t number) { return encode(number).bytes(); }

std::uint8_t* Listpack::print(std::uint8_t* out, const Encoded& element) {
  std::memcpy(out, element.head, element.head_bytes);
  if (!element.text.empty()) {
    std::memcpy(out + element.head_bytes, element.text.data(), element.text.size());
  }
  print_back_length(out + element.content(), element.content());
  return out + element.bytes();
}

std::uint8_t* Listpack::print(std::uint8_t* out, std::string_view text) {
  return print(out, encode(text));
}

std::uint8_t* Listpack::print(std::uint8_t* out, std::int64_t number) {
  return print(out, encode(number));
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
  if (raw.size() <= kHeaderBytes || raw.size() > Listpack::kMostBytes) return false;
  const ListpackView pack(reinterpret_cast<const std::uint8_t*>(raw.data()));
  if (pack.bytes() != raw.size() || pack.bytes_[raw.size() - 1] != kEndMark) return false;
  const std::size_t end = raw.size() - 1;
  std::size_t elements = 0;
  std::size_t at = kHeaderBytes;
  for (; at < end; ++elements) {
    if (end - at < head_needs(pack.bytes_[at])) return false;
    const Head head = head_of(pack.bytes_ + at);
    const std::size_t content = head.head + head.text;
    if (head.head == 0 || content + back_length_bytes(content) > end - at) return false;
    std::uint8_t back[kMostBackLength];
    print_back_length(back, content);
    if (std::memcmp(back, pack.bytes_ + at + content, back_length_bytes(content)) != 0) {
      return false;
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
  void* block = memory::allocate(owner, raw.size());
  std::memcpy(block, raw.data(), raw.size());
  return Listpack(block);
}

void Listpack::destroy(memory::Owner owner) noexcept { memory::release(owner, block(), bytes()); }

void Listpack::resize(memory::Owner owner, std::size_t total) {
  LARDER_ASSERT(total <= kMostBytes);
  const std::size_t held = footprint();
  if (memory::size_class(total) != held) {
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

// Puts the element in place of `old_bytes` bytes that stand there.
Listpack::Place Listpack::put(memory::Owner owner, Place place, std::size_t old_bytes,
                              const Encoded& element) {
  const std::size_t before = bytes();
  const std::size_t at = place == kEnd ? before - 1 : place;
  const std::size_t fresh = element.bytes();
  const std::size_t tail = before - at - old_bytes;
  if (fresh > old_bytes) resize(owner, before + fresh - old_bytes);
  std::memmove(data() + at + fresh, data() + at + old_bytes, tail);
  if (fresh < old_bytes) resize(owner, before + fresh - old_bytes);
  print(data() + at, element);
  return static_cast<Place>(at);
}

Listpack::Place Listpack::insert(memory::Owner owner, Place before, std::string_view text) {
  const Place place = put(owner, before, 0, encode(text));
  count(1);
  return place;
}

Listpack::Place Listpack::insert(memory::Owner owner, Place before, std::int64_t number) {
  const Place place = put(owner, before, 0, encode(number));
  count(1);
  return place;
}

Listpack::Place Listpack::replace(memory::Owner owner, Place place, std::string_view text) {
  return put(owner, place, element_bytes(place), encode(text));
}

Listpack::Place Listpack::replace(memory::Owner owner, Place place, std::int64_t number) {
  return put(owner, place, element_bytes(place), encode(number));
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
  // The end mark has moved already, so a count can be made good.
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
