#pragma once

// Commands that wait, for tests: a string stands for a list of letters.

#include <optional>
#include <string>

#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::engine {

// How often the blocking commands ran, and the number of keys of the last bpop that it had to look
// at.
struct Runs {
  int first = 0;
  int again = 0;
  std::size_t candidates = 0;
  void note(const Call& call) { ++(call.resumed ? again : first); }
};

inline std::string letters(Call& call, const keyspace::Key& key) {
  const auto text = call.db.find<types::String>(key, keyspace::Look::write);
  types::String::Scratch scratch;
  return text ? std::string(text->text(scratch)) : std::string();
}
inline void store_letters(Call& call, const keyspace::Key& key, const std::string& text) {
  if (text.empty()) {
    call.db.erase(key);
  } else {
    call.db.put(key, text);
  }
}

// push key letters: appends to the string.
inline void test_push(Call& call) {
  store_letters(call, call.key, letters(call, call.key) + std::string(call.arg(2)));
  call.reply.ok();
}

// bpop key... timeout: takes a letter.
inline void test_bpop(Call& call, Runs& runs) {
  runs.note(call);
  const auto timeout = read_timeout(call, call.arg(call.size() - 1), TimeoutUnit::seconds);
  if (!timeout) return;
  const auto keys = call.args.subspan(1, call.size() - 2);
  const resp::Args candidates = call.candidates(keys);
  runs.candidates = candidates.size();
  for (const std::string_view name : candidates) {
    const auto key = keyspace::Key::of(name);
    const std::string found = letters(call, key);
    if (found.empty()) continue;
    call.reply.simple(std::string(name) + "=" + found.substr(0, 1));
    return store_letters(call, key, found.substr(1));
  }
  if (!call.wait_for({.keys = keys, .type = types::Type::string, .timeout_ms = *timeout})) {
    call.reply.null();
  }
}

// bnothing timeout: waits for no key.
inline void test_bnothing(Call& call) {
  const auto timeout = read_timeout(call, call.arg(1), TimeoutUnit::milliseconds);
  if (!timeout) return;
  const Wait wait{.keys = {}, .type = {}, .timeout_ms = *timeout, .end = WaitEnd::two_zeros};
  if (!call.wait_for(wait)) call.reply.integer(-1);
}

// bsynced position timeout: waits until the journal has synced its effects up to the position, and
// with a third argument for longer.
inline void test_bsynced(Call& call) {
  if (call.resumed && call.size() == 3) return call.reply.ok();
  const auto timeout = read_timeout(call, call.arg(2), TimeoutUnit::milliseconds);
  if (!timeout) return;
  const Wait wait{.keys = {},
                  .type = {},
                  .timeout_ms = *timeout,
                  .end = WaitEnd::two_zeros,
                  .position = std::stoull(std::string(call.arg(1)))};
  if (!call.wait_for(wait)) call.reply.integer(-1);
}

// bmove from to timeout: moves a letter.
inline void test_bmove(Call& call, Runs& runs) {
  runs.note(call);
  const auto timeout = read_timeout(call, call.arg(3), TimeoutUnit::milliseconds);
  if (!timeout) return;
  const std::string found = letters(call, call.key);
  if (found.empty()) {
    if (!call.wait_for({.keys = call.args.subspan(1, 1),
                        .type = types::Type::string,
                        .timeout_ms = *timeout,
                        .end = WaitEnd::null})) {
      call.reply.null();
    }
    return;
  }
  store_letters(call, call.key, found.substr(1));
  const auto to = keyspace::Key::of(call.arg(2));
  store_letters(call, to, letters(call, to) + found[0]);
  call.propagate({"MOVED", call.arg(1), call.arg(2)});
  call.reply.simple(found.substr(0, 1));
}

// bread key size: waits until the key has more than `size` letters; $ is the current number.
inline void test_bread(Call& call, Runs& runs) {
  runs.note(call);
  const std::string found = letters(call, call.key);
  const std::string size =
      call.arg(2) == "$" ? std::to_string(found.size()) : std::string(call.arg(2));
  if (found.size() > std::stoul(size)) return call.reply.bulk(found);
  const std::array<std::string_view, 3> words{call.arg(0), call.arg(1), size};
  if (!call.wait_for({.keys = call.args.subspan(1, 1),
                      .type = types::Type::string,
                      .mode = WaitMode::watches,
                      .words = words})) {
    call.reply.null();
  }
}

// bgroup key letter: takes only that letter; stops waiting when the key is removed.
inline void test_bgroup(Call& call, Runs& runs) {
  runs.note(call);
  std::string found = letters(call, call.key);
  if (call.resumed && found.empty()) return call.reply.error("GONE with the key");
  const char wanted = call.arg(2)[0];
  const auto at = found.find(wanted);
  if (at == std::string::npos) {
    if (!call.wait_for({.keys = call.args.subspan(1, 1),
                        .type = types::Type::string,
                        .wakes_when_gone = true,
                        .rivals = static_cast<std::uint64_t>(wanted)})) {
      call.reply.null();
    }
    return;
  }
  store_letters(call, call.key, found.erase(at, 1));
  call.reply.simple("taken");
}

inline std::span<const Command> wait_rows() {
  static constexpr KeySpecs kKey{KeySpec::one(1, kRW)};
  static constexpr Command kRows[] = {
      {.name = "push",
       .arity = exactly(3),
       .flags = kWrites | kGrows,
       .keys = kKey,
       .handler = Handler::of<test_push>()},
      {.name = "bnothing",
       .arity = exactly(2),
       .flags = kBlocks,
       .handler = Handler::of<test_bnothing>()},
      {.name = "bsynced",
       .arity = at_least(3),
       .flags = kBlocks,
       .handler = Handler::of<test_bsynced>()},
      {.name = "bpop",
       .arity = at_least(3),
       .flags = kWrites | kBlocks,
       .keys = kKey,
       .handler = Handler::of<test_bpop>()},
      {.name = "bmove",
       .arity = exactly(4),
       .flags = kWrites | kGrows | kBlocks,
       .keys = {KeySpec::range(1, 1, 1, kRW | kUpdate)},
       .handler = Handler::of<test_bmove>()},
      {.name = "bread",
       .arity = exactly(3),
       .flags = kReads | kBlocks,
       .keys = kKey,
       .handler = Handler::of<test_bread>()},
      {.name = "bgroup",
       .arity = exactly(3),
       .flags = kWrites | kBlocks,
       .keys = kKey,
       .handler = Handler::of<test_bgroup>()},
  };
  return kRows;
}

}  // namespace larder::engine
