#include "larder/types/stream.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "larder/base/rng.h"

namespace larder::types {
namespace {

using memory::Owner;

using StreamModel = std::map<StreamId, std::vector<std::string>>;
using Row = std::pair<StreamId, std::vector<std::string>>;

std::vector<Row> read(const Stream& stream, StreamId from, StreamId to,
                      StreamReader::Order order = StreamReader::Order::ascending) {
  std::vector<Row> rows;
  StreamReader reader(stream, from, to, order);
  String::Scratch scratch;
  while (reader.next()) {
    Row row{reader.id(), {}};
    for (std::uint64_t i = 0; i < 2 * reader.fields(); ++i) {
      row.second.emplace_back(reader.text().text(scratch));
    }
    rows.push_back(row);
  }
  return rows;
}

std::vector<Row> all(const Stream& stream) {
  return read(stream, StreamId::least(), StreamId::most());
}

void append(Stream& stream, StreamId id, const std::vector<std::string>& texts, NodeLimits limits) {
  const std::vector<std::string_view> pairs(texts.begin(), texts.end());
  stream.append(id, pairs, limits);
}

// Destroys its stream; the owner must hold as much as before, and the stream's footprint be right.
class StreamTest : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(memory::balance(Owner::streams),
              before + static_cast<std::int64_t>(stream.footprint()));
    if (!stream.empty()) {
      base::Budget budget = base::Budget::unlimited();
      EXPECT_TRUE(stream.destroy_some(Owner::streams, budget));
    }
    EXPECT_EQ(memory::balance(Owner::streams), before);
  }
  void append_some(std::uint64_t count) {
    for (std::uint64_t i = 1; i <= count; ++i) append(stream, {i, 0}, {"f", "v"}, {4096, 100});
  }
  std::int64_t before = memory::balance(Owner::streams);
  Stream stream{nullptr};
  base::Rng rng{11};
};

class StreamModelTest : public StreamTest {
 protected:
  std::vector<std::string> texts() {
    std::vector<std::string> made;
    const std::uint64_t fields = rng.below(4) == 0 ? 1 + rng.below(3) : 2;
    for (std::uint64_t i = 0; i < fields; ++i) {
      made.push_back("field" + std::to_string(i));
      made.push_back(rng.below(2) == 0 ? std::to_string(rng.next() >> rng.below(64))
                                       : std::string(rng.below(100), 'x'));
    }
    return made;
  }
  void step() {
    switch (rng.below(8)) {
      case 0:
        return erase();
      case 1:
        return trim();
      default:
        id.ms += rng.below(2);
        id.seq = id.ms == 0 ? id.seq + 1 : id.seq + rng.below(3) + 1;
        model[id] = texts();
        append(stream, id, model[id], limits);
    }
  }
  void erase() {
    if (model.empty()) return;
    auto place = model.lower_bound({rng.below(id.ms + 1), 0});
    if (place == model.end()) return;
    EXPECT_TRUE(stream.erase(place->first));
    EXPECT_FALSE(stream.erase(place->first));
    model.erase(place);
  }
  void trim() {
    if (rng.below(6) != 0) return;
    const std::uint64_t keep = rng.below(200);
    const std::uint64_t gone = model.size() > keep ? model.size() - keep : 0;
    EXPECT_EQ(stream.trim({.keep = Trim::Keep::newest, .entries = keep}), gone);
    for (std::uint64_t i = 0; i < gone; ++i) model.erase(model.begin());
  }
  void check() {
    const std::vector<Row> rows(model.begin(), model.end());
    ASSERT_EQ(all(stream), rows);
    ASSERT_EQ(read(stream, StreamId::least(), StreamId::most(), StreamReader::Order::descending),
              std::vector<Row>(rows.rbegin(), rows.rend()));
    ASSERT_EQ(stream.size(), model.size());
    ASSERT_EQ(stream.marks().first, rows.empty() ? StreamId() : rows.front().first);
    ASSERT_EQ(stream.last_entry(), rows.empty() ? StreamId() : rows.back().first);
    const Stream::Nodes& nodes = stream.nodes();
    for (auto at = nodes.first(); nodes.valid(at); at = nodes.next(at)) {
      ASSERT_TRUE(StreamNodeView::valid(nodes[at].id, nodes[at].view().pack().raw()));
    }
  }

  StreamModel model;
  StreamId id;
  NodeLimits limits;
};

TEST_F(StreamModelTest, AgreesForNodesOfAnySize) {
  for (const NodeLimits tried :
       {NodeLimits{4096, 100}, NodeLimits{100, 0}, NodeLimits{0, 3}, NodeLimits{0, 500}}) {
    limits = tried;
    for (int round = 0; round < 8; ++round) {
      for (int i = 0; i < 200; ++i) step();
      check();
    }
  }
}

TEST_F(StreamTest, ReadsIntervals) {
  append_some(1000);
  EXPECT_EQ(read(stream, {100, 0}, {199, 5}).size(), 100u);
  EXPECT_EQ(read(stream, {999, 1}, {2000, 0}).size(), 1u);
  EXPECT_TRUE(read(stream, {5, 0}, {4, 0}).empty());
  const auto back = read(stream, {150, 1}, {153, 0}, StreamReader::Order::descending);
  ASSERT_EQ(back.size(), 3u);
  EXPECT_EQ(back[0].first, (StreamId{153, 0}));
}

TEST_F(StreamTest, TrimsWholeNodesUpToALimit) {
  append_some(1000);
  const Trim trim{.entries = 150, .whole_nodes = true, .most = 500};
  EXPECT_EQ(stream.trim(trim), 500u);
  EXPECT_EQ(stream.trim(trim), 300u);
  EXPECT_EQ(stream.trim(trim), 0u);
  EXPECT_EQ(stream.trim({.keep = Trim::Keep::from_id, .from = {951, 0}}), 150u);
  EXPECT_EQ(stream.marks().first, (StreamId{951, 0}));
}

TEST_F(StreamTest, CopiesEntriesGroupsAndPendingOnes) {
  append_some(300);
  Group& group = *stream.create_group("g", {5, 0}, 5);
  Consumer& consumer = *stream.create_consumer(group, "c", 7);
  for (std::uint64_t i = 1; i < 6; ++i) {
    stream.assign(*stream.add_pending(group, {i, 0}, 9), consumer);
  }
  Stream copied = stream.copy();
  EXPECT_EQ(all(copied), all(stream));
  ASSERT_NE(copied.group("g"), nullptr);
  EXPECT_EQ(copied.group("g")->consumer("c")->pending.size(), 5u);
  base::Budget budget = base::Budget::unlimited();
  copied.destroy_some(Owner::streams, budget);
}

TEST_F(StreamTest, SharesPendingEntriesBetweenGroupAndConsumers) {
  append_some(3000);
  Group& group = *stream.create_group("g", {}, 0);
  EXPECT_EQ(stream.create_group("g", {}, 0), nullptr);
  Consumer& one = *stream.create_consumer(group, "one", 1);
  Consumer& other = *stream.create_consumer(group, "other", 1);
  for (std::uint64_t i = 3000; i > 0; --i) {
    stream.assign(*stream.add_pending(group, {i, 0}, 9), one);
  }
  for (std::uint64_t i = 1; i <= 3000; i += 3) stream.assign(*group.find({i, 0}), other);
  EXPECT_EQ(one.pending.size(), 2000u);
  EXPECT_EQ(other.pending.size(), 1000u);
  for (std::uint64_t i = 2; i <= 3000; i += 3) EXPECT_TRUE(stream.acknowledge(group, {i, 0}));
  EXPECT_FALSE(stream.acknowledge(group, {2, 0}));
  EXPECT_EQ(group.pending.size(), 2000u);
  StreamId last;
  for (auto at = group.pending.first(); group.pending.valid(at); at = group.pending.next(at)) {
    EXPECT_LT(last, group.pending[at]->id);
    last = group.pending[at]->id;
  }
  EXPECT_EQ(stream.destroy_consumer(group, other), 1000u);
  EXPECT_EQ(group.pending.size(), 1000u);
  EXPECT_TRUE(stream.destroy_group("g"));
  EXPECT_FALSE(stream.destroy_group("g"));
}

TEST_F(StreamTest, IsDestroyedInSteps) {
  append_some(20'000);
  Group& group = *stream.create_group("g", {}, 0);
  Consumer& consumer = *stream.create_consumer(group, "c", 1);
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    stream.assign(*stream.add_pending(group, {i, 0}, 9), consumer);
  }
  base::ManualClock clock;
  int steps = 0;
  std::size_t left = stream.footprint();
  base::Budget spent(clock, 0);
  while (!stream.destroy_some(Owner::streams, spent)) {
    ++steps;
    EXPECT_LT(stream.footprint(), left);
    left = stream.footprint();
    EXPECT_EQ(memory::balance(Owner::streams), before + static_cast<std::int64_t>(left));
  }
  EXPECT_GT(steps, 5);
}

TEST_F(StreamTest, AcceptsNodesInOrderOnly) {
  append_some(250);
  Stream other(nullptr);
  const Stream::Nodes& nodes = stream.nodes();
  for (auto at = nodes.first(); nodes.valid(at); at = nodes.next(at)) {
    const std::string raw(nodes[at].view().pack().raw());
    EXPECT_TRUE(other.append_node(nodes[at].id, raw));
    EXPECT_FALSE(other.append_node(nodes[at].id, raw));
    EXPECT_FALSE(other.append_node({9999, 0}, raw.substr(1)));
  }
  EXPECT_EQ(all(other), all(stream));
  EXPECT_EQ(other.marks().last, stream.marks().last);
  base::Budget budget = base::Budget::unlimited();
  other.destroy_some(Owner::streams, budget);
}

TEST(StreamNode, RejectsWrongCountsFlagsAndLengths) {
  Stream stream(nullptr);
  append(stream, {5, 0}, {"f", "v"}, {});
  append(stream, {6, 0}, {"f", "w"}, {});
  const Stream::Nodes& nodes = stream.nodes();
  const StreamNodeView view = nodes[nodes.first()].view();
  const std::string good(view.pack().raw());
  ASSERT_TRUE(StreamNodeView::valid({5, 0}, good));
  const auto with = [&good](StreamNodeView::Place place, char byte) {
    std::string changed = good;
    changed[place] = byte;
    return changed;
  };
  EXPECT_FALSE(StreamNodeView::valid({5, 0}, with(view.live_place(), 3)));
  EXPECT_FALSE(StreamNodeView::valid({5, 0}, with(view.deleted_place(), 1)));
  EXPECT_FALSE(StreamNodeView::valid({5, 0}, with(view.first_entry(), 7)));
  EXPECT_FALSE(StreamNodeView::valid({5, 0}, with(view.first_entry(), 0)));
  EXPECT_FALSE(StreamNodeView::valid({5, 0}, with(view.pack().last(), 9)));
  EXPECT_FALSE(StreamNodeView::valid({5, 0}, good.substr(0, good.size() - 1)));
  base::Budget budget = base::Budget::unlimited();
  stream.destroy_some(Owner::streams, budget);
}

}  // namespace
}  // namespace larder::types
