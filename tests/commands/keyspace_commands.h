#pragma once

// The commands for values and keys, with real objects and a ManualClock.

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "larder/commands/index.h"
#include "larder/config/registry.h"
#include "larder/engine/executor.h"
#include "larder/engine/host.h"
#include "larder/info/info.h"
#include "larder/memory/audit.h"
#include "larder/observe/command_observer.h"
#include "larder/persistence/metrics.h"
#include "larder/persistence/payload_checks.h"
#include "larder/persistence/settings.h"
#include "larder/resp/reply_reader.h"
#include "larder/types/settings.h"
#include "tests/engine/effect_lines.h"
#include "tests/resp/taken.h"

namespace larder::commands {

class QuietPeer final : public engine::Peer {
 public:
  std::string address() const override { return "127.0.0.1:1"; }
  std::string local_address() const override { return "127.0.0.1:6379"; }
  int descriptor() const override { return -1; }
  bool is_unix_socket() const override { return false; }
  bool is_local() const override { return true; }
  Buffers buffers() const override { return {}; }
  void closing() override {}
};

// Does not check permissions: all sessions here may run all commands.
class OpenGuard final : public engine::Guard {
 public:
  engine::Denied check(const engine::Session&, const engine::BoundCommand&, resp::Args,
                       engine::CommandContext) override {
    return engine::Denied::nothing;
  }
  bool may_run(const engine::Session&, const engine::BoundCommand&, resp::Args) const override {
    return true;
  }
  bool may_read_all_keys(const engine::Session&, const engine::BoundCommand&,
                         resp::Args) const override {
    return true;
  }
  void report_attack(const engine::Session&) override {}
};

// Keeps the effects as lines: "0 SET k v".
class EffectLines final : public engine::EffectSink {
 public:
  void take(const engine::Effect& effect) override {
    lines.push_back(std::to_string(effect.db) + " " + engine::spelled(effect));
  }
  std::vector<std::string> lines;
};

// Keeps the changes as lines: "$ set k@0".
class ChangeLines final : public engine::ChangeSink {
 public:
  void read(std::span<const keyspace::Change> changes) override {
    for (const auto& change : changes) {
      const keyspace::EventRow& event = keyspace::row(change.event);
      lines.push_back(std::string(1, event.letter) + " " + std::string(event.name) + " " +
                      std::string(change.key) + "@" + std::to_string(change.db));
    }
  }
  std::vector<std::string> lines;
};

class KeyspaceCommands : public ::testing::Test {
 protected:
  // Runs one command and returns its reply as transcripts print it, without the last line end.
  std::string run(std::initializer_list<std::string_view> words) {
    const std::vector<std::string_view> args(words);
    return run(resp::Args(args));
  }
  std::string run(resp::Args args) {
    const resp::Request request{args};
    executor.run(session, {&request, 1}, SIZE_MAX);
    std::string reply = resp::print(resp::parse_reply(resp::taken(output)));
    reply.pop_back();
    return reply;
  }

  // The effects of the command, and its changes, one line each.
  std::string effects_of(std::initializer_list<std::string_view> words) {
    effect_lines.lines.clear();
    run(words);
    return joined(effect_lines.lines);
  }
  std::string changes_of(std::initializer_list<std::string_view> words) {
    change_lines.lines.clear();
    run(words);
    return joined(change_lines.lines);
  }

  std::string now_plus(std::int64_t ms) const { return std::to_string(clock.unix_ms() + ms); }

  void SetUp() override {
    effects.add(effect_lines);
    executor.add(change_lines);
  }
  void TearDown() override {
    executor.end_turn();
    memory::Auditor auditor;
    auditor.add(keyspace);
    const memory::Audit audit = auditor.run();
    EXPECT_TRUE(audit.balanced()) << audit.text();
  }

  struct OwnSettings : config::Group {
    explicit OwnSettings(config::Registry& registry) : Group(registry, "Test") {}
    config::Bytes proto_max_bulk_len{*this,
                                     {.name = "proto-max-bulk-len",
                                      .fallback = 512 << 20,
                                      .range = {1, INT64_MAX},
                                      .help = "Longest string."}};
  };

  base::ManualClock clock;
  base::Rng rng{7};
  config::Registry registry{"Redis 7.2.6"};
  info::Reporter reporter;
  OwnSettings own_settings{registry};
  keyspace::Settings keyspace_settings{registry};
  types::Settings types_settings{registry};
  keyspace::Metrics keyspace_metrics{reporter};
  keyspace::Keyspace keyspace{clock, rng, keyspace_settings, keyspace_metrics};
  persistence::SnapshotSettings snapshot_settings{registry};
  eviction::Settings eviction_settings{registry};
  eviction::Metrics eviction_metrics{reporter, eviction_settings, clock};
  memory::Metrics memory_metrics{reporter};
  keyspace::Evacuator evacuator{keyspace, memory_metrics};
  eviction::Evictor evictor{keyspace, evacuator, eviction_settings, eviction_metrics};
  expiry::Settings expiry_settings{registry};
  expiry::Metrics expiry_metrics{reporter, keyspace};
  expiry::Sweeper sweeper{keyspace, expiry_settings, expiry_metrics};
  engine::Limits limits{own_settings.proto_max_bulk_len};
  engine::GateBoard gates;
  persistence::Metrics persistence_metrics{reporter, clock, keyspace, gates};
  engine::ChecksumValidation checksums;
  persistence::PayloadChecks payload_checks{snapshot_settings, checksums, persistence_metrics};
  engine::Propagation effects;
  engine::Metrics metrics{reporter};
  observe::Settings observe_settings{registry};
  observe::CommandObserver observer{clock, observe_settings};
  engine::Waiters waiters{clock, keyspace, metrics, observer};
  engine::WatchSet watches{keyspace};
  OpenGuard guard;
  engine::CommandTable table{rows(), toolbox()};
  engine::Executor executor{{clock, table, keyspace, evictor, sweeper, gates, effects, metrics,
                             waiters, watches, observer}};
  QuietPeer peer;
  resp::ChunkPool pool;
  resp::ReplyBuffer output{pool};
  engine::Sessions sessions;
  engine::Session session{sessions, peer, output, clock};
  EffectLines effect_lines;
  ChangeLines change_lines;

 private:
  static std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
    return text;
  }

  static std::vector<std::span<const engine::Command>> rows();
  engine::Toolbox toolbox() {
    engine::Toolbox tools;
    tools.lend(keyspace);
    tools.lend(keyspace_settings);
    tools.lend(static_cast<engine::Guard&>(guard));
    tools.lend(types_settings);
    tools.lend(eviction_settings);
    tools.lend(limits);
    tools.lend(evictor);
    tools.lend(snapshot_settings);
    tools.lend(payload_checks);
    return tools;
  }
};

}  // namespace larder::commands
