// Larder's directives compared with those of Redis, from redis_directives.tsv.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "all_settings.h"

namespace larder::config {
namespace {

struct Row {
  std::string name;
  std::string fallback;
  std::string trait;
  std::string refusal;

  bool has_trait(const std::string& one) const { return trait.find(one) != std::string::npos; }
};

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> found(1);
  for (const char c : line) {
    if (c == '\t') {
      found.emplace_back();
    } else {
      found.back() += c;
    }
  }
  return found;
}

std::vector<Row> rows() {
  std::ifstream file("tests/config/redis_directives.tsv");
  std::vector<Row> all;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> found = cells(line);
    EXPECT_EQ(found.size(), 4u) << line;
    all.push_back({found[0], found[1], found[2], found[3]});
  }
  EXPECT_GT(all.size(), 190u);
  return all;
}

bool matched_by_star(const AllSettings& all, const std::string& name) {
  for (const auto& [found, value] : all.registry.get({"*"})) {
    if (found == name) return true;
  }
  return false;
}

// A deliberate difference: clients have their own memory budget.
TEST(RedisDirectives, AreKnownWithTheirDefaults) {
  const AllSettings all;
  for (const Row& row : rows()) {
    const std::string expected = row.name == "maxmemory-clients" ? "25%" : row.fallback;
    EXPECT_EQ(all.get(row.name), expected) << row.name;
  }
}

// A deliberate difference: the files of TLS are protected too.
TEST(RedisDirectives, AreHiddenImmutableOrProtectedAsInRedis) {
  AllSettings all;
  for (const Row& row : rows()) {
    const Directive* directive = all.registry.find(row.name);
    ASSERT_NE(directive, nullptr) << row.name;
    const bool is_hidden = row.has_trait("hidden");
    EXPECT_EQ(directive->has(kHidden), is_hidden) << row.name;
    EXPECT_EQ(matched_by_star(all, row.name), !is_hidden) << row.name;
    EXPECT_EQ(directive->has(kImmutable), row.has_trait("immutable")) << row.name;
    EXPECT_EQ(directive->has(kProtected), row.trait == "protected" || directive->has(kNamesAFile))
        << row.name;
  }
}

// A deliberate difference: numbers of databases that need too much memory are rejected.
TEST(RedisDirectives, RejectWrongValuesWithTheSameText) {
  for (const Row& row : rows()) {
    AllSettings all;
    const std::string reply = all.start({"--" + row.name, "-99999999999999999"});
    if (row.name == "databases") {
      EXPECT_THAT(reply, testing::EndsWith("'\nargument must be between 1 and 65536 inclusive\n"));
    } else if (row.refusal.empty()) {
      EXPECT_EQ(reply, "OK") << row.name;
    } else {
      EXPECT_THAT(reply, testing::EndsWith("'\n" + row.refusal + "\n")) << row.name;
    }
  }
}

TEST(RedisDirectives, AreAllDirectivesExceptLardersOwn) {
  const AllSettings all;
  std::set<std::string> own;
  for (const Directive* directive : all.registry.directives()) own.emplace(directive->name());
  for (const Row& row : rows()) own.erase(row.name);
  EXPECT_THAT(own,
              testing::ElementsAre(
                  "big-keys-tracking", "client-default-resp", "client-reply-pause-bytes",
                  "client-socket-buffer-bytes", "commandlog-large-reply-max-len",
                  "commandlog-large-request-max-len", "commandlog-reply-larger-than",
                  "commandlog-request-larger-than", "hot-keys-sample", "loadmodule", "metrics-bind",
                  "metrics-port", "rdb-version", "rename-command", "repl-spill-size",
                  "req-res-logfile", "script-memory-limit", "script-time-limit",
                  "snapshot-max-hold-ms", "snapshot-memory-limit", "snapshot-method", "user"));
}

// Each value of CONFIG GET * can be set and is the same afterwards.
TEST(RedisDirectives, AcceptTheValuesThatTheyShow) {
  AllSettings all;
  const auto before = all.registry.get({"*"});
  const SetConditions allowed{.protected_allowed = true};
  for (const auto& [name, value] : before) {
    if (all.registry.find(name)->has(kImmutable)) continue;
    EXPECT_EQ(all.set({{name, value}}, allowed), "OK") << name;
  }
  EXPECT_EQ(all.registry.get({"*"}), before);
}

TEST(RedisDirectives, AllHaveAHelpText) {
  const AllSettings all;
  for (const Directive* directive : all.registry.directives()) {
    EXPECT_GT(directive->help().size(), 15u) << directive->name();
    EXPECT_EQ(directive->help().back(), '.') << directive->name();
    EXPECT_NE(directive->domain(), "") << directive->name();
    EXPECT_TRUE(directive->is_default()) << directive->name();
  }
}

}  // namespace
}  // namespace larder::config
