#pragma once

// The engine with a keyspace, a few commands of the test, a clock that the test advances, and
// sessions without sockets.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "larder/base/clock.h"
#include "larder/base/rng.h"
#include "larder/config/registry.h"
#include "larder/engine/access_control.h"
#include "larder/engine/call.h"
#include "larder/engine/executor.h"
#include "larder/engine/settings.h"
#include "larder/memory/audit.h"
#include "tests/engine/step_rows.h"
#include "tests/engine/transaction_rows.h"
#include "tests/engine/wait_rows.h"
#include "tests/resp/taken.h"

namespace larder::engine {

inline void test_get(Call& call) {
  const auto text = call.db.find<types::String>(call.key);
  if (!text) return call.reply.null();
  types::String::Scratch scratch;
  call.reply.bulk(text->text(scratch));
}
inline void test_set(Call& call) {
  call.db.put(call.key, call.arg(2));
  call.reply.ok();
}
// Like FLUSHDB: the session continues when the flushed values are freed.
inline void test_flush(Call& call) {
  call.db.flush(keyspace::Freeing::plainly);
  call.waiters.for_frees().add(call.session);
  call.reply.ok();
}
inline void test_del(Call& call) { call.reply.integer(call.db.erase(call.key) ? 1 : 0); }
// Replicates SET, whatever the command was called.
inline void test_put(Call& call) {
  call.db.put(call.key, call.arg(2));
  call.propagate({"SET", call.arg(1), call.arg(2)});
  call.reply.ok();
}
inline void test_secret(Call& call) {
  call.db.put(call.key, "x");
  call.suppress_effects();
  call.reply.ok();
}
inline void test_fail(Call& call) { call.reply.error("WRONG on purpose"); }
inline void test_mode(Call& call) {
  if (call.arg(1) == "off") call.session.reply_mode = ReplyMode::off;
  if (call.arg(1) == "skip") call.session.reply_mode = ReplyMode::skip_next;
  if (call.arg(1) != "on") return;
  call.session.reply_mode = ReplyMode::on;
  call.reply.mute(false);
  call.reply.ok();
}
inline void test_close(Call& call) { call.session.close(Closing::after_reply); }
inline void test_login(Call& call) {
  call.session.closed_gates = 0;
  call.reply.ok();
}
inline void test_rest(Call& call) { call.reply.simple("rest"); }
inline void test_one(Call& call) { call.reply.simple("one"); }

inline std::span<const Command> test_rows() {
  static constexpr KeySpecs kKey{KeySpec::one(1, kRW)};
  static constexpr Command kRows[] = {
      {.name = "get",
       .arity = exactly(2),
       .flags = kReads,
       .keys = kKey,
       .handler = Handler::of<test_get>()},
      {.name = "set",
       .arity = exactly(3),
       .flags = kWrites | kGrows,
       .keys = kKey,
       .handler = Handler::of<test_set>()},
      {.name = "del",
       .arity = exactly(2),
       .flags = kWrites,
       .keys = kKey,
       .handler = Handler::of<test_del>()},
      {.name = "put",
       .arity = exactly(3),
       .flags = kWrites,
       .keys = kKey,
       .handler = Handler::of<test_put>()},
      {.name = "secret",
       .arity = exactly(2),
       .flags = kWrites,
       .keys = kKey,
       .handler = Handler::of<test_secret>()},
      {.name = "flush",
       .arity = exactly(1),
       .flags = kWrites,
       .handler = Handler::of<test_flush>()},
      {.name = "fail", .arity = at_least(1), .handler = Handler::of<test_fail>()},
      {.name = "mode", .arity = exactly(2), .handler = Handler::of<test_mode>()},
      {.name = "close", .arity = exactly(1), .handler = Handler::of<test_close>()},
      {.name = "login",
       .arity = exactly(1),
       .flags = kNoAuth,
       .handler = Handler::of<test_login>()},
      {.name = "guarded",
       .arity = exactly(1),
       .flags = kProtected,
       .handler = Handler::of<test_one>()},
      {.name = "ready", .arity = exactly(1), .flags = kLoading, .handler = Handler::of<test_one>()},
      {.name = "box", .arity = at_least(2)},
      {.name = "box one", .arity = exactly(2), .handler = Handler::of<test_one>()},
      {.name = "open",
       .arity = at_least(2),
       .flags = kTakesTheRest,
       .handler = Handler::of<test_rest>()},
      {.name = "open one", .arity = exactly(2), .handler = Handler::of<test_one>()},
  };
  return kRows;
}

struct NoPeer final : Peer {
  std::string address() const override { return "10.0.0.1:1"; }
  std::string local_address() const override { return "10.0.0.2:6379"; }
  int descriptor() const override { return -1; }
  bool is_unix_socket() const override { return false; }
  bool is_local() const override { return local; }
  Buffers buffers() const override { return {}; }
  void closing() override { ++closings; }
  bool local = false;
  void unblocked() override { ++unblockings; }
  void pushed() override { ++pushes; }
  int closings = 0;
  int unblockings = 0;
  int pushes = 0;
};

// An observer that records nothing.
struct NoObserver final : Observer {
  NoObserver(const base::Clock&, config::Registry&) {}
  void slow(const LoggedCommand&, std::uint64_t, std::uint64_t) override {}
  void sizes(const LoggedCommand&, std::uint64_t) override {}
  void worked(LatencyEvent, std::uint64_t) override {}
  void add_to(memory::Auditor&) const {}
};

template <typename Clock, typename Watching = NoObserver>
class RoomOn : public testing::Test {
 public:
  using Words = std::vector<std::string>;

 protected:
  ~RoomOn() override {
    session.leave();
    output.clear();
    pool.trim();
    while (!keyspace.graveyard().empty()) keyspace.graveyard().drain(base::Budget::unlimited());
    expect_audit_balances();
  }

  void expect_audit_balances() {
    memory::Auditor auditor;
    auditor.add(keyspace);
    auditor.add(pool_bytes);
    auditor.add(waiters);
    auditor.add(executor.long_commands());
    auditor.add(watches);
    auditor.add(effects);
    observer.add_to(auditor);
    auditor.add(commands);
    EXPECT_TRUE(auditor.run().balanced()) << auditor.run().text();
  }

  // Runs the commands as one batch; returns how many were run.
  std::size_t run(const std::vector<Words>& batch,
                  std::size_t most_unsent = std::numeric_limits<std::size_t>::max()) {
    std::vector<std::vector<std::string_view>> views;
    for (const Words& words : batch) views.emplace_back(words.begin(), words.end());
    std::vector<resp::Request> requests;
    for (const auto& words : views) requests.push_back({.args = words, .bytes = 0});
    return executor.run(session, requests, most_unsent);
  }
  std::string reply(const Words& words) {
    run({words});
    return take_output();
  }
  std::string take_output() { return resp::taken(output); }
  void limit(const std::string& bytes, const std::string& policy = "noeviction") {
    ASSERT_TRUE(registry.set({{"maxmemory", bytes}, {"maxmemory-policy", policy}}, {}));
  }

  Toolbox toolbox() {
    Toolbox box;
    box.lend(runs);
    if constexpr (std::is_same_v<Clock, base::ManualClock>) {
      box.lend(clock);
    } else {
      box.lend(clock_of_pieces);
    }
    box.lend(executor);
    box.lend(evictor);
    box.lend(watches);
    box.lend(prompt);
    return box;
  }

  Clock clock;
  base::ManualClock
      clock_of_pieces;  // for commands that work in steps, if `clock` is of another type
  base::Rng rng{7};
  config::Registry registry{"Larder"};
  info::Reporter reporter;
  keyspace::Settings keyspace_settings{registry};
  eviction::Settings eviction_settings{registry};
  expiry::Settings expiry_settings{registry};
  Settings settings{registry};
  keyspace::Metrics keyspace_metrics{reporter};
  keyspace::Keyspace keyspace{clock, rng, keyspace_settings, keyspace_metrics};
  expiry::Metrics expiry_metrics{reporter, keyspace};
  expiry::Sweeper sweeper{keyspace, expiry_settings, expiry_metrics};
  eviction::Metrics eviction_metrics{reporter, eviction_settings, clock};
  memory::Metrics memory_metrics{reporter};
  keyspace::Evacuator evacuator{keyspace, memory_metrics};
  eviction::Evictor evictor{keyspace, evacuator, eviction_settings, eviction_metrics};
  Metrics metrics{reporter};
  Watching observer{clock, registry};
  Waiters waiters{clock, keyspace, metrics, observer};
  WatchSet watches{keyspace};
  GateBoard gates;
  Propagation effects;
  Runs runs;
  ScriptedAction prompt{[] {}};
  std::array<std::span<const Command>, 4> families{test_rows(), wait_rows(), transaction_rows(),
                                                   step_rows()};
  CommandTable commands{families, toolbox()};
  Executor executor{{clock, commands, keyspace, evictor, sweeper, gates, effects, metrics, waiters,
                     watches, observer}};
  Sessions sessions;
  NoPeer peer;
  resp::ChunkPool pool;
  // For auditors: what the pool itself holds.
  struct PoolBytes final : memory::AuditedOwner {
    explicit PoolBytes(const resp::ChunkPool& pool) : of(pool) {}
    void report_bytes(memory::Audit& audit) const override {
      audit.found(memory::Owner::client_output, static_cast<std::int64_t>(of.free_bytes()));
    }
    const resp::ChunkPool& of;
  };
  PoolBytes pool_bytes{pool};
  resp::ReplyBuffer output{pool};
  Session session{sessions, peer, output, clock};
};

using Room = RoomOn<base::ManualClock>;

}  // namespace larder::engine
