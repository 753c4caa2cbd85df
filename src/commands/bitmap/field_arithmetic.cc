#include "field_arithmetic.h"

#include "larder/base/numbers.h"

namespace larder::commands {
namespace {

// Wide enough for every sum of a field and an amount.
__extension__ using Sum = __int128;

constexpr Sum lowest(FieldType type) { return type.is_signed ? -(Sum{1} << (type.width - 1)) : 0; }
constexpr Sum highest(FieldType type) {
  return (Sum{1} << (type.is_signed ? type.width - 1 : type.width)) - 1;
}

std::optional<std::int64_t> fit(FieldType type, Sum sum, Overflow overflow) {
  const bool too_low = sum < lowest(type);
  const bool too_high = sum > highest(type);
  if (!too_low && !too_high) return static_cast<std::int64_t>(sum);
  switch (overflow) {
    case Overflow::wrap:
      return type.decode(static_cast<std::uint64_t>(sum));
    case Overflow::saturate:
      return static_cast<std::int64_t>(too_low ? lowest(type) : highest(type));
    case Overflow::fail:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<FieldType> FieldType::parse(std::string_view text) {
  if (text.empty() || (text[0] != 'i' && text[0] != 'u')) return std::nullopt;
  const FieldType type{.is_signed = text[0] == 'i'};
  const auto width = base::parse_int64(text.substr(1));
  if (!width || *width < 1 || *width > (type.is_signed ? 64 : 63)) return std::nullopt;
  return FieldType{type.is_signed, static_cast<unsigned>(*width)};
}

std::int64_t FieldType::decode(std::uint64_t bits) const {
  const unsigned unused = 64 - width;
  if (is_signed) return static_cast<std::int64_t>(bits << unused) >> unused;
  return static_cast<std::int64_t>((bits << unused) >> unused);
}

std::optional<std::int64_t> add_to_field(FieldType type, std::int64_t value, std::int64_t amount,
                                         Overflow overflow) {
  return fit(type, Sum{value} + amount, overflow);
}

std::optional<std::int64_t> fit_field(FieldType type, std::int64_t number, Overflow overflow) {
  const Sum sum = type.is_signed ? Sum{number} : Sum{static_cast<std::uint64_t>(number)};
  return fit(type, sum, overflow);
}

}  // namespace larder::commands
