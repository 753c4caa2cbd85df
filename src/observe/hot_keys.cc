#include "larder/observe/hot_keys.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "larder/base/hash.h"
#include "larder/engine/command_table.h"
#include "larder/engine/keys.h"
#include "larder/memory/heap.h"

namespace larder::observe {
namespace {

// While sampling is off, the number of commands after which this is checked again.
constexpr std::int64_t kOffGap = 4096;
// If samples follow each other faster than this, fewer are taken; if more slowly, more are taken.
constexpr std::int64_t kOftenUs = 2'000;
constexpr std::int64_t kRarelyUs = 10'000;
// The weight is brought up to date for time that has passed since, and everything is made small
// again when it has become large.
constexpr std::int64_t kWeighMs = 100;
constexpr double kHeaviest = 1e30;
// Of a command with more keys only some are counted, each with a larger weight.
constexpr std::size_t kMostKeys = 16;

// The index of the smallest count: one pass for its value, in lanes that do not wait for each
// other, and one for its place.
std::size_t rarest(const std::array<double, HotKeys::kMost>& counts) {
  constexpr std::size_t kLanes = 8;
  static_assert(HotKeys::kMost % kLanes == 0);
  std::array<double, kLanes> least;
  std::copy_n(counts.begin(), kLanes, least.begin());
  for (std::size_t i = kLanes; i < counts.size(); i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      least[lane] = std::min(least[lane], counts[i + lane]);
    }
  }
  const double value = *std::min_element(least.begin(), least.end());
  return static_cast<std::size_t>(std::find(counts.begin(), counts.end(), value) - counts.begin());
}

// Databases have keys of the same name.
std::uint64_t id_of(int db, std::string_view name) {
  const auto salt = static_cast<std::uint64_t>(db) * 0x9e3779b97f4a7c15;
  return base::hash_bytes(name) ^ salt;
}

}  // namespace

HotKeys::HotKeys(const base::Clock& clock, base::Rng& rng, Settings& settings,
                 HotKeyMetrics& metrics)
    : clock_(clock), rng_(rng), settings_(settings), metrics_(metrics) {
  settings_.hot_keys_sample.watch([this] {
    pick_next();
    return base::Result<void>();
  });
  pick_next();
  reset();
}

HotKeys::~HotKeys() {
  for (const Name& name : names_) {
    if (name.text != nullptr) memory::release(memory::Owner::statistics, name.text, name.room);
  }
}

// A random gap, so that a key is found even if the commands follow a regular pattern.
void HotKeys::pick_next() {
  const std::int64_t most = settings_.hot_keys_sample.value();
  if (most == 0) {
    until_ = kOffGap;
    return;
  }
  const std::int64_t passed_us = clock_.steady_us() - picked_us_;
  picked_us_ += passed_us;
  every_ = std::min(every_, most);
  if (passed_us > kRarelyUs) every_ = std::max<std::int64_t>(every_ / 2, 1);
  if (passed_us < kOftenUs) every_ = std::min(every_ * 2, most);
  until_ = static_cast<std::int64_t>(rng_.below(2 * static_cast<std::uint64_t>(every_) - 1));
  weight_of_next_ = static_cast<double>(every_);
}

void HotKeys::sample(int db, const engine::CommandTable& commands,
                     std::span<const resp::Request> ran) {
  while (until_ < 0) {
    const std::size_t picked = ran.size() - static_cast<std::size_t>(-until_);
    const double sample_weight = weight_of_next_;
    const std::int64_t passed = until_ + 1;
    pick_next();
    until_ += passed;
    if (is_on()) count_keys(db, commands, ran[picked].args, sample_weight);
  }
}

void HotKeys::count_keys(int db, const engine::CommandTable& commands, resp::Args args,
                         double each) {
  const engine::BoundCommand* command = commands.resolve(args);
  if (command == nullptr || !command->row->arity.admits(args.size())) return;
  const auto found = engine::find_key_spans(*command->row, args);
  if (!found) return;
  for (std::size_t i = 0; i < found->size; ++i) {
    const engine::KeySpan& span = found->spans[i];
    if (span.last < span.first) continue;
    const int keys_in_span = (span.last - span.first) / span.step + 1;
    const auto keys = static_cast<std::size_t>(keys_in_span);
    const std::size_t counted = std::min(keys, kMostKeys);
    const std::size_t shift = counted == keys ? 0 : rng_.below(keys);
    for (std::size_t k = 0; k < counted; ++k) {
      const std::size_t key = (shift + k * keys / counted) % keys;
      const auto position =
          static_cast<std::size_t>(span.first) + key * static_cast<std::size_t>(span.step);
      if (position >= args.size()) continue;
      touch(db, args[position], each * static_cast<double>(keys) / static_cast<double>(counted));
    }
  }
}

void HotKeys::grow_old() {
  const std::int64_t now = clock_.steady_ms();
  const std::int64_t passed = now - weighed_ms_;
  if (passed < kWeighMs) return;
  weighed_ms_ = now;
  weight_ *= std::exp2(static_cast<double>(passed) / static_cast<double>(kHalfLifeMs));
  if (weight_ < kHeaviest) return;
  for (double& count : counts_) count /= weight_;
  for (double& error : errors_) error /= weight_;
  total_ /= weight_;
  weight_ = 1;
}

void HotKeys::touch(int db, std::string_view name, double touches) {
  ++metrics_.samples;
  grow_old();
  const double weighed = touches * weight_;
  total_ += weighed;
  counts_[place_of(id_of(db, name), db, name)] += weighed;
}

// The counter of a key. A new key replaces the one with the lowest count, and inherits this count,
// because it may have been used as often before it was last replaced.
std::size_t HotKeys::place_of(std::uint64_t id, int db, std::string_view name) {
  const auto known = std::find(ids_.begin(), ids_.begin() + static_cast<std::ptrdiff_t>(size_), id);
  auto place = static_cast<std::size_t>(known - ids_.begin());
  if (place < size_) return place;
  if (size_ < kMost) {
    ++size_;
  } else {
    place = rarest(counts_);
  }
  ids_[place] = id;
  dbs_[place] = db;
  errors_[place] = counts_[place];
  write_name(names_[place], name);
  return place;
}

void HotKeys::write_name(Name& name, std::string_view text) {
  text = text.substr(0, kLongestName);
  if (text.size() > name.room) {
    if (name.text != nullptr) memory::release(memory::Owner::statistics, name.text, name.room);
    name.room = static_cast<std::uint32_t>(memory::size_class(text.size()));
    name.text = static_cast<char*>(memory::allocate(memory::Owner::statistics, name.room));
  }
  if (!text.empty()) std::memcpy(name.text, text.data(), text.size());
  name.size = static_cast<std::uint32_t>(text.size());
}

// Converts a count with the current weight to touches per second: touches at a constant rate add up
// to the rate times the mean lifetime, minus those before the start.
double HotKeys::per_second() const {
  const double half_life_s = static_cast<double>(kHalfLifeMs) / 1000;
  const double now_ms = static_cast<double>(clock_.steady_ms());
  const double age_s = std::max(1.0, (now_ms - static_cast<double>(began_ms_)) / 1000);
  const double window_s = half_life_s / std::log(2.0) * (1 - std::exp2(-age_s / half_life_s));
  const double unweighed_s = (now_ms - static_cast<double>(weighed_ms_)) / 1000;
  const double weight_now = weight_ * std::exp2(unweighed_s / half_life_s);
  return 1 / (weight_now * window_s);
}

std::vector<HotKey> HotKeys::hottest(int db, std::size_t count) const {
  const double scale = per_second();
  std::vector<HotKey> keys;
  for (std::size_t i = 0; i < size_; ++i) {
    if (db >= 0 && dbs_[i] != db) continue;
    const std::string_view name(names_[i].text, names_[i].size);
    keys.push_back({name, dbs_[i], counts_[i] * scale, errors_[i] * scale, counts_[i] / total_});
  }
  std::sort(keys.begin(), keys.end(), [](const HotKey& a, const HotKey& b) {
    if (a.touches_per_second != b.touches_per_second) {
      return a.touches_per_second > b.touches_per_second;
    }
    return a.name < b.name;
  });
  if (keys.size() > count) keys.resize(count);
  return keys;
}

void HotKeys::reset() {
  size_ = 0;
  counts_.fill(0);
  errors_.fill(0);
  total_ = 0;
  weight_ = 1;
  began_ms_ = weighed_ms_ = clock_.steady_ms();
}

void HotKeys::report_bytes(memory::Audit& audit) const {
  std::int64_t bytes = 0;
  for (const Name& name : names_) bytes += name.room;
  audit.found(memory::Owner::statistics, bytes);
}

}  // namespace larder::observe
