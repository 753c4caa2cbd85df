// SavePoints, BufferLimits, Endpoint, Lines: the lists with a shape of their own.

#include "larder/base/numbers.h"
#include "larder/base/text.h"
#include "larder/config/line.h"
#include "larder/config/lists.h"

namespace larder::config {

namespace {

base::Result<std::vector<SavePoint>> parse_points(const std::vector<std::string>& arguments) {
  std::vector<SavePoint> points;
  if (has_no_words(arguments)) return points;
  const base::Error refusal{"Invalid save parameters"};
  if (arguments.size() % 2 != 0) return refusal;
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    const auto seconds = base::parse_int64(arguments[i]);
    const auto changes = base::parse_int64(arguments[i + 1]);
    if (!seconds || *seconds < 1 || !changes || *changes < 0) return refusal;
    points.push_back({*seconds, *changes});
  }
  return points;
}

}  // namespace

SavePoints::SavePoints(Group& group, const Spec& spec)
    : Directive(group, spec.name, {}, spec.traits, spec.help),
      value_(spec.fallback),
      fallback_(spec.fallback) {}

base::Result<void> SavePoints::parse(const std::vector<std::string>& arguments) {
  auto points = parse_points(arguments);
  if (!points) return points.error();
  value_ = std::move(*points);
  return {};
}

base::Result<void> SavePoints::read_line(const std::vector<std::string>& arguments) {
  auto points = parse_points(arguments);
  if (!points) return points.error();
  if (!was_read_ || points->empty()) value_.clear();
  was_read_ = true;
  value_.insert(value_.end(), points->begin(), points->end());
  return {};
}

std::vector<std::string> SavePoints::arguments() const {
  std::vector<std::string> words;
  for (const SavePoint& point : value_) {
    words.push_back(std::to_string(point.seconds));
    words.push_back(std::to_string(point.changes));
  }
  return words;
}

std::string SavePoints::print() const { return join_spaces(arguments()); }

std::vector<std::string> SavePoints::lines() const {
  if (value_.empty()) return {std::string(name()) + " \"\""};
  std::vector<std::string> written;
  for (const SavePoint& point : value_) {
    written.push_back(std::string(name()) + ' ' + std::to_string(point.seconds) + ' ' +
                      std::to_string(point.changes));
  }
  return written;
}

std::vector<std::string> SavePoints::lines_after(
    const std::vector<std::vector<std::string>>&) const {
  std::vector<std::string> written = lines();
  if (!value_.empty()) written.insert(written.begin(), std::string(name()) + " \"\"");
  return written;
}

std::string SavePoints::domain() const { return "pairs of seconds and changes, or \"\""; }

namespace {

constexpr std::string_view kClassNames[kClientClasses] = {"normal", "slave", "pubsub"};

std::optional<std::size_t> class_named(std::string_view text) {
  if (base::equals_ignoring_case(text, "replica")) return 1;
  for (std::size_t i = 0; i < kClientClasses; ++i) {
    if (base::equals_ignoring_case(text, kClassNames[i])) return i;
  }
  return std::nullopt;
}

std::string limit_text(std::size_t which, const BufferLimit& limit) {
  return std::string(kClassNames[which]) + ' ' + std::to_string(limit.hard_bytes) + ' ' +
         std::to_string(limit.soft_bytes) + ' ' + std::to_string(limit.soft_seconds);
}

}  // namespace

BufferLimits::BufferLimits(Group& group, const Spec& spec)
    : Directive(group, spec.name, {}, spec.traits, spec.help),
      value_(spec.fallback),
      fallback_(spec.fallback) {}

base::Result<void> BufferLimits::parse(const std::vector<std::string>& arguments) {
  if (has_no_words(arguments)) return {};
  if (arguments.size() % 4 != 0) {
    return base::Error{"Wrong number of arguments in buffer limit configuration."};
  }
  Table limits = value_;
  for (std::size_t i = 0; i < arguments.size(); i += 4) {
    const auto which = class_named(arguments[i]);
    if (!which) {
      return base::Error{"Invalid client class specified in buffer limit configuration."};
    }
    const auto hard = base::parse_bytes(arguments[i + 1]);
    const auto soft = base::parse_bytes(arguments[i + 2]);
    const auto seconds = base::parse_int64(arguments[i + 3]);
    if (!hard || !soft || !seconds || *seconds < 0) {
      return base::Error{
          "Error in hard, soft or soft_seconds setting in buffer limit configuration."};
    }
    limits[*which] = {*hard, *soft, *seconds};
  }
  value_ = limits;
  return {};
}

std::string BufferLimits::print() const {
  std::string text;
  for (std::size_t i = 0; i < kClientClasses; ++i) {
    if (i > 0) text += ' ';
    text += limit_text(i, value_[i]);
  }
  return text;
}

std::vector<std::string> BufferLimits::arguments() const { return split_spaces(print()); }

std::vector<std::string> BufferLimits::lines() const {
  std::vector<std::string> written;
  for (std::size_t i = 0; i < kClientClasses; ++i) {
    if (value_[i] == fallback_[i] && !is_default()) continue;
    written.push_back(std::string(name()) + ' ' + limit_text(i, value_[i]));
  }
  return written;
}

std::vector<std::string> BufferLimits::lines_after(
    const std::vector<std::vector<std::string>>&) const {
  return {std::string(name()) + ' ' + print()};
}

std::string BufferLimits::domain() const {
  return "class (normal, replica, pubsub), hard bytes, soft bytes, soft seconds";
}

Endpoint::Endpoint(Group& group, const Spec& spec)
    : Directive(group, spec.name, spec.alias, spec.traits, spec.help), refusal_(spec.refusal) {}

void Endpoint::value(std::string host, int port) {
  host_ = std::move(host);
  port_ = port;
}

base::Result<void> Endpoint::parse(const std::vector<std::string>& arguments) {
  if (arguments.size() != 2) return base::Error{"wrong number of arguments"};
  if (base::equals_ignoring_case(arguments[0], "no") &&
      base::equals_ignoring_case(arguments[1], "one")) {
    value({}, 0);
    return {};
  }
  const auto port = base::parse_int64(arguments[1]);
  if (!port || *port < 0 || *port > 65535) return base::Error{std::string(refusal_)};
  value(arguments[0], static_cast<int>(*port));
  return {};
}

std::string Endpoint::print() const {
  return is_none() ? std::string{} : host_ + ' ' + std::to_string(port_);
}

std::vector<std::string> Endpoint::arguments() const {
  if (is_none()) return {"no", "one"};
  return {host_, std::to_string(port_)};
}

std::vector<std::string> Endpoint::lines() const {
  if (is_none()) return {};
  return {std::string(name()) + ' ' + word(host_) + ' ' + std::to_string(port_)};
}

std::vector<std::string> Endpoint::lines_after(const std::vector<std::vector<std::string>>&) const {
  return {std::string(name()) + ' ' + join_line(arguments())};
}

Lines::Lines(Group& group, const Spec& spec)
    : Directive(group, spec.name, {}, spec.traits | kFileOnly | kRepeatable, spec.help),
      least_words_(spec.least_words),
      most_words_(spec.most_words),
      form_(spec.form),
      check_(spec.check) {}

base::Result<void> Lines::parse(const std::vector<std::string>& arguments) {
  if (arguments.size() < least_words_ || arguments.size() > most_words_) {
    return base::Error{"Bad directive or wrong number of arguments"};
  }
  if (check_ != nullptr) {
    if (auto fit = check_(value_, arguments); !fit) return fit;
  }
  value_.push_back(arguments);
  return {};
}

std::string Lines::print() const {
  std::vector<std::string> written;
  for (const Line& line : value_) written.push_back(join_line(line));
  return join_spaces(written);
}

std::vector<std::string> Lines::lines_after(const std::vector<Line>& inherited) const {
  return present_ ? present_(inherited) : lines();
}

std::vector<std::string> Lines::lines() const {
  if (present_) return present_({});
  std::vector<std::string> written;
  for (const Line& line : value_) {
    written.push_back(std::string(name()) + ' ' + join_line(line));
  }
  return written;
}

}  // namespace larder::config
