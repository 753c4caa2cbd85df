#pragma once

#include <gtest/gtest.h>

#include <string>

#include "larder/config/registry.h"
#include "larder/info/info.h"
#include "larder/keyspace/edit.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/audit.h"
#include "larder/types/hash.h"

namespace larder::keyspace {

// Real objects with a ManualClock; after each test the audit must balance.
class KeyspaceTest : public ::testing::Test {
 protected:
  static Key key(std::string_view name) { return Key::of(name); }
  std::string text(std::string_view name) {
    const auto found = db.find<types::String>(key(name));
    if (!found) return "(nil)";
    types::String::Scratch scratch;
    return std::string(found->text(scratch));
  }

  static std::string name(int i) { return "key:" + std::to_string(i); }
  // A hash that is a table from eight fields on.
  void put_hash(const std::string& name, int fields) {
    constexpr types::HashLimits kLimits{8, 64};
    const Key at = key(name);
    auto edit = db.edit<types::Hash>(at, db.look(at, Look::write), Event::hset);
    for (int i = 0; i < fields; ++i) {
      edit->set("field:" + std::to_string(i), "value " + std::to_string(i), kLimits, 0);
    }
  }

  void TearDown() override {
    memory::Auditor auditor;
    auditor.add(keyspace);
    const memory::Audit audit = auditor.run();
    EXPECT_TRUE(audit.balanced()) << audit.text();
  }

  base::ManualClock clock;
  base::Rng rng{7};
  config::Registry registry{"Redis 7.2.6"};
  info::Reporter reporter;
  Settings settings{registry};
  Metrics metrics{reporter};
  Keyspace keyspace{clock, rng, settings, metrics};
  Database& db = keyspace.db(0);
};

}  // namespace larder::keyspace
