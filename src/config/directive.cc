// Group, what all directives share, and those with a single word as their value.

#include "larder/base/text.h"
#include "larder/config/config.h"
#include "larder/config/line.h"
#include "larder/config/registry.h"

namespace larder::config {

Group::Group(Registry& registry, std::string_view title) : registry_(registry), title_(title) {
  registry_.add(*this);
}

Group::~Group() { registry_.remove(*this); }

Directive::Directive(Group& group, std::string_view name, std::string_view alias,
                     std::uint32_t traits, std::string_view help)
    : group_(group), name_(name), alias_(alias), help_(help), traits_(traits) {
  group_.registry().add(*this);
}

Directive::~Directive() = default;

base::Result<void> Directive::read_line(const std::vector<std::string>& arguments) {
  return parse(arguments);
}

std::vector<std::string> Directive::arguments() const { return {print()}; }

std::vector<std::string> Directive::lines() const { return {std::string(name_) + ' ' + print()}; }

std::vector<std::string> Directive::lines_after(
    const std::vector<std::vector<std::string>>&) const {
  return lines();
}

namespace {

std::string one_of(const std::vector<std::string_view>& words, std::string_view separator) {
  std::string text;
  for (const std::string_view each : words) {
    if (!text.empty()) text += separator;
    text += each;
  }
  return text;
}

}  // namespace

Toggle::Toggle(Group& group, const Spec& spec)
    : Directive(group, spec.name, spec.alias, spec.traits, spec.help),
      value_(spec.fallback),
      fallback_(spec.fallback) {}

base::Result<void> Toggle::parse(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) return base::Error{"wrong number of arguments"};
  const bool yes = base::equals_ignoring_case(arguments[0], "yes");
  if (!yes && !base::equals_ignoring_case(arguments[0], "no")) {
    return base::Error{"argument must be 'yes' or 'no'"};
  }
  value_ = yes;
  return {};
}

std::string Toggle::print() const { return value_ ? "yes" : "no"; }

std::string Toggle::domain() const { return "yes or no"; }

Choice::Choice(Group& group, const Spec& spec)
    : Directive(group, spec.name, spec.alias, spec.traits, spec.help),
      value_(spec.fallback),
      fallback_(spec.fallback),
      words_(spec.words) {}

base::Result<void> Choice::parse(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) return base::Error{"wrong number of arguments"};
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (!base::equals_ignoring_case(arguments[0], words_[i])) continue;
    value_ = static_cast<int>(i);
    return {};
  }
  return base::Error{"argument(s) must be one of the following: " + one_of(words_, ", ")};
}

std::string Choice::print() const { return std::string(words_[static_cast<std::size_t>(value_)]); }

std::string Choice::domain() const { return one_of(words_, ", "); }

Text::Text(Group& group, const Spec& spec)
    : Directive(group, spec.name, spec.alias, spec.traits, spec.help),
      value_(spec.fallback),
      fallback_(spec.fallback),
      check_(spec.check) {}

base::Result<void> Text::parse(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) return base::Error{"wrong number of arguments"};
  if (check_) {
    if (auto fit = check_(arguments[0]); !fit) return fit;
  }
  value_ = arguments[0];
  return {};
}

std::string Text::print() const { return value_; }

std::vector<std::string> Text::lines() const {
  return {std::string(name()) + ' ' + base::quoted(value_)};
}

}  // namespace larder::config
