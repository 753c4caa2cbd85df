// Integer, Bytes and Limit.

#include "larder/base/numbers.h"

#include <climits>

#include "larder/base/format.h"
#include "larder/base/text.h"
#include "larder/config/config.h"

namespace larder::config {

namespace {

std::string octal(std::int64_t value) {
  return base::printed("%llo", static_cast<unsigned long long>(value));
}

std::string in_radix(std::int64_t value, Radix radix) {
  return radix == Radix::octal ? octal(value) : std::to_string(value);
}

base::Error out_of_range(Range range, Radix radix) {
  return {"argument must be between " + in_radix(range.least, radix) + " and " +
          in_radix(range.most, radix) + " inclusive"};
}

std::optional<std::int64_t> parse_octal(std::string_view text) {
  if (text.empty() || text.size() > 20) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '7') return std::nullopt;
    value = value * 8 + (c - '0');
  }
  return value;
}

std::string with_unit(std::int64_t bytes) {
  constexpr std::int64_t kUnit = 1024;
  constexpr std::string_view kNames[] = {"gb", "mb", "kb"};
  std::int64_t size = kUnit * kUnit * kUnit;
  for (const std::string_view name : kNames) {
    if (bytes != 0 && bytes % size == 0) return std::to_string(bytes / size).append(name);
    size /= kUnit;
  }
  return std::to_string(bytes);
}

constexpr std::string_view kAuto = "auto";

constexpr std::int64_t kUnlimited = INT64_MAX;

std::string between(const std::string& least, std::int64_t most, const std::string& most_text) {
  if (most == kUnlimited || most == INT32_MAX) return least + " or more";
  return least + " to " + most_text;
}

}  // namespace

Integer::Integer(Group& group, const Spec& spec)
    : Directive(group, spec.name, spec.alias, spec.traits, spec.help),
      value_(spec.fallback),
      fallback_(spec.fallback),
      range_(spec.range),
      radix_(spec.radix) {}

base::Result<void> Integer::parse(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) return base::Error{"wrong number of arguments"};
  const bool is_octal = radix_ == Radix::octal;
  const auto number = is_octal ? parse_octal(arguments[0]) : base::parse_int64(arguments[0]);
  if (!number) {
    return base::Error{is_octal ? "argument couldn't be parsed as an octal number"
                                : "argument couldn't be parsed into an integer"};
  }
  if (*number < range_.least || *number > range_.most) return out_of_range(range_, radix_);
  value_ = *number;
  return {};
}

std::string Integer::print() const { return in_radix(value_, radix_); }

std::string Integer::domain() const {
  if (range_.least == INT32_MIN && range_.most == INT32_MAX) return "any integer";
  const std::string text =
      between(in_radix(range_.least, radix_), range_.most, in_radix(range_.most, radix_));
  return radix_ == Radix::octal ? text + ", octal" : text;
}

Bytes::Bytes(Group& group, const Spec& spec)
    : Directive(group, spec.name, spec.alias, spec.traits, spec.help),
      value_(spec.fallback),
      fallback_(spec.fallback),
      range_(spec.range),
      percent_(spec.percent) {}

base::Result<void> Bytes::parse(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) return base::Error{"wrong number of arguments"};
  std::string_view text = arguments[0];
  if (percent_ && !text.empty() && text.back() == '%') {
    text.remove_suffix(1);
    const auto share = base::parse_int64(text);
    if (!share || *share < 0) return base::Error{"argument must be a memory or percent value"};
    if (*share > 100) return base::Error{"percentage argument must be less or equal to 100"};
    value_ = -*share;
    return {};
  }
  const auto bytes = base::parse_bytes(text);
  if (!bytes) {
    return base::Error{percent_ ? "argument must be a memory or percent value"
                                : "argument must be a memory value"};
  }
  if (*bytes > static_cast<std::uint64_t>(range_.most) ||
      static_cast<std::int64_t>(*bytes) < range_.least) {
    return out_of_range(range_, Radix::decimal);
  }
  value_ = static_cast<std::int64_t>(*bytes);
  return {};
}

std::string Bytes::print() const {
  return value_ < 0 ? std::to_string(-value_) + "%" : std::to_string(value_);
}

std::vector<std::string> Bytes::lines() const {
  return {std::string(name()) + ' ' + (value_ < 0 ? print() : with_unit(value_))};
}

std::string Bytes::domain() const {
  const std::string text =
      "bytes, " + between(with_unit(range_.least), range_.most, with_unit(range_.most));
  return percent_ ? text + ", or 0% to 100%" : text;
}

Limit::Limit(Group& group, const Spec& spec) : Directive(group, spec.name, {}, kPlain, spec.help) {}

void Limit::value(std::int64_t bytes) {
  form_ = Form::bytes;
  value_ = bytes;
}

void Limit::form(Form form, std::int64_t percent) {
  form_ = form;
  percent_ = percent;
  value_ = resolved_;
}

void Limit::resolve(std::int64_t bytes) {
  resolved_ = bytes;
  if (form_ != Form::bytes) value_ = bytes;
}

base::Result<void> Limit::parse(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) return base::Error{"wrong number of arguments"};
  std::string_view text = arguments[0];
  if (base::equals_ignoring_case(text, kAuto)) {
    form(Form::automatic, 0);
    return {};
  }
  if (text.ends_with('%')) {
    text.remove_suffix(1);
    const auto share = base::parse_int64(text);
    if (!share || *share < 1 || *share > 100) {
      return base::Error{"percentage argument must be between 1% and 100%"};
    }
    form(Form::percent, *share);
    return {};
  }
  const auto bytes = base::parse_bytes(text);
  if (!bytes) return base::Error{"argument must be a memory value"};
  if (*bytes > INT64_MAX) return out_of_range({0, INT64_MAX}, Radix::decimal);
  value(static_cast<std::int64_t>(*bytes));
  return {};
}

std::vector<std::string> Limit::arguments() const {
  if (form_ == Form::automatic) return {std::string(kAuto)};
  if (form_ == Form::percent) return {std::to_string(percent_) + "%"};
  return {with_unit(value_)};
}

std::string Limit::print() const { return std::to_string(value_); }

std::vector<std::string> Limit::lines() const {
  return {std::string(name()) + ' ' + arguments().front()};
}

std::string Limit::domain() const { return "bytes, 0 or more; 1% to 100%; or auto"; }

}  // namespace larder::config
