// Random changes of values and, between them, steps of relocation: compared with models.

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/types/relocation_support.h"

namespace larder::types::relocation {
namespace {

constexpr std::int64_t kDeadlineMs = 1'000'000;

// A value with its model; both change together.
class Changing {
 public:
  explicit Changing(Type type) : value(type) {}
  virtual ~Changing() = default;
  // Grows, or shrinks if not `grows`, as a tendency.
  virtual void change(base::Rng& rng, bool grows) = 0;
  virtual Contents expected() const = 0;
  // That the model has from the owner of the value.
  virtual std::size_t model_bytes() const { return 0; }

  Owned value;
};

std::string name(base::Rng& rng, std::uint64_t names) {
  const std::uint64_t i = rng.below(names);
  return std::to_string(i) + std::string(i % 40, 'n');
}

class ChangingHash final : public Changing {
 public:
  ChangingHash() : Changing(Type::hash) {}
  void change(base::Rng& rng, bool grows) override {
    Hash hash(value.storage);
    const std::string field = name(rng, 3000);
    if (rng.below(10) < (grows ? 7u : 2u)) {
      const std::string text = std::string(rng.below(60), 'v');
      hash.set(field, text, kLimits, 0);
      model_[field] = {text, 0};
    } else if (rng.below(8) == 0) {
      const auto found = model_.find(field);
      EXPECT_EQ(hash.set_deadline(field, kDeadlineMs, 0), found != model_.end());
      if (found != model_.end()) found->second.deadline = kDeadlineMs;
    } else {
      EXPECT_EQ(hash.erase(field, 0), model_.erase(field) == 1);
    }
    value.storage = hash.storage();
  }
  Contents expected() const override {
    Contents contents;
    for (const auto& [field, stored] : model_) {
      contents.push_back(field + "=" + stored.text + "@" + std::to_string(stored.deadline));
    }
    std::sort(contents.begin(), contents.end());
    return contents;
  }

 private:
  static constexpr HashLimits kLimits{50, 64};
  struct Stored {
    std::string text;
    std::int64_t deadline;
  };
  std::map<std::string, Stored> model_;
};

class ChangingSet final : public Changing {
 public:
  ChangingSet() : Changing(Type::set) {}
  void change(base::Rng& rng, bool grows) override {
    Set set(value.storage);
    const bool integers = model_.size() < 30;
    const std::string member = integers ? std::to_string(rng.below(3000)) : name(rng, 3000);
    if (rng.below(10) < (grows ? 7u : 2u)) {
      EXPECT_EQ(set.add(member, SetLimits{40, 60, 64}), model_.insert(member).second);
    } else {
      EXPECT_EQ(set.remove(member), model_.erase(member) == 1);
    }
    value.storage = set.storage();
  }
  Contents expected() const override { return {model_.begin(), model_.end()}; }

 private:
  std::set<std::string> model_;
};

class ChangingSortedSet final : public Changing {
 public:
  // Few scores make the order depend on the members.
  explicit ChangingSortedSet(std::uint64_t scores) : Changing(Type::sorted_set), scores_(scores) {}
  void change(base::Rng& rng, bool grows) override {
    SortedSet set(value.storage);
    const std::string member = name(rng, 3000);
    if (rng.below(10) < (grows ? 7u : 2u)) {
      const auto score = static_cast<double>(rng.below(scores_));
      set.put(member, score, {}, {50, 64});
      model_[member] = score;
    } else {
      EXPECT_EQ(set.erase(member), model_.erase(member) == 1);
    }
    value.storage = set.storage();
  }
  Contents expected() const override {
    std::set<std::pair<double, std::string>> order;
    for (const auto& [member, score] : model_) order.insert({score, member});
    Contents contents;
    for (const auto& [score, member] : order) {
      contents.push_back(member + "=" + std::to_string(score));
    }
    return contents;
  }

 private:
  const std::uint64_t scores_;
  std::map<std::string, double> model_;
};

class ChangingList final : public Changing {
 public:
  explicit ChangingList(const ListLimits& limits) : Changing(Type::list), limits_(limits) {}
  void change(base::Rng& rng, bool grows) override {
    List list(value.storage);
    const std::string text = name(rng, 500);
    const ListEnd end = rng.below(2) == 0 ? ListEnd::head : ListEnd::tail;
    if (rng.below(10) < (grows ? 7u : 2u)) {
      list.admit(limits_, text.size(), 1);
      list.push(limits_, end, text);
      end == ListEnd::head ? model_.push_front(text) : model_.push_back(text);
    } else if (rng.below(3) == 0 && !model_.empty()) {
      change_inside(list, rng, text);
    } else {
      const std::size_t count = std::min<std::size_t>(rng.below(grows ? 3 : 60), model_.size());
      list.drop(end, count);
      const auto begin = end == ListEnd::head ? model_.begin() : model_.end() - count;
      model_.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
    }
    list.compact(limits_);
    value.storage = list.storage();
  }
  Contents expected() const override { return {model_.begin(), model_.end()}; }

 private:
  void change_inside(List& list, base::Rng& rng, const std::string& text) {
    const std::size_t at = rng.below(model_.size());
    list.admit(limits_, text.size(), 1);
    if (rng.below(2) == 0) {
      EXPECT_TRUE(list.replace(limits_, static_cast<std::int64_t>(at), text));
      model_[at] = text;
      return;
    }
    const std::string pivot = model_[at];
    const auto place = std::find(model_.begin(), model_.end(), pivot);
    EXPECT_TRUE(list.insert(limits_, ListNeedle(pivot), ListSide::before, text));
    model_.insert(place, text);
  }

  const ListLimits limits_;
  std::deque<std::string> model_;
};

// Its model is another stream that gets the same changes and does not move.
class ChangingStream final : public Changing {
 public:
  ChangingStream() : Changing(Type::stream) {}
  ~ChangingStream() override {
    base::Budget budget = base::Budget::unlimited();
    if (!model_.empty()) Stream(model_.storage()).destroy_some(memory::Owner::streams, budget);
  }
  void change(base::Rng& rng, bool grows) override {
    const std::uint64_t seed = rng.next();
    apply(model_, seed, grows);
    Stream stream(value.storage);
    apply(stream, seed, grows);
    value.storage = stream.storage();
    if (rng.below(2) == 0) ++last_;
  }
  Contents expected() const override { return relocation::contents_of(model_); }
  std::size_t model_bytes() const override { return model_.footprint(); }

 private:
  void apply(Stream& stream, std::uint64_t seed, bool grows) const {
    base::Rng rng(seed);
    stream.create();
    const std::uint64_t kind = rng.below(20);
    if (kind < (grows ? 10u : 2u)) {
      const std::string text(rng.below(80), 'e');
      const std::array<std::string_view, 2> pair{"f", text};
      const StreamId id{last_, stream.marks().added};
      stream.append(id, pair, {.bytes = 1024, .entries = 20});
    } else if (kind < 12) {
      const auto node = stream.nodes().at_or_before({rng.below(last_ + 1), 0});
      if (stream.nodes().valid(node)) stream.erase(stream.nodes()[node].id);
    } else if (kind == 12 && !grows) {
      stream.trim({.entries = stream.size() * 9 / 10, .whole_nodes = true});
    } else {
      change_groups(stream, rng, grows);
    }
  }
  void change_groups(Stream& stream, base::Rng& rng, bool grows) const {
    const std::string group_name = "g" + std::to_string(rng.below(160));
    Group* group = stream.group(group_name);
    if (group == nullptr) {
      if (grows || rng.below(3) == 0)
        stream.create_group(group_name, StreamId{rng.below(99), 0}, 0);
      return;
    }
    if (rng.below(60) == 0) {
      stream.destroy_group(group_name);
      return;
    }
    const std::string consumer_name = "c" + std::to_string(rng.below(rng.below(2) == 0 ? 3 : 300));
    Consumer* consumer = group->consumer(consumer_name);
    if (consumer == nullptr) {
      stream.create_consumer(*group, consumer_name, 0);
    } else if (rng.below(40) == 0) {
      stream.destroy_consumer(*group, *consumer);
    } else {
      change_pending(stream, *group, *consumer, rng, grows);
    }
  }
  void change_pending(Stream& stream, Group& group, Consumer& consumer, base::Rng& rng,
                      bool grows) const {
    for (int i = 0; i < 30; ++i) {
      const StreamId id{rng.below(400), 0};
      Pending* pending = group.find(id);
      if (pending != nullptr && !grows) {
        stream.acknowledge(group, id);
        continue;
      }
      if (pending == nullptr && grows) pending = stream.add_pending(group, id, 0);
      if (pending != nullptr) stream.assign(*pending, consumer);
    }
  }

  Stream model_{nullptr};
  std::uint64_t last_ = 1;
};

struct Kind {
  const char* name;
  std::unique_ptr<Changing> (*make)();
};

const Kind kKinds[] = {
    {"Hash", []() -> std::unique_ptr<Changing> { return std::make_unique<ChangingHash>(); }},
    {"Set", []() -> std::unique_ptr<Changing> { return std::make_unique<ChangingSet>(); }},
    {"SortedSet",
     []() -> std::unique_ptr<Changing> { return std::make_unique<ChangingSortedSet>(100'000); }},
    {"SortedSetOfFewScores",
     []() -> std::unique_ptr<Changing> { return std::make_unique<ChangingSortedSet>(2); }},
    {"List",
     []() -> std::unique_ptr<Changing> {
       return std::make_unique<ChangingList>(ListLimits{.fill = 8});
     }},
    {"CompressedList",
     []() -> std::unique_ptr<Changing> {
       return std::make_unique<ChangingList>(ListLimits{.fill = 5, .depth = 2, .plain_from = 39});
     }},
    {"Stream", []() -> std::unique_ptr<Changing> { return std::make_unique<ChangingStream>(); }},
};

class RelocationOfChanging : public ::testing::TestWithParam<Kind> {
 protected:
  // Each change is followed by `steps` steps on average.
  static void run(TestMover& mover, int changes, std::uint64_t steps_in_four) {
    const std::unique_ptr<Changing> changing = GetParam().make();
    base::Rng rng(steps_in_four);
    Relocated walk(changing->value.type(), mover);
    int passes = 0;
    for (int i = 0; i < changes; ++i) {
      changing->change(rng, i / 1000 % 2 == 0);
      for (std::uint64_t n = rng.below(2 * steps_in_four) / 4; n > 0; --n) {
        if (changing->value.storage == nullptr || !walk.step(changing->value.storage)) continue;
        ++passes;
        mover.begin_pass();
      }
      if (i % 500 != 0) continue;
      changing->value.expect_footprint(changing->model_bytes());
      ASSERT_EQ(changing->value.contents(), changing->expected()) << i;
    }
    ASSERT_EQ(changing->value.contents(), changing->expected());
    EXPECT_GT(passes, 3);
  }
};

TEST_P(RelocationOfChanging, KeepsContentsWhenAllMoves) {
  TestMover mover;
  run(mover, 4000, 10);
}

TEST_P(RelocationOfChanging, KeepsContentsWhenSomeMove) {
  TestMover mover(3);
  run(mover, 4000, 20);
}

INSTANTIATE_TEST_SUITE_P(Types, RelocationOfChanging, ::testing::ValuesIn(kKinds),
                         [](const auto& each) { return std::string(each.param.name); });

// The blocks that are there from the start of a pass to its end move, whatever changes meanwhile.
TEST(Relocation, ReachesMembersThatStay) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    Owned value(Type::set);
    base::Rng rng(seed);
    Set set;
    for (int i = 0; i < 6'000; ++i) set.add("stays" + std::to_string(i), SetLimits{});
    value.storage = set.storage();
    TestMover mover;
    Relocated walk(Type::set, mover);
    std::vector<const void*> stay;
    set.table()->for_each([&stay](const SetMember* member) { stay.push_back(member); });
    // Segments split in odd seeds, and merge in even ones.
    const int others = 20'000;
    for (int i = 0; i < others && seed % 2 == 0; ++i) {
      set.add("goes" + std::to_string(i), SetLimits{});
    }
    value.storage = set.storage();
    int next = 0;
    bool at_end = false;
    while (!at_end) {
      at_end = walk.step(value.storage);
      Set now(value.storage);
      for (std::uint64_t n = rng.below(1500); n > 0 && next < others; --n, ++next) {
        const std::string other = "goes" + std::to_string(next);
        seed % 2 == 0 ? now.remove(other) : now.add(other, SetLimits{});
      }
      value.storage = now.storage();
    }
    EXPECT_GT(next, others / 4);
    for (const void* member : stay) EXPECT_TRUE(mover.has_moved(member));
  }
}

TEST(Relocation, ReachesNodesOfAQueueThatMovesOn) {
  constexpr ListLimits kLimits{.fill = 4};
  constexpr int kElements = 8000;
  constexpr int kPassed = 40;  // between two steps; a step visits 128 elements
  Owned value(Type::list);
  List list(nullptr);
  list.admit(kLimits, 100'000, kElements);
  const auto push = [&kLimits](List& to, int i) {
    to.push(kLimits, ListEnd::tail, std::to_string(i));
  };
  for (int i = 0; i < kElements; ++i) push(list, i);
  std::vector<const void*> nodes;
  list.for_each_node([&nodes](bool, std::string_view bytes) { nodes.push_back(bytes.data()); });
  ASSERT_EQ(nodes.size(), kElements / 4u);
  value.storage = list.storage();
  TestMover mover;
  Relocated walk(Type::list, mover);
  int next = kElements;
  while (!walk.step(value.storage)) {
    List now(value.storage);
    now.drop(ListEnd::head, kPassed);
    for (int i = 0; i < kPassed; ++i) push(now, next++);
    value.storage = now.storage();
  }
  const auto gone = static_cast<std::size_t>(next - kElements) / 4;
  EXPECT_GT(gone, nodes.size() / 4);
  ASSERT_LT(gone, nodes.size());
  for (std::size_t i = gone; i < nodes.size(); ++i) EXPECT_TRUE(mover.has_moved(nodes[i])) << i;
}

}  // namespace
}  // namespace larder::types::relocation
