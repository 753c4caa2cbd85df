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

void Propagation::replace(std::span<const std::string_view> words) {
  replaced_.push_back({0, copied(words)});
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
  for (const Effect& effect : effects) {
    for (EffectSink* sink : sinks_) sink->take(effect);
  }
}

}  // namespace larder::engine
