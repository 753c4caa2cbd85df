// Any bytes as a configuration file, as a command line and as CONFIG SET; accepted values
// must be the same after the written file is loaded.

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "larder/base/assert.h"
#include "larder/base/words.h"
#include "larder/config/line.h"
#include "tests/config/all_settings.h"

namespace {

using larder::config::AllSettings;

std::vector<std::string> cut(std::string_view text, char at) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == at) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// `include` would read files of this machine.
bool includes(std::string_view text) {
  return larder::base::lowered(text).find("inc") != std::string::npos ||
         text.find('\\') != std::string_view::npos;
}

void check_lines(std::string_view text) {
  const auto words = larder::base::split_words(text);
  if (!words) return;
  LARDER_ASSERT(larder::base::split_words(larder::config::join_line(*words)) == words);
}

void check_reload(const AllSettings& all) {
  AllSettings again;
  const auto loaded = again.registry.load({{}, all.registry.print_file(), {}});
  LARDER_ASSERT(loaded);
  for (const auto& [name, value] : again.registry.get({"*"})) {
    LARDER_ASSERT(name == "replicaof" || name == "slaveof" || value == all.get(name));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_lines(text);
  if (includes(text)) return 0;
  AllSettings all;
  all.load({{}, std::string(text), {}});
  all.start(cut(text, '\n'));
  for (const std::string& line : cut(text, '\n')) {
    const std::size_t space = line.find(' ');
    if (space == std::string::npos) continue;
    all.set({{line.substr(0, space), line.substr(space + 1)}}, {.protected_allowed = true});
  }
  check_reload(all);
  return 0;
}
