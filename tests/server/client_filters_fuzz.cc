// Random arguments for CLIENT KILL, CLIENT LIST and CLIENT PAUSE: each command gets one reply or
// closes the connection, and the memory audit balances.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/harness/harness.h"

namespace {

using Client = larder::harness::Harness::Client;

constexpr std::size_t kMostBytes = 1024;
constexpr std::array<std::string_view, 5> kSubcommands{"KILL", "LIST", "PAUSE", "UNPAUSE",
                                                       "NO-EVICT"};

// Words that random bytes would rarely form.
constexpr std::array<std::string_view, 17> kWords{
    "ID",     "TYPE", "ADDR", "LADDR", "USER", "SKIPME", "normal", "pubsub", "replica",
    "master", "yes",  "no",   "WRITE", "ALL",  "1",      "2",      "default"};

std::string encoded(const std::vector<std::string>& words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return text;
}

// A byte above 0x7f stands for a word of the list, 0 ends a word, 1 ends a command.
std::vector<std::vector<std::string>> commands_in(std::string_view bytes) {
  std::vector<std::vector<std::string>> commands;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) commands.back().push_back(std::exchange(word, {}));
  };
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (commands.empty() || byte == 1) {
      if (!commands.empty()) end_word();
      commands.push_back({"CLIENT", std::string(kSubcommands[byte % kSubcommands.size()])});
    } else if (byte == 0) {
      end_word();
    } else if (byte > 0x7f) {
      end_word();
      commands.back().emplace_back(kWords[byte % kWords.size()]);
    } else {
      word += c;
    }
  }
  if (!commands.empty()) end_word();
  return commands;
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fputs(what, stderr);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kMostBytes) return 0;
  larder::harness::Harness harness;
  {
    std::vector<std::unique_ptr<Client>> others;
    for (const char* first :
         {"SUBSCRIBE c\r\n", "BLPOP k 0\r\n", "MULTI\r\n", "MONITOR\r\n", "PING\r\n"}) {
      others.push_back(harness.connect());
      others.back()->exchange(first);
    }
    const auto client = harness.connect();
    for (const auto& command : commands_in({reinterpret_cast<const char*>(data), size})) {
      const std::string reply = client->exchange(encoded(command));
      require(!reply.empty(), "a command got no reply\n");
      if (client->is_closed()) break;
      others.back()->exchange("SET k v\r\n");
    }
    harness.core().pause.end(larder::engine::Pause::Purpose::client);
    harness.end_turn();
  }
  require(harness.core().sessions.size() == 0, "sessions are left\n");
  while (!harness.core().keyspace.graveyard().drain(larder::base::Budget::unlimited())) {
  }
  const larder::memory::Audit audit = harness.core().auditor.run();
  if (!audit.balanced()) std::fputs(audit.text().c_str(), stderr);
  require(audit.balanced(), "the books do not balance\n");
  return 0;
}
