// Moving the blocks of a stream. The walk visits the nodes, then each group: itself, its pending
// entries, and each of its consumers with its index of them.

#include "larder/types/stream.h"

namespace larder::types {
namespace {

constexpr memory::Owner kOwner = memory::Owner::streams;

enum Part : std::uint8_t { kHead, kNodes, kGroup, kGroupPending, kConsumer, kConsumerPending };

// All pending entries of a consumer refer to it. One that has more of them stays where it is, so
// that no step takes long; the entries take far more pages than the one that it keeps.
constexpr std::size_t kMostRepointed = 2048;

StreamId id_in(const Relocation& walk) { return {walk.position, walk.sequence}; }

// Moves the leaf of the index that the walk is at and calls fn(Item&) on its items; true if it was
// the last one.
template <typename Index, typename Fn>
bool relocate_leaf(Index& index, Relocation& walk, memory::Mover& mover, Fn fn) {
  auto cursor = index.at_or_after(id_in(walk));
  if (!index.valid(cursor)) return true;
  index.relocate_leaf(kOwner, mover, cursor);
  cursor = index.for_each_in_leaf(cursor, fn);
  if (!index.valid(cursor)) return true;
  const StreamId next = index.key(cursor);
  walk.position = next.ms;
  walk.sequence = next.seq;
  return false;
}

// A group or a consumer, whose name follows it.
template <typename T>
bool relocate_named(T*& named, memory::Mover& mover) {
  return mover.wants(named) && memory::offer(mover, kOwner, named, sizeof(T) + named->name_bytes);
}

}  // namespace

class Stream::Relocator {
 public:
  Relocator(Header& header, Relocation& walk, memory::Mover& mover)
      : header_(header), walk_(walk), mover_(mover) {}

  // Visits a block of a group or consumer, or a leaf of an index with what it points to.
  void step();

 private:
  void relocate_node(NodeRef& node);
  void relocate_pending(Pending*& pending);
  void relocate_group();
  void relocate_consumer(Group& group);
  void step_group(Group& group);

  Header& header_;
  Relocation& walk_;
  memory::Mover& mover_;
};

void Stream::Relocator::step() {
  if (walk_.part == kNodes) {
    const bool at_end =
        relocate_leaf(header_.nodes, walk_, mover_, [this](NodeRef& node) { relocate_node(node); });
    if (at_end) walk_.begin(kGroup);
    return;
  }
  if (walk_.part == kGroup) return relocate_group();
  Group** const group = header_.groups.nearest(walk_.group);
  if (group == nullptr) return walk_.begin(kGroup);
  step_group(**group);
}

void Stream::Relocator::step_group(Group& group) {
  if (walk_.part == kGroupPending) {
    const bool at_end = relocate_leaf(group.pending, walk_, mover_,
                                      [this](Pending*& pending) { relocate_pending(pending); });
    if (at_end) walk_.begin(kConsumer);
    return;
  }
  if (walk_.part == kConsumer) return relocate_consumer(group);
  Consumer** const consumer = group.consumers.nearest(walk_.consumer);
  if (consumer == nullptr) return walk_.begin(kConsumer);
  if (relocate_leaf((*consumer)->pending, walk_, mover_, [](Pending*&) {})) {
    ++walk_.consumer.at;
    walk_.begin(kConsumer);
  }
}

void Stream::Relocator::relocate_node(NodeRef& node) {
  if (!mover_.wants(node.block_)) return;
  const bool is_last = &node == &header_.nodes[header_.nodes.last()];
  const std::size_t bytes = is_last ? header_.last_room : node.view().pack().bytes();
  memory::offer(mover_, kOwner, node.block_, bytes);
}

// It is found in the index of its consumer while its old block is still there.
void Stream::Relocator::relocate_pending(Pending*& pending) {
  if (!mover_.wants(pending)) return;
  Consumer* const consumer = pending->consumer();
  Pending** twin = nullptr;
  if (consumer != nullptr) twin = &consumer->pending[consumer->pending.find(pending->id)];
  if (memory::offer(mover_, kOwner, pending, sizeof(Pending)) && twin != nullptr) *twin = pending;
}

void Stream::Relocator::relocate_group() {
  Group** const group = header_.groups.relocate_at(kOwner, mover_, walk_.group);
  if (group == nullptr) {
    walk_.done = true;
    return;
  }
  relocate_named(*group, mover_);
  (*group)->pending.relocate_array(kOwner, mover_);
  walk_.consumer = {};
  walk_.begin(kGroupPending);
}

void Stream::Relocator::relocate_consumer(Group& group) {
  Consumer** const place = group.consumers.relocate_at(kOwner, mover_, walk_.consumer);
  if (place == nullptr) {
    ++walk_.group.at;
    return walk_.begin(kGroup);
  }
  PendingIndex& pending = (*place)->pending;
  if (pending.size() <= kMostRepointed && relocate_named(*place, mover_)) {
    Consumer* const moved = *place;
    PendingIndex& index = moved->pending;
    for (auto at = index.first(); index.valid(at); at = index.next(at)) {
      index[at]->consumer_ = moved;
    }
  }
  (*place)->pending.relocate_array(kOwner, mover_);
  walk_.begin(kConsumerPending);
}

void Stream::relocate_some(Relocation& walk, memory::Mover& mover, base::Budget& budget) {
  constexpr std::uint32_t kStride = 4;
  if (header_ == nullptr) {
    walk.done = true;
    return;
  }
  if (walk.part == kHead) {
    memory::offer(mover, kOwner, header_, sizeof(Header));
    header_->nodes.relocate_array(kOwner, mover);
    walk.begin(kNodes);
  }
  Relocator relocator(*header_, walk, mover);
  do {
    relocator.step();
  } while (!walk.done && !budget.spent(kStride));
}

}  // namespace larder::types
