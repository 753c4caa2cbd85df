#pragma once

// The keys that clients name most often, in bounded memory: a random sample of the commands is
// counted by the Space-Saving algorithm (Metwally, Agrawal and El Abbadi 2005). On a quiet server
// the sample is larger, up to all commands, so that about a hundred commands are counted each
// second. Touches lose half of their weight in kHalfLifeMs, so the result describes the last
// minutes.
//
// A touch is a command that names a key, whether or not the key exists and the command succeeds;
// commands of a transaction count when they are sent, the keys of a script when it is called. A
// batch with a SELECT counts as a whole for the last database.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "larder/base/clock.h"
#include "larder/base/rng.h"
#include "larder/engine/sinks.h"
#include "larder/info/info.h"
#include "larder/memory/audit.h"
#include "larder/observe/settings.h"
#include "larder/resp/request.h"

namespace larder::observe {

struct HotKeyMetrics final : info::Group {
  using Group::Group;
  // Keys of sampled commands.
  info::Counter samples{*this,
                        "stats",
                        "hot_keys_samples",
                        {.help = "Keys of commands that were looked at for the most used."}};
};

struct HotKey {
  std::string_view name;  // until the next command
  int db;
  double touches_per_second;
  // The part of it that may come from keys that had this counter before.
  double error_per_second;
  // Of all touches.
  double share;
};

class HotKeys final : public engine::RequestSampler, public memory::AuditedOwner {
 public:
  // The number of counters. A key with more than 1/kMost of all sampled touches is never missed.
  static constexpr std::size_t kMost = 128;
  // A longer name is truncated.
  static constexpr std::size_t kLongestName = 1024;
  static constexpr std::int64_t kHalfLifeMs = 60'000;

  HotKeys(const base::Clock& clock, base::Rng& rng, Settings& settings, HotKeyMetrics& metrics);
  ~HotKeys() override;
  HotKeys(const HotKeys&) = delete;
  HotKeys& operator=(const HotKeys&) = delete;

  // Counts the keys of the picked ones.
  void sample(int db, const engine::CommandTable& commands,
              std::span<const resp::Request> ran) override;

  // Counts touches of a key.
  void touch(int db, std::string_view name, double touches);

  bool is_on() const { return settings_.hot_keys_sample.value() > 0; }
  // The `count` hottest in one database (negative: in all), the hottest first.
  std::vector<HotKey> hottest(int db, std::size_t count) const;
  // Removes all counters.
  void reset();

  void report_bytes(memory::Audit& audit) const override;

 private:
  // A name in a separate block, which is kept for the next name.
  struct Name {
    char* text = nullptr;
    std::uint32_t size = 0;
    std::uint32_t room = 0;
  };

  void pick_next();
  void count_keys(int db, const engine::CommandTable& commands, resp::Args args, double each);
  std::size_t place_of(std::uint64_t id, int db, std::string_view name);
  void write_name(Name& name, std::string_view text);
  void grow_old();
  double per_second() const;

  const base::Clock& clock_;
  base::Rng& rng_;
  Settings& settings_;
  HotKeyMetrics& metrics_;
  std::int64_t every_ = 1;  // one of this many is sampled now, within the setting
  std::int64_t picked_us_ = 0;
  double weight_of_next_ = 1;  // commands, the next that is picked

  // Side by side, so that a search reads few cache lines.
  std::array<std::uint64_t, kMost> ids_{};
  std::array<double, kMost> counts_{};
  std::array<double, kMost> errors_{};
  std::array<int, kMost> dbs_{};
  std::array<Name, kMost> names_{};
  std::size_t size_ = 0;
  double total_ = 0;
  // Instead of reducing all counts, the weight of new touches grows.
  double weight_ = 1;
  std::int64_t weighed_ms_ = 0;
  std::int64_t began_ms_ = 0;
};

}  // namespace larder::observe
