// Any bytes as the libraries of a payload of FUNCTION RESTORE, with a valid checksum. What is
// refused changes nothing; what is accepted can be called, and FUNCTION RESTORE accepts the result
// of FUNCTION DUMP. The audit must balance afterwards.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "larder/base/assert.h"
#include "larder/persistence/crc64.h"
#include "larder/resp/reply_reader.h"
#include "tests/harness/harness.h"

namespace {

using namespace larder;
using resp::Value;

constexpr std::size_t kMostBytes = 16 * 1024;

std::string payload_of(std::string_view libraries) {
  std::string payload(libraries);
  payload += '\x0a';
  payload += '\0';
  const std::uint64_t sum = persistence::crc64(0, payload);
  payload.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  return payload;
}

class World {
 public:
  // Code that does not end soon is ended by the clock, which counts its readings.
  World()
      : harness_("script-memory-limit 4mb\nscript-time-limit 20\n"), client_(harness_.connect()) {
    harness_.clock().us_per_reading = 1000;
  }

  void check(std::string_view libraries) {
    const std::string payload = payload_of(libraries);
    const std::string before = ask({"FUNCTION", "DUMP"}).text;
    const Value restored = ask({"FUNCTION", "RESTORE", payload});
    if (restored.is_error()) {
      LARDER_ASSERT(ask({"FUNCTION", "DUMP"}).text == before);
    } else {
      LARDER_ASSERT(restored.text == "OK");
      use();
    }
    ask({"FUNCTION", "RESTORE", payload, "REPLACE"});
    ask({"FUNCTION", "FLUSH", "ASYNC"});
    ask({"FLUSHALL"});
    expect_balance();
  }

 private:
  void use() {
    const std::string dumped = ask({"FUNCTION", "DUMP"}).text;
    for (const std::string& function : functions()) {
      ask({"FCALL", function, "1", "k", "a"});
      ask({"FCALL_RO", function, "0"});
    }
    LARDER_ASSERT(ask({"FUNCTION", "RESTORE", dumped, "FLUSH"}).text == "OK");
    LARDER_ASSERT(ask({"FUNCTION", "DUMP"}).text == dumped);
  }

  std::vector<std::string> functions() {
    std::vector<std::string> names;
    for (const Value& library : ask({"FUNCTION", "LIST"}).items) {
      for (const Value& function : library.items[5].items) names.push_back(function.items[1].text);
    }
    return names;
  }

  Value ask(const std::vector<std::string>& words) {
    std::string request = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& text : words) {
      request += "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
    }
    const std::string reply = client_->exchange(request);
    resp::ReplyReader reader;
    const std::size_t used = reader.feed(reply);
    LARDER_ASSERT(reader.status() == resp::ReplyReader::Status::done && used == reply.size());
    return reader.take();
  }

  void expect_balance() {
    while (harness_.end_turn()) {
    }
    const memory::Audit audit = harness_.core().auditor.run();
    if (audit.balanced()) return;
    std::fputs(audit.text().c_str(), stderr);
    std::abort();
  }

  harness::Harness harness_;
  std::unique_ptr<harness::Harness::Client> client_;
};

}  // namespace

// Making a world takes longer than using it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kMostBytes) return 0;
  static World world;
  world.check({reinterpret_cast<const char*>(data), size});
  return 0;
}
