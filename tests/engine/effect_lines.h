#pragma once

#include <string>
#include <vector>

#include "larder/engine/propagation.h"

namespace larder::engine {

// Keeps the effects as lines: "0: SET k v".
struct EffectLines final : EffectSink {
  void take(const Effect& effect) override {
    std::string line = std::to_string(effect.db) + ":";
    for (const std::string& word : effect.words) line += " " + word;
    lines.push_back(line);
  }
  std::vector<std::string> lines;
};

}  // namespace larder::engine
