#pragma once

// Effects: the commands that another process must run to follow. A command that changed
// something is passed on as it was sent, unless its handler said otherwise.

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace larder::engine {

// Who shall run an effect: whoever follows, or replicas alone, because it changes no data.
enum class Reach : std::uint8_t { everybody, replicas };

struct Effect {
  int db;
  std::vector<std::string> words;
  Reach reach = Reach::everybody;
};

// Receives effects in the order in which they happened. Must not touch the keyspace.
class EffectSink {
 public:
  virtual ~EffectSink() = default;
  virtual void take(const Effect& effect) = 0;
};

class Propagation {
 public:
  void add(EffectSink& sink) { sinks_.push_back(&sink); }
  bool listened() const { return !sinks_.empty(); }

  // Ahead of the running command: what eviction and expiry removed.
  void ahead(int db, std::initializer_list<std::string_view> words);
  // Instead of the running command's own words; several calls add up.
  void replace(std::span<const std::string_view> words, Reach reach = Reach::everybody);
  void replace(std::initializer_list<std::string_view> words) {
    replace(std::span(words.begin(), words.size()));
  }
  // The running command is nobody else's affair, whatever it changes.
  void withhold() { withheld_ = true; }
  // The running command ended: passes everything on, its own words when it changed something
  // and nothing replaced them.
  void settle(int db, std::span<const std::string_view> words, bool changed);

  // What is passed on between the two belongs together: when it is more than one effect, others
  // get it between MULTI and EXEC. Groups do not nest.
  void begin_group() { grouping_ = true; }
  void end_group();

 private:
  void pass_on(const Effect& effect);

  std::vector<EffectSink*> sinks_;
  std::vector<Effect> ahead_;
  std::vector<Effect> replaced_;
  std::vector<Effect> group_;
  bool grouping_ = false;
  bool withheld_ = false;
};

}  // namespace larder::engine
