// Groups, consumers and pending entries, compared with a model of maps.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "larder/base/rng.h"
#include "larder/types/stream.h"

namespace larder::types {
namespace {

using memory::Owner;

struct Delivery {
  std::string consumer;
  std::uint64_t deliveries;
  friend bool operator==(const Delivery&, const Delivery&) = default;
};
using Deliveries = std::map<StreamId, Delivery>;

struct GroupModel {
  Deliveries pending;
  // Each consumer with the ids of its pending entries.
  std::map<std::string, std::map<StreamId, bool>> consumers;
  friend bool operator==(const GroupModel&, const GroupModel&) = default;
};
using GroupsModel = std::map<std::string, GroupModel>;

GroupsModel model_of(const Stream& stream) {
  GroupsModel model;
  for (const Group* group : stream.groups()) {
    GroupModel& found = model[std::string(group->name())];
    const PendingIndex& index = group->pending;
    for (auto at = index.first(); index.valid(at); at = index.next(at)) {
      const Pending& pending = *index[at];
      found.pending[pending.id] = {std::string(pending.consumer()->name()), pending.deliveries};
    }
    EXPECT_EQ(found.pending.size(), index.size());
    for (const Consumer* consumer : group->consumers) {
      auto& owned = found.consumers[std::string(consumer->name())];
      const PendingIndex& own = consumer->pending;
      for (auto at = own.first(); own.valid(at); at = own.next(at)) owned[own[at]->id] = true;
      EXPECT_EQ(owned.size(), own.size());
    }
  }
  return model;
}

class StreamGroups : public testing::Test {
 protected:
  void TearDown() override {
    expect_footprint(before, stream);
    base::Budget budget = base::Budget::unlimited();
    EXPECT_TRUE(stream.empty() || stream.destroy_some(Owner::streams, budget));
    EXPECT_EQ(memory::balance(Owner::streams), before);
  }
  static void expect_footprint(std::int64_t base, const Stream& one) {
    EXPECT_EQ(memory::balance(Owner::streams), base + static_cast<std::int64_t>(one.footprint()));
  }

  std::string name(char first) { return first + std::to_string(rng.below(4)); }
  StreamId id() { return {1 + rng.below(40), rng.below(50)}; }

  void step() {
    const std::string group_name = name('g');
    Group* group = stream.group(group_name);
    ASSERT_EQ(group != nullptr, model.count(group_name) == 1);
    if (group == nullptr) {
      stream.create_group(group_name, id(), Group::kUnknown);
      model[group_name];
    } else if (rng.below(400) == 0) {
      EXPECT_TRUE(stream.destroy_group(group_name));
      model.erase(group_name);
    } else {
      change(*group, model[group_name]);
    }
  }

  void change(Group& group, GroupModel& expected) {
    const StreamId chosen = id();
    Pending* pending = group.find(chosen);
    ASSERT_EQ(pending != nullptr, expected.pending.count(chosen) == 1);
    if (rng.below(100) == 0) return drop_consumer(group, expected);
    if (pending == nullptr) return deliver(group, expected, chosen);
    redeliver(group, expected, *pending);
  }

  Consumer& consumer_of(Group& group, GroupModel& expected, const std::string& wanted) {
    Consumer* found = group.consumer(wanted);
    EXPECT_EQ(found != nullptr, expected.consumers.count(wanted) == 1);
    expected.consumers[wanted];
    return found != nullptr ? *found : *stream.create_consumer(group, wanted, 1);
  }

  void deliver(Group& group, GroupModel& expected, StreamId chosen) {
    const std::string wanted = name('c');
    Consumer& consumer = consumer_of(group, expected, wanted);
    stream.assign(*stream.add_pending(group, chosen, 9), consumer);
    expected.pending[chosen] = {wanted, 1};
    expected.consumers[wanted][chosen] = true;
  }

  // Moves to another consumer, or is acknowledged.
  void redeliver(Group& group, GroupModel& expected, Pending& pending) {
    const StreamId chosen = pending.id;
    Delivery& delivery = expected.pending[chosen];
    expected.consumers[delivery.consumer].erase(chosen);
    if (rng.below(2) == 0) {
      EXPECT_TRUE(stream.acknowledge(group, chosen));
      EXPECT_FALSE(stream.acknowledge(group, chosen));
      expected.pending.erase(chosen);
      return;
    }
    delivery = {name('c'), delivery.deliveries + 1};
    stream.assign(pending, consumer_of(group, expected, delivery.consumer));
    ++pending.deliveries;
    expected.consumers[delivery.consumer][chosen] = true;
  }

  void drop_consumer(Group& group, GroupModel& expected) {
    const std::string wanted = name('c');
    Consumer* consumer = group.consumer(wanted);
    if (consumer == nullptr) return;
    const auto owned = expected.consumers[wanted];
    EXPECT_EQ(stream.destroy_consumer(group, *consumer), owned.size());
    for (const auto& [gone, unused] : owned) expected.pending.erase(gone);
    expected.consumers.erase(wanted);
  }

  const std::int64_t before = memory::balance(Owner::streams);
  Stream stream{nullptr};
  base::Rng rng{23};
  GroupsModel model;
};

TEST_F(StreamGroups, AgreeWithMapsThroughRandomChanges) {
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 500; ++i) step();
    ASSERT_EQ(model_of(stream), model);
    expect_footprint(before, stream);
  }
  std::size_t most = 0;
  for (const auto& [unused, group] : model) most = std::max(most, group.pending.size());
  EXPECT_GT(most, 300u);
}

TEST_F(StreamGroups, AreCopiedCompletely) {
  for (int i = 0; i < 5000; ++i) step();
  const std::int64_t one = memory::balance(Owner::streams);
  Stream copy = stream.copy();
  expect_footprint(one, copy);
  EXPECT_EQ(model_of(copy), model);
  base::Budget budget = base::Budget::unlimited();
  copy.destroy_some(Owner::streams, budget);
  EXPECT_EQ(model_of(stream), model);
}

// 5,000 entries pending, nine of ten one consumer's.
Stream stream_with_pending() {
  Stream stream(nullptr);
  Group& group = *stream.create_group("g", {}, 0);
  Consumer& many = *stream.create_consumer(group, "many", 1);
  Consumer& few = *stream.create_consumer(group, "few", 1);
  for (std::uint64_t i = 1; i <= 5000; ++i) {
    stream.assign(*stream.add_pending(group, {i, 0}, 1), i % 10 == 0 ? few : many);
  }
  return stream;
}

void destroy_in_steps(Stream stream) {
  while (true) {
    base::Budget budget = base::Budget::unlimited();
    if (stream.destroy_some(memory::Owner::streams, budget)) break;
  }
}

TEST(TakenFromStreams, GroupsKeepTheirEntriesAndBytes) {
  const auto before = memory::balance(memory::Owner::streams);
  Stream stream = stream_with_pending();
  stream.create_group("h", {}, 0);
  const std::size_t all = stream.footprint();
  Stream taken = stream.take_group(*stream.group("g"));
  EXPECT_EQ(stream.group("g"), nullptr);
  EXPECT_NE(stream.group("h"), nullptr);
  EXPECT_LT(stream.footprint(), 1000u);
  EXPECT_GT(taken.footprint() + stream.footprint(), all);
  EXPECT_EQ(memory::balance(memory::Owner::streams) - before,
            static_cast<std::int64_t>(taken.footprint() + stream.footprint()));
  destroy_in_steps(std::move(taken));
  EXPECT_EQ(memory::balance(memory::Owner::streams) - before,
            static_cast<std::int64_t>(stream.footprint()));
  destroy_in_steps(std::move(stream));
  EXPECT_EQ(memory::balance(memory::Owner::streams), before);
}

TEST(TakenFromStreams, ConsumersKeepOnlyTheirEntries) {
  const auto before = memory::balance(memory::Owner::streams);
  Stream stream = stream_with_pending();
  Group& group = *stream.group("g");
  Stream taken = stream.take_consumer(group, *group.consumer("many"));
  EXPECT_EQ(group.consumer("many"), nullptr);
  EXPECT_EQ(group.pending.size(), 500u);
  EXPECT_EQ(group.find({9, 0}), nullptr);
  ASSERT_NE(group.find({10, 0}), nullptr);
  EXPECT_EQ(group.find({10, 0})->consumer(), group.consumer("few"));
  EXPECT_EQ((*taken.groups().begin())->pending.size(), 4500u);
  EXPECT_EQ(memory::balance(memory::Owner::streams) - before,
            static_cast<std::int64_t>(taken.footprint() + stream.footprint()));
  destroy_in_steps(std::move(taken));
  for (std::uint64_t i = 10; i <= 5000; i += 10) EXPECT_TRUE(stream.acknowledge(group, {i, 0}));
  EXPECT_EQ(memory::balance(memory::Owner::streams) - before,
            static_cast<std::int64_t>(stream.footprint()));
  destroy_in_steps(std::move(stream));
  EXPECT_EQ(memory::balance(memory::Owner::streams), before);
}

}  // namespace
}  // namespace larder::types
