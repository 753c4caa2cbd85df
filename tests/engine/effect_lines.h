#pragma once

#include <string>
#include <vector>

#include "larder/base/assert.h"
#include "larder/engine/propagation.h"
#include "larder/resp/reader.h"

namespace larder::engine {

// The words of an effect, parsed like those of a request: "SET k v".
inline std::string spelled(const Effect& effect) {
  resp::Batch batch;
  resp::Reader reader;
  const resp::Parsed parsed =
      reader.parse({effect.request.data(), effect.request.size()}, batch, {.authenticated = true});
  LARDER_ASSERT(batch.size() == 1 && parsed.consumed == effect.request.size());
  std::string line;
  for (const std::string_view word : batch.requests()[0].args) {
    if (!line.empty()) line += ' ';
    line += word;
  }
  return line;
}

// Keeps the effects as lines: "0: SET k v".
struct EffectLines final : EffectSink {
  void take(const Effect& effect) override {
    lines.push_back(std::to_string(effect.db) + ": " + spelled(effect));
  }
  std::vector<std::string> lines;
};

}  // namespace larder::engine
