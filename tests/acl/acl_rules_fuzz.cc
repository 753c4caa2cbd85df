// Any bytes as the words of ACL SETUSER, one per line. The printed form of an accepted user must
// give the same user again, and the allocated bytes must equal the ledger.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "larder/acl/user.h"
#include "larder/base/assert.h"
#include "larder/config/line.h"
#include "larder/memory/ledger.h"
#include "tests/acl/world.h"

namespace {

using larder::acl::Powers;
using larder::acl::RuleError;

std::vector<std::string_view> lines(std::string_view text) {
  std::vector<std::string_view> found;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    found.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return found;
}

// As with Redis, the printed form of quotes and parentheses within a selector's patterns cannot be
// parsed again.
bool can_be_read_back(const Powers& powers, std::string_view rules) {
  const auto others = static_cast<std::ptrdiff_t>(powers.selectors().size()) - 1;
  return rules.find_first_of("\"'\\") == std::string_view::npos &&
         std::count(rules.begin(), rules.end(), ')') == others &&
         std::count(rules.begin(), rules.end(), '(') == others;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const larder::acl::Commands commands;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto before = larder::memory::balance(larder::acl::kOwner);
  {
    Powers powers(commands.context);
    for (const std::string& word : larder::acl::join_selectors(lines(text)).words) {
      const std::string old = powers.text();
      if (powers.apply(word, commands.context) == RuleError::none) continue;
      LARDER_ASSERT(powers.text() == old);
    }
    const auto held = static_cast<std::int64_t>(powers.held_bytes());
    LARDER_ASSERT(larder::memory::balance(larder::acl::kOwner) - before == held);
    const std::string rules = powers.text();
    if (can_be_read_back(powers, rules)) {
      Powers again(commands.context);
      const auto words = larder::config::split_spaces(rules);
      for (const std::string& word : larder::acl::join_selectors(words).words) {
        LARDER_ASSERT(again.apply(word, commands.context) == RuleError::none);
      }
      LARDER_ASSERT(again.text() == rules);
    }
    commands.ask(powers, {"copy", "a", "b"});
    commands.ask(powers, {"subscribe", "a", "b"});
  }
  return 0;
}
