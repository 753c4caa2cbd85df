// CONFIG SET: checks every pair, parses every value, then calls the watchers; if anything fails,
// all old values are restored.

#include <set>

#include "larder/base/text.h"
#include "larder/config/line.h"
#include "larder/config/registry.h"

namespace larder::config {

namespace {

using Pair = std::pair<std::string, std::string>;

base::Error refusal(const std::string& name, const std::string& reason) {
  std::string text = "ERR CONFIG SET failed (possibly related to argument '" + name + "')";
  if (!reason.empty()) text += " - " + reason;
  return {std::move(text)};
}

base::Result<void> admit(const Directive& directive, const Pair& pair,
                         const SetConditions& conditions) {
  const std::string& name = pair.first;
  // Setting a file's current name again reloads the file; this needs no enable-protected-configs.
  const bool reloads_file = directive.has(kNamesAFile) && directive.print() == pair.second;
  if (directive.has(kImmutable)) return refusal(name, "can't set immutable config");
  if (directive.has(kProtected) && !conditions.protected_allowed && !reloads_file) {
    return refusal(name, "can't set protected config");
  }
  if (directive.has(kDeniedLoading) && conditions.loading) {
    return base::Error{"LOADING Redis is loading the dataset in memory"};
  }
  return {};
}

std::vector<std::string> arguments_of(const Directive& directive, const std::string& value) {
  if (!directive.is_list() || value.empty()) return {value};
  return split_spaces(value);
}

// The pairs with their directives and the values they had before.
class Change {
 public:
  void add(Directive& directive, const Pair& pair) {
    steps_.push_back({&directive, &pair, directive.arguments(), false});
  }

  base::Result<void> run() {
    for (Step& step : steps_) {
      const auto parsed = step.directive->parse(arguments_of(*step.directive, step.pair->second));
      if (!parsed) return undo(refusal(step.pair->first, parsed.error().text));
    }
    for (Step& step : steps_) {
      if (!step.directive->watcher() || !has_changed(step)) continue;
      step.watcher_called = true;
      const auto applied = step.directive->watcher()();
      if (!applied) return undo(refusal(step.pair->first, applied.error().text));
    }
    return {};
  }

 private:
  struct Step {
    Directive* directive;
    const Pair* pair;
    std::vector<std::string> before;
    bool watcher_called;
  };

  static bool has_changed(const Step& step) {
    return step.directive->has(kNamesAFile) || step.directive->arguments() != step.before;
  }

  base::Result<void> undo(base::Error why) {
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
      const auto restored = step->directive->parse(step->before);
      LARDER_ASSERT(restored);
    }
    for (Step& step : steps_) {
      if (!step.watcher_called) continue;
      const auto applied = step.directive->watcher()();
      static_cast<void>(applied);
    }
    return why;
  }

  std::vector<Step> steps_;
};

}  // namespace

base::Result<void> Registry::set(const std::vector<Pair>& pairs, const SetConditions& conditions) {
  Change change;
  std::set<std::string> names;
  for (const Pair& pair : pairs) {
    Directive* directive = find(pair.first);
    if (directive == nullptr || directive->has(kFileOnly)) {
      return base::Error{"ERR Unknown option or number of arguments for CONFIG SET - '" +
                         pair.first + "'"};
    }
    if (auto admitted = admit(*directive, pair, conditions); !admitted) return admitted;
    if (!names.insert(base::lowered(pair.first)).second) {
      return refusal(pair.first, "duplicate parameter");
    }
    change.add(*directive, pair);
  }
  return change.run();
}

}  // namespace larder::config
