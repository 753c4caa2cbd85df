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

Field::Field(Group& group, std::string_view section, std::string_view name)
    : section_(section), name_(name) {
  group.fields_.push_back(this);
}

void Counter::print(std::string& out) const { out += std::to_string(value_); }
void Gauge::print(std::string& out) const { out += std::to_string(value_); }

}  // namespace larder::info
