#include "larder/engine/propagation.h"

#include <utility>

namespace larder::engine {
namespace {

std::vector<std::string> copied(std::span<const std::string_view> words) {
  return {words.begin(), words.end()};
}

}  // namespace

void Propagation::ahead(int db, std::initializer_list<std::string_view> words) {
  if (listened()) ahead_.push_back({db, copied({words.begin(), words.size()})});
}

void Propagation::replace(std::span<const std::string_view> words, Reach reach) {
  replaced_.push_back({0, copied(words), reach});
}

void Propagation::pass_on(const Effect& effect) {
  for (EffectSink* sink : sinks_) sink->take(effect);
}

void Propagation::end_group() {
  grouping_ = false;
  const std::vector<Effect> group = std::exchange(group_, {});
  const bool wrapped = group.size() > 1;
  if (wrapped) pass_on({group.front().db, {"MULTI"}});
  for (const Effect& effect : group) pass_on(effect);
  if (wrapped) pass_on({group.front().db, {"EXEC"}});
}

void Propagation::settle(int db, std::span<const std::string_view> words, bool changed) {
  const bool withheld = std::exchange(withheld_, false);
  if (!listened()) return;
  std::vector<Effect> effects = std::move(ahead_);
  ahead_.clear();
  if (changed && !withheld && replaced_.empty()) effects.push_back({db, copied(words)});
  for (Effect& effect : replaced_) {
    effect.db = db;
    effects.push_back(std::move(effect));
  }
  replaced_.clear();
  for (Effect& effect : effects) {
    grouping_ ? group_.push_back(std::move(effect)) : pass_on(effect);
  }
}

}  // namespace larder::engine
