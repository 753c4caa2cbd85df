#pragma once

// Effects: the commands that another process must run to follow. A command that changed
// something is passed on as it was sent, unless its handler said otherwise. Effects are written
// once, as requests in RESP, for all who follow.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "larder/memory/audit.h"
#include "larder/memory/heap.h"

namespace larder::engine {

// Which followers run an effect: all of them, or replicas alone, because it changes no data.
enum class Reach : std::uint8_t { everybody, replicas };

struct Effect {
  int db;
  Reach reach;
  std::string_view request;  // one request in RESP, valid until take() returns
};

// Receives effects in the order in which they happened. Must not touch the keyspace.
class EffectSink {
 public:
  virtual ~EffectSink() = default;
  virtual void take(const Effect& effect) = 0;
  // The replies of the commands whose effects were taken are about to leave: what must be safe
  // ahead of them is made safe now. Called at the end of each turn.
  virtual void flush() {}
};

class Propagation final : public memory::Witness {
 public:
  Propagation() = default;
  ~Propagation() override;
  Propagation(const Propagation&) = delete;
  Propagation& operator=(const Propagation&) = delete;

  void add(EffectSink& sink) { sinks_.push_back(&sink); }
  void remove(EffectSink& sink) { std::erase(sinks_, &sink); }
  bool listened() const { return !sinks_.empty(); }

  // A removal that belongs to no command, as eviction's: passed on at once, alone unless a group
  // is open. It comes ahead of what the running command changes.
  void pass_on(int db, std::initializer_list<std::string_view> words);
  // Ahead of the running command's own effects and together with them: what it found expired.
  void ahead(int db, std::initializer_list<std::string_view> words);
  // Instead of the running command's own words; several calls add up.
  void replace(std::span<const std::string_view> words, Reach reach = Reach::everybody);
  void replace(std::initializer_list<std::string_view> words) {
    replace(std::span(words.begin(), words.size()));
  }
  // The running command is not passed on, whatever it changes.
  void withhold() { withheld_ = listened(); }
  // The running command ended: passes everything on, its own words when it changed something
  // and nothing replaced them. Several effects of one command are passed on between MULTI and
  // EXEC. Without words there was no command, and nothing but removals is passed on.
  void settle(int db, std::span<const std::string_view> words, bool changed);

  // What is passed on while one lives belongs together: followers get it between MULTI and EXEC
  // when it is more than one effect. Groups nest; the outermost counts.
  class Group {
   public:
    explicit Group(Propagation& effects) : effects_(effects) { ++effects_.groups_; }
    ~Group() { effects_.end_group(); }
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;

   private:
    Propagation& effects_;
  };

  // A command runs within another one from here on, until this ends: what either says of itself
  // (replace, withhold) is kept apart. For use within a group.
  class Nested {
   public:
    explicit Nested(Propagation& outer);
    ~Nested();
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

   private:
    Propagation& outer_;
    std::size_t begun_;
    std::size_t ahead_;
    bool withheld_;
  };

  // The end of a turn: tells those who follow to make safe what they took.
  void flush() {
    for (EffectSink* sink : sinks_) sink->flush();
  }

  void testify(memory::Audit& audit) const override;

 private:
  struct Kept {
    std::size_t begin;  // of its request in the text
    std::size_t end;
    int db;
    Reach reach;
  };

  void end_group();
  Kept write(int db, std::span<const std::string_view> words, Reach reach);
  char* room(std::size_t bytes);
  void tell(const Effect& effect);
  void tell(const Kept& kept);
  void tell_all();
  void drop_text();

  std::vector<EffectSink*> sinks_;
  // What is written and not passed on, in the order in which it shall be.
  std::vector<Kept> kept_;
  std::size_t begun_ = 0;  // where the running command's effects begin
  std::size_t ahead_ = 0;  // how many of those are ahead of its own
  int groups_ = 0;
  bool withheld_ = false;

  char* text_ = nullptr;
  std::size_t used_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace larder::engine
