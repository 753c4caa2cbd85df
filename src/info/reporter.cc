#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "field_order.h"
#include "larder/base/text.h"
#include "larder/info/info.h"

namespace larder::info {

namespace {

// When a section is printed without being named.
enum class Shown { by_default, with_all, by_name_only };

struct Section {
  std::string_view name;
  std::string_view head;
  Shown shown;
};

// In the order of Redis 7.2.
constexpr Section kSections[] = {
    {"server", "Server", Shown::by_default},
    {"clients", "Clients", Shown::by_default},
    {"memory", "Memory", Shown::by_default},
    {"persistence", "Persistence", Shown::by_default},
    {"stats", "Stats", Shown::by_default},
    {"replication", "Replication", Shown::by_default},
    {"cpu", "CPU", Shown::by_default},
    {"modules", "Modules", Shown::by_default},
    {"commandstats", "Commandstats", Shown::with_all},
    {"errorstats", "Errorstats", Shown::by_default},
    {"latencystats", "Latencystats", Shown::with_all},
    {"cluster", "Cluster", Shown::by_default},
    {"keyspace", "Keyspace", Shown::by_default},
    {"debug", "Debug", Shown::by_name_only},
};

bool names_section(std::string_view asked, const Section& section) {
  if (base::equals_ignoring_case(asked, section.name)) return true;
  return section.name == "modules" && base::equals_ignoring_case(asked, "module_list");
}

bool is_wanted(const Section& section, std::span<const std::string_view> asked) {
  if (asked.empty()) return section.shown == Shown::by_default;
  return std::any_of(asked.begin(), asked.end(), [&section](std::string_view name) {
    if (names_section(name, section)) return true;
    if (base::equals_ignoring_case(name, "default")) return section.shown == Shown::by_default;
    const bool all =
        base::equals_ignoring_case(name, "all") || base::equals_ignoring_case(name, "everything");
    return all && section.shown != Shown::by_name_only;
  });
}

void print_line(const Field& field, std::string& out) {
  if (!field.name().empty()) {
    out += field.name();
    out += ':';
  }
  field.print(out);
  if (!field.name().empty()) out += "\r\n";
}

using RankedField = std::pair<std::size_t, const Field*>;

std::vector<RankedField> fields_of(const std::vector<Group*>& groups, std::string_view section) {
  std::vector<RankedField> fields;
  for (const Group* group : groups) {
    for (const Field* field : group->fields()) {
      if (field->section() == section && field->is_shown()) {
        fields.emplace_back(field_rank(section, field->name()), field);
      }
    }
  }
  std::stable_sort(fields.begin(), fields.end(),
                   [](const RankedField& a, const RankedField& b) { return a.first < b.first; });
  return fields;
}

bool has_section(const Group& group, std::string_view section) {
  return std::any_of(group.fields().begin(), group.fields().end(),
                     [section](const Field* field) { return field->section() == section; });
}

}  // namespace

std::string Reporter::render(const std::vector<std::string_view>& asked) {
  std::vector<Section> wanted;
  for (const Section& section : kSections) {
    if (is_wanted(section, asked)) wanted.push_back(section);
  }
  for (Group* group : groups_) {
    const bool printed = std::any_of(wanted.begin(), wanted.end(), [group](const Section& s) {
      return has_section(*group, s.name);
    });
    if (printed) group->refresh();
  }
  std::string out;
  for (const Section& section : wanted) {
    if (!out.empty()) out += "\r\n";
    out.append("# ").append(section.head).append("\r\n");
    for (const auto& [rank, field] : fields_of(groups_, section.name)) print_line(*field, out);
  }
  return out;
}

std::string Reporter::value(std::string_view name) {
  for (Group* group : groups_) {
    for (const Field* field : group->fields()) {
      if (field->name() != name) continue;
      group->refresh();
      if (!field->is_shown()) return {};
      std::string out;
      field->print(out);
      return out;
    }
  }
  return {};
}

void Reporter::visit(Visitor& visitor) {
  for (Group* group : groups_) group->refresh();
  for (const Section& section : kSections) {
    for (const auto& [rank, field] : fields_of(groups_, section.name)) field->accept(visitor);
  }
  for (const auto& [rank, field] : fields_of(groups_, {})) field->accept(visitor);
}

void Reporter::reset() {
  for (Group* group : groups_) group->reset();
}

}  // namespace larder::info
