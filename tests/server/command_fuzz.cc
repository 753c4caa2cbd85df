// Any bytes from a client, through the parser, to all commands. The memory audit must balance
// afterwards.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "tests/harness/harness.h"

namespace {

// Longer inputs only repeat themselves.
constexpr std::size_t kMostBytes = 4096;

// Commands that would end or delay the test, or write files.
constexpr std::string_view kWithout[] = {"shutdown", "save"};
constexpr std::string_view kDebugWithout[] = {"sleep",   "segfault",    "populate",
                                              "mallctl", "mallctl-str", "reload"};

constexpr const char* kOptions =
    "proto-max-bulk-len 1mb\n"
    "maxmemory 64mb\n"
    "maxmemory-policy allkeys-lru\n";

void take_away(larder::engine::CommandTable& commands) {
  for (const std::string_view name : kWithout) {
    if (commands.find(name) != nullptr) (void)commands.rename(name, "");
  }
  std::erase_if(commands.find("debug")->children, [](const auto* child) {
    return std::find(std::begin(kDebugWithout), std::end(kDebugWithout), child->name) !=
           std::end(kDebugWithout);
  });
}

void expect_balance(larder::harness::Harness& harness) {
  auto& graveyard = harness.core().keyspace.graveyard();
  while (!graveyard.drain(larder::base::Budget::unlimited())) {
  }
  const larder::memory::Audit audit = harness.core().auditor.run();
  if (audit.balanced()) return;
  std::fputs(audit.text().c_str(), stderr);
  std::abort();
}

// A byte determines how many of the following bytes are sent next, and how much time passes before.
void drive(larder::harness::Harness& harness, std::string_view bytes) {
  const auto client = harness.connect();
  while (!bytes.empty() && !client->is_closed()) {
    const auto control = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    const std::size_t count = std::min<std::size_t>(bytes.size(), 1 + control / 2 * 4);
    if (control % 2 == 1) harness.advance_ms(control);
    client->exchange(bytes.substr(0, count));
    bytes.remove_prefix(count);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kMostBytes) return 0;
  larder::harness::Harness harness(kOptions);
  take_away(harness.core().commands);
  drive(harness, {reinterpret_cast<const char*>(data), size});
  expect_balance(harness);
  return 0;
}
