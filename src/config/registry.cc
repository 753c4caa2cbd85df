#include "larder/config/registry.h"

#include <algorithm>
#include <set>

#include "larder/base/assert.h"
#include "larder/base/glob.h"
#include "larder/base/text.h"
#include "larder/config/line.h"

namespace larder::config {

Registry::Registry(std::string_view product) : product_(product) {}

void Registry::add(Group& group) { groups_.push_back(&group); }

void Registry::add(Directive& directive) {
  entries_.push_back({&directive, &directive.group()});
  const bool is_new = names_.emplace(base::lowered(directive.name()), &directive).second;
  LARDER_ASSERT(is_new);
  if (directive.alias().empty()) return;
  const bool is_new_alias = names_.emplace(base::lowered(directive.alias()), &directive).second;
  LARDER_ASSERT(is_new_alias);
}

// The group's members are destroyed already: only their addresses may be used.
void Registry::remove(Group& group) {
  std::set<const Directive*> gone;
  for (const Entry& entry : entries_) {
    if (entry.group == &group) gone.insert(entry.directive);
  }
  for (auto name = names_.begin(); name != names_.end();) {
    name = gone.count(name->second) != 0 ? names_.erase(name) : std::next(name);
  }
  for (const Directive* directive : gone) origins_.erase(directive);
  entries_.erase(std::remove_if(entries_.begin(), entries_.end(),
                                [&](const Entry& entry) { return entry.group == &group; }),
                 entries_.end());
  groups_.erase(std::remove(groups_.begin(), groups_.end(), &group), groups_.end());
}

Directive* Registry::find(std::string_view name) const {
  const auto found = names_.find(base::lowered(name));
  return found == names_.end() ? nullptr : found->second;
}

std::vector<Directive*> Registry::directives() const {
  std::vector<Directive*> all;
  for (const Entry& entry : entries_) all.push_back(entry.directive);
  return all;
}

std::vector<const Directive*> Registry::set_without_effect() const {
  std::vector<const Directive*> found;
  for (const Entry& entry : entries_) {
    if (entry.directive->is_set_without_effect()) found.push_back(entry.directive);
  }
  return found;
}

namespace {

// The directives that CONFIG GET has found so far, each name once in any letter case.
class FoundDirectives {
 public:
  void add(std::string_view name, const Directive& directive) {
    if (!names_.insert(base::lowered(name)).second) return;
    pairs_.emplace_back(std::string(name), directive.print());
  }
  void add_if_matched(const std::string& pattern, std::string_view name,
                      const Directive& directive) {
    if (!name.empty() && base::match_glob(pattern, name, base::Case::ignored)) {
      add(name, directive);
    }
  }
  std::vector<std::pair<std::string, std::string>> take() { return std::move(pairs_); }

 private:
  std::set<std::string> names_;
  std::vector<std::pair<std::string, std::string>> pairs_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> Registry::get(
    const std::vector<std::string>& patterns) const {
  FoundDirectives answer;
  for (const std::string& pattern : patterns) {
    if (pattern.find_first_of("*?[") == std::string::npos) {
      const Directive* directive = find(pattern);
      if (directive != nullptr && !directive->has(kFileOnly)) answer.add(pattern, *directive);
      continue;
    }
    for (const Entry& entry : entries_) {
      const Directive& directive = *entry.directive;
      if (directive.has(kHidden) || directive.has(kFileOnly)) continue;
      answer.add_if_matched(pattern, directive.name(), directive);
      answer.add_if_matched(pattern, directive.alias(), directive);
    }
  }
  return answer.take();
}

}  // namespace larder::config
