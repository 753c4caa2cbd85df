#pragma once

// A server in process with a client that runs scripts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "larder/engine/propagation.h"
#include "larder/memory/ledger.h"
#include "larder/resp/request_text.h"
#include "tests/engine/effect_lines.h"
#include "tests/harness/harness.h"

namespace larder::scripting {

class ScriptRoom : public testing::Test {
 protected:
  explicit ScriptRoom(const std::string& options = {}) : harness(options) {}
  ~ScriptRoom() override {
    client = nullptr;
    while (harness.end_turn()) {
    }
    const memory::Audit audit = core().auditor.run();
    EXPECT_TRUE(audit.balanced()) << audit.text();
  }

  server::Core& core() { return harness.core(); }

  std::string send(harness::Harness::Client& to, const std::vector<std::string>& words) {
    const std::vector<std::string_view> views(words.begin(), words.end());
    std::string request(resp::most_request_bytes(views), '\0');
    request.resize(
        static_cast<std::size_t>(resp::print_request(request.data(), views) - request.data()));
    return to.exchange(request);
  }
  std::string reply(const std::vector<std::string>& words) { return send(*client, words); }
  std::string eval(const std::string& script) { return reply({"EVAL", script, "0"}); }

  std::string field(std::string_view name) { return core().reporter.value(name); }
  static std::int64_t script_bytes() { return memory::balance(memory::Owner::scripts); }

  harness::Harness harness;
  std::unique_ptr<harness::Harness::Client> client = harness.connect();
};

}  // namespace larder::scripting
