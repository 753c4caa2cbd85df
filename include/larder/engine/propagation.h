#pragma once

// Effects: the commands that followers (journal, replicas) must run to get the same data. A command
// that changed something is propagated as it was sent, unless its handler replaced it. Effects are
// encoded once, as requests in RESP, for all followers.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "larder/memory/audit.h"
#include "larder/memory/heap.h"

namespace larder::engine {

// Which followers run an effect: all of them, or only replicas, because it changes no data.
enum class Reach : std::uint8_t { everybody, replicas };

struct Effect {
  int db;
  Reach reach;
  std::string_view request;  // one request in RESP, valid until take() returns
};

// Receives effects in the order in which they happened. Must not touch the keyspace. A sink that
// has a journal numbers its bytes, sets Session::shown_position of the sessions that wrote or read
// what is not durable yet, and releases the positions that are.
class EffectSink {
 public:
  virtual ~EffectSink() = default;
  virtual void take(const Effect& effect) = 0;
  // The replies of the commands whose effects were taken will be sent next: effects that must be
  // durable before that are made durable now. Called at the end of each turn.
  virtual void flush() {}
};

// What a running command has done to its own propagation. A value of its Execution, so that the
// calls of a command and of those that run within it are kept apart.
struct OwnEffects {
  std::size_t begin = 0;  // of its effects among those that are not propagated yet
  std::size_t ahead = 0;  // how many of those precede its own: removals that it caused
  bool suppressed = false;
  // Of what happens during the command only the removals are propagated.
  bool only_removals = false;
};

class Propagation final : public memory::AuditedOwner {
 public:
  Propagation() = default;
  ~Propagation() override;
  Propagation(const Propagation&) = delete;
  Propagation& operator=(const Propagation&) = delete;

  void add(EffectSink& sink) { sinks_.push_back(&sink); }
  // If it was the last one, effects that are not propagated yet are dropped.
  void remove(EffectSink& sink);
  bool listened() const { return !sinks_.empty(); }
  bool in_group() const { return groups_ > 0; }

  // Of a command that begins now.
  OwnEffects begin_command() const { return {.begin = kept_.size()}; }

  // A removal that belongs to no command, for example by eviction: propagated at once, without a
  // group unless one is open. It precedes the changes of the running command.
  void propagate_removal(OwnEffects& own, int db, std::initializer_list<std::string_view> words);
  // A removal that the command caused by finding an expired key: propagated before the command's
  // own effects, in the same group.
  void prepend(OwnEffects& own, int db, std::initializer_list<std::string_view> words);
  // Replaces the words of the innermost running command; several calls add up.
  void replace(std::span<const std::string_view> words, Reach reach = Reach::everybody);
  void replace(std::initializer_list<std::string_view> words) {
    replace(std::span(words.begin(), words.size()));
  }
  // The command is not propagated, whatever it changes.
  void suppress(OwnEffects& own) const { own.suppressed = listened(); }
  // The command ended: propagates its effects, or its own words if it changed something and nothing
  // replaced them. Several effects of one command are sent between MULTI and EXEC. Without words
  // there was no command, and only removals are propagated. `own` is then that of the next command.
  void settle(OwnEffects& own, int db, std::span<const std::string_view> words, bool changed);

  // The effects that are propagated during the life of this object form a group: followers get them
  // between MULTI and EXEC if there are several. Groups nest; only the outermost one counts.
  class Group {
   public:
    explicit Group(Propagation& effects) : effects_(effects) { ++effects_.groups_; }
    ~Group() { effects_.end_group(); }
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;

   private:
    Propagation& effects_;
  };

  // Output that shows effects up to this position of the journal may be sent. Without a journal all
  // output may.
  static constexpr std::uint64_t kAll = ~std::uint64_t{0};
  std::uint64_t released() const { return released_; }
  void release(std::uint64_t position) { released_ = position; }

  // The offset of the last effect in the stream for replicas; 0 as long as there is none.
  std::int64_t stream_end() const { return stream_end_; }
  void stream_end(std::int64_t offset) { stream_end_ = offset; }

  // The end of a turn: followers make durable what they took.
  void flush() {
    for (EffectSink* sink : sinks_) sink->flush();
  }

  void report_bytes(memory::Audit& audit) const override;

 private:
  struct Kept {
    std::size_t begin;  // of its request in the text
    std::size_t end;
    int db;
    Reach reach;
  };

  void end_group();
  void settle_alone(OwnEffects& own, int db, std::span<const std::string_view> words, bool changed);
  void settle_replaced(OwnEffects& own, int db);
  Kept write(int db, std::span<const std::string_view> words, Reach reach);
  char* room(std::size_t bytes);
  void emit(const Effect& effect);
  void emit(const Kept& kept);
  void emit_all();
  void forget_all();
  void drop_text();

  std::vector<EffectSink*> sinks_;
  std::uint64_t released_ = kAll;
  std::int64_t stream_end_ = 0;
  // Effects that are encoded but not propagated yet, in their order.
  std::vector<Kept, memory::Allocator<Kept, memory::Owner::journal>> kept_;
  int groups_ = 0;

  char* text_ = nullptr;
  std::size_t used_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace larder::engine
