#include <algorithm>

#include "larder/info/info.h"

namespace larder::info {

Group::Group(Reporter& reporter) : reporter_(reporter) { reporter_.groups_.push_back(this); }

Group::~Group() {
  auto& groups = reporter_.groups_;
  groups.erase(std::remove(groups.begin(), groups.end(), this), groups.end());
}

void Group::reset() {
  for (Field* field : fields_) {
    if (field->section() == "stats") field->reset();
  }
}

Field::Field(Group& group, std::string_view section, std::string_view name, const Metric& metric)
    : section_(section), name_(name), metric_(metric) {
  group.fields_.push_back(this);
}

Family::Family(Group& group, std::string_view name, std::string_view label,
               const std::vector<std::string_view>& names, const Metric& metric)
    : Field(group, {}, name, metric), label_(label) {
  figures_.reserve(names.size());
  for (const std::string_view one : names) figures_.emplace_back(one, 0);
}

void Counter::print(std::string& out) const { out += std::to_string(value_); }
void Gauge::print(std::string& out) const { out += std::to_string(value_); }

void Counter::accept(Visitor& visitor) const { visitor.counter(*this, value_); }
void Gauge::accept(Visitor& visitor) const { visitor.gauge(*this, value_); }
void Text::accept(Visitor& visitor) const { visitor.text(*this, value_); }
void Lines::accept(Visitor& visitor) const { visitor.lines(*this, value_); }
void Family::accept(Visitor& visitor) const { visitor.family(*this); }

}  // namespace larder::info
