// Flags, Letters, Words, Numbers, Percentiles.

#include "larder/config/lists.h"

#include "larder/base/format.h"
#include "larder/base/numbers.h"
#include "larder/base/text.h"
#include "larder/config/line.h"

namespace larder::config {

namespace {

std::string line_of(std::string_view name, const std::string& value) {
  return std::string(name) + ' ' + (value.empty() ? "\"\"" : value);
}

}  // namespace

Flags::Flags(Group& group, const Spec& spec)
    : Directive(group, spec.name, {}, spec.traits, spec.help),
      value_(spec.fallback),
      fallback_(spec.fallback),
      words_(spec.words),
      check_(spec.check) {}

const Flags::Word* Flags::find(std::string_view text) const {
  for (const Word& each : words_) {
    if (base::equals_ignoring_case(text, each.text)) return &each;
  }
  return nullptr;
}

base::Result<void> Flags::parse(const std::vector<std::string>& arguments) {
  const base::Error refusal{"argument(s) must be one of the following: " + domain()};
  if (arguments.empty()) return refusal;
  std::uint32_t bits = 0;
  for (const std::string& argument : arguments) {
    const Word* found = find(argument);
    if (found == nullptr) return refusal;
    bits |= found->bit;
  }
  if (check_ != nullptr) {
    if (auto fit = check_(bits); !fit) return fit;
  }
  value_ = bits;
  return {};
}

std::vector<std::string> Flags::arguments() const { return split_spaces(print()); }

std::string Flags::print() const {
  std::vector<std::string> found;
  for (const Word& each : words_) {
    const bool holds = each.bit == 0 ? value_ == 0 : (value_ & each.bit) == each.bit;
    if (holds) found.emplace_back(each.text);
  }
  return join_spaces(found);
}

std::string Flags::domain() const {
  std::string text;
  for (const Word& each : words_) {
    if (!text.empty()) text += ", ";
    text += each.text;
  }
  return text;
}

Letters::Letters(Group& group, const Spec& spec)
    : Directive(group, spec.name, {}, spec.traits, spec.help),
      letters_(spec.letters),
      refusal_(spec.refusal) {}

base::Result<void> Letters::parse(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) return base::Error{"wrong number of arguments"};
  std::uint32_t bits = 0;
  for (const char c : arguments[0]) {
    const Letter* found = nullptr;
    for (const Letter& each : letters_) {
      if (each.letter == c) found = &each;
    }
    if (found == nullptr) return base::Error{std::string(refusal_)};
    bits |= found->bits;
  }
  value_ = bits;
  return {};
}

std::string Letters::print() const {
  std::string text;
  std::uint32_t shown = 0;
  for (const Letter& each : letters_) {
    if ((value_ & each.bits) != each.bits || (each.bits & ~shown) == 0) continue;
    text += each.letter;
    shown |= each.bits;
  }
  return text;
}

std::vector<std::string> Letters::lines() const {
  return {std::string(name()) + ' ' + base::quoted(print())};
}

std::string Letters::domain() const {
  std::string text = "letters out of ";
  for (const Letter& each : letters_) text += each.letter;
  return text;
}

Words::Words(Group& group, const Spec& spec)
    : Directive(group, spec.name, {}, spec.traits, spec.help),
      value_(spec.fallback.begin(), spec.fallback.end()),
      fallback_(value_),
      most_(spec.most),
      refusal_(spec.refusal) {}

base::Result<void> Words::parse(const std::vector<std::string>& arguments) {
  if (arguments.size() > most_) return base::Error{std::string(refusal_)};
  value_ = has_no_words(arguments) ? std::vector<std::string>{} : arguments;
  return {};
}

std::string Words::print() const { return join_spaces(value_); }

std::vector<std::string> Words::lines() const { return {line_of(name(), join_line(value_))}; }

std::string Words::domain() const { return "up to " + std::to_string(most_) + " words"; }

Numbers::Numbers(Group& group, const Spec& spec)
    : Directive(group, spec.name, {}, spec.traits, spec.help),
      value_(spec.fallback),
      fallback_(spec.fallback),
      range_(spec.range),
      refusal_(spec.refusal) {}

base::Result<void> Numbers::parse(const std::vector<std::string>& arguments) {
  if (arguments.size() != fallback_.size()) return base::Error{"wrong number of arguments"};
  std::vector<std::int64_t> numbers;
  for (const std::string& argument : arguments) {
    const auto number = base::parse_int64(argument);
    if (!number || *number < range_.least || *number > range_.most) {
      return base::Error{std::string(refusal_)};
    }
    numbers.push_back(*number);
  }
  value_ = std::move(numbers);
  return {};
}

std::vector<std::string> Numbers::arguments() const {
  std::vector<std::string> words;
  for (const std::int64_t number : value_) words.push_back(std::to_string(number));
  return words;
}

std::string Numbers::print() const { return join_spaces(arguments()); }

std::string Numbers::domain() const {
  return std::to_string(fallback_.size()) + " integers, " + std::to_string(range_.least) + " to " +
         std::to_string(range_.most);
}

Percentiles::Percentiles(Group& group, const Spec& spec)
    : Directive(group, spec.name, {}, spec.traits, spec.help),
      value_(spec.fallback),
      fallback_(spec.fallback) {}

base::Result<void> Percentiles::parse(const std::vector<std::string>& arguments) {
  std::vector<double> shares;
  if (!has_no_words(arguments)) {
    for (const std::string& argument : arguments) {
      const auto share = base::parse_double(argument);
      if (!share) return base::Error{"Invalid " + std::string(name()) + " parameters"};
      if (*share < 0.0 || *share > 100.0) {
        return base::Error{std::string(name()) + " parameters should sit between [0.0,100.0]"};
      }
      shares.push_back(*share);
    }
  }
  value_ = std::move(shares);
  return {};
}

std::string Percentiles::print() const {
  std::vector<std::string> shown;
  for (const double share : value_) {
    std::string trimmed = base::printed("%.6f", share);
    trimmed.erase(trimmed.find_last_not_of('0') + 1);
    if (trimmed.back() == '.') trimmed.pop_back();
    shown.push_back(std::move(trimmed));
  }
  return join_spaces(shown);
}

std::vector<std::string> Percentiles::arguments() const {
  std::vector<std::string> words;
  for (const double share : value_) {
    words.push_back(base::printed("%.17g", share));
  }
  return words;
}

std::vector<std::string> Percentiles::lines() const { return {line_of(name(), print())}; }

std::string Percentiles::domain() const { return "any number of percentages, 0.0 to 100.0"; }

}  // namespace larder::config
