// The lag of a group, compared with a count of the entries after its last id.

#include <set>

#include "larder/types/stream.h"
#include "tests/commands/keyspace_commands.h"

namespace larder::commands {
namespace {

using types::StreamId;

class StreamLag : public KeyspaceCommands {
 public:
  // The model of the stream: its entries, and all entries that were ever added.
  std::set<std::uint64_t> present;
  std::set<std::uint64_t> ever;
  std::uint64_t last = 0;
  std::uint64_t read_to = 0;
  int known = 0;
  int asked = 0;

  static std::string id(std::uint64_t ms) { return std::to_string(ms) + "-0"; }
  std::uint64_t behind() const {
    return static_cast<std::uint64_t>(std::distance(present.upper_bound(read_to), present.end()));
  }
  std::uint64_t ever_up_to(std::uint64_t ms) const {
    return static_cast<std::uint64_t>(std::distance(ever.begin(), ever.upper_bound(ms)));
  }

  std::optional<std::uint64_t> lag() {
    const auto stream = keyspace.db(0).find<types::Stream>(keyspace::Key::of("s"));
    return stream->lag(*stream->group("g"));
  }
  void keep(std::size_t entries) {
    while (present.size() > entries) present.erase(present.begin());
  }

  void add() {
    last += 1 + rng.below(2);
    run({"XADD", "s", id(last), "f", "v"});
    present.insert(last);
    ever.insert(last);
  }
  void add_trimming() {
    const std::size_t kept = rng.below(12);
    last += 1;
    run({"XADD", "s", "MAXLEN", std::to_string(kept), id(last), "f", "v"});
    present.insert(last);
    ever.insert(last);
    keep(kept);
  }
  void trim() {
    if (rng.below(2) == 0) {
      const std::size_t kept = rng.below(12);
      run({"XTRIM", "s", "MAXLEN", std::to_string(kept)});
      return keep(kept);
    }
    const std::uint64_t least = rng.below(last + 2);
    run({"XTRIM", "s", "MINID", id(least)});
    present.erase(present.begin(), present.lower_bound(least));
  }
  void erase() {
    const std::uint64_t place = rng.below(last + 1);
    run({"XDEL", "s", id(place)});
    present.erase(place);
  }
  void erase_first() {
    if (present.empty()) return;
    run({"XDEL", "s", id(*present.begin())});
    present.erase(present.begin());
  }
  void read() {
    const std::uint64_t count = 1 + rng.below(4);
    run({"XREADGROUP", "GROUP", "g", "c", "COUNT", std::to_string(count), "STREAMS", "s", ">"});
    auto at = present.upper_bound(read_to);
    for (std::uint64_t i = 0; i < count && at != present.end(); ++i) read_to = *at++;
  }
  void read_all() {
    run({"XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"});
    if (!present.empty()) read_to = std::max(read_to, *present.rbegin());
    // An id after the last entry, set by a caller, has not been read.
    if (!present.empty()) {
      EXPECT_EQ(lag().value_or(read_to == last ? UINT64_MAX : behind()), behind());
    }
  }
  void set_group() {
    read_to = rng.below(last + 1);
    if (rng.below(2) == 0) {
      run({"XGROUP", "SETID", "s", "g", id(read_to)});
    } else {
      run({"XGROUP", "SETID", "s", "g", id(read_to), "ENTRIESREAD",
           std::to_string(ever_up_to(read_to))});
    }
  }
  void set_last() {
    last += rng.below(3);
    run({"XSETID", "s", id(last)});
  }
  void look() {
    const auto found = lag();
    ++asked;
    if (!found) return;
    ++known;
    ASSERT_EQ(*found, behind()) << "read to " << read_to << " of " << last;
  }
};

TEST_F(StreamLag, CountsTheEntriesLeftIfKnown) {
  using Step = void (StreamLag::*)();
  constexpr Step kSteps[] = {
      &StreamLag::add,         &StreamLag::add,         &StreamLag::add,
      &StreamLag::trim,        &StreamLag::erase,       &StreamLag::read,
      &StreamLag::read,        &StreamLag::read_all,    &StreamLag::set_group,
      &StreamLag::set_last,    &StreamLag::erase_first, &StreamLag::erase_first,
      &StreamLag::add_trimming};
  for (int round = 0; round < 300 && !HasFatalFailure(); ++round) {
    run({"DEL", "s"});
    present.clear();
    ever.clear();
    last = read_to = 0;
    run({"XGROUP", "CREATE", "s", "g", "0", "MKSTREAM"});
    for (int i = 0; i < 60 && !HasFatalFailure(); ++i) {
      (this->*kSteps[rng.below(std::size(kSteps))])();
      look();
    }
  }
  EXPECT_GT(known * 2, asked);
}

// Trimming never makes the lag unknown.
TEST_F(StreamLag, IsKnownWithoutDeletions) {
  using Step = void (StreamLag::*)();
  constexpr Step kSteps[] = {&StreamLag::add,  &StreamLag::add,  &StreamLag::add_trimming,
                             &StreamLag::trim, &StreamLag::read, &StreamLag::read_all};
  run({"XGROUP", "CREATE", "s", "g", "0", "MKSTREAM"});
  for (int i = 0; i < 5'000 && !HasFatalFailure(); ++i) {
    (this->*kSteps[rng.below(std::size(kSteps))])();
    ASSERT_EQ(lag(), std::optional(behind())) << "read to " << read_to << " of " << last;
  }
}

// Any values of ENTRIESREAD and ENTRIESADDED, of which the lag is the difference even if there are
// fewer entries.
TEST_F(StreamLag, NeverExceedsTheNumberOfEntriesAdded) {
  const std::string figures[] = {"-1", "0", "1", "7", "1000", "9223372036854775807"};
  for (int i = 0; i < 3'000; ++i) {
    const std::string& figure = figures[rng.below(std::size(figures))];
    run({"XGROUP", "CREATE", "s", "g", "0", "MKSTREAM"});
    add();
    run({"XGROUP", "SETID", "s", "g", id(rng.below(last + 3)), "ENTRIESREAD", figure});
    if (rng.below(3) == 0) run({"XSETID", "s", id(last), "ENTRIESADDED", figure});
    if (rng.below(3) == 0) trim();
    if (rng.below(3) == 0) erase();
    read();
    const auto found = lag();
    if (found) {
      const auto stream = keyspace.db(0).find<types::Stream>(keyspace::Key::of("s"));
      ASSERT_LE(*found, stream->marks().added);
    }
  }
}

}  // namespace
}  // namespace larder::commands
