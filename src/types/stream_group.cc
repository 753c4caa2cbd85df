#include "larder/types/stream_group.h"

#include <algorithm>
#include <new>
#include <utility>

#include "larder/types/stream.h"

namespace larder::types {
namespace {

template <typename T>
T* make_named(Tally& tally, std::string_view name) {
  T* made = new (tally.allocate(sizeof(T) + name.size())) T{};
  made->name_bytes = static_cast<std::uint32_t>(name.size());
  std::copy(name.begin(), name.end(), reinterpret_cast<char*>(made + 1));
  return made;
}

template <typename T>
void release_named(Tally& tally, T* named) noexcept {
  tally.release(named, sizeof(T) + named->name_bytes);
}

template <typename T>
std::size_t named_bytes(const T& named) {
  return memory::dataset_class(sizeof(T) + named.name_bytes) + named.pending.bytes();
}

std::size_t pending_bytes(std::size_t count) {
  return count * memory::dataset_class(sizeof(Pending));
}

}  // namespace

Group* Stream::group(std::string_view name) {
  return header_ == nullptr ? nullptr : header_->groups.find(name);
}

const Group* Stream::group(std::string_view name) const {
  return header_ == nullptr ? nullptr : header_->groups.find(name);
}

Group* Stream::create_group(std::string_view name, StreamId last, std::int64_t entries_read) {
  create();
  if (group(name) != nullptr) return nullptr;
  Tally tally = this->tally();
  Group* made = make_named<Group>(tally, name);
  made->last_id = last;
  made->entries_read = entries_read;
  header_->groups.insert(tally, made);
  return made;
}

Consumer* Stream::create_consumer(Group& group, std::string_view name, std::int64_t now_ms) {
  Tally tally = this->tally();
  auto* made = make_named<Consumer>(tally, name);
  made->seen_ms = now_ms;
  made->active_ms = Consumer::kNever;
  group.consumers.insert(tally, made);
  return made;
}

void Stream::release_pending(Tally& tally, Pending& pending) {
  tally.release(&pending, sizeof(Pending));
}

void Stream::take_from_consumer(Tally& tally, Pending& pending) {
  if (pending.consumer_ == nullptr) return;
  PendingIndex& index = pending.consumer_->pending;
  index.erase(tally, index.find(pending.id));
}

std::size_t Stream::destroy_consumer(Group& group, Consumer& consumer) {
  Tally tally = this->tally();
  const std::size_t count = consumer.pending.size();
  while (!consumer.pending.empty()) {
    consumer.pending.pop_leaf(tally, [&](Pending* pending) {
      group.pending.erase(tally, group.pending.find(pending->id));
      release_pending(tally, *pending);
    });
  }
  group.consumers.erase(tally, consumer);
  release_named(tally, &consumer);
  return count;
}

Pending* Stream::add_pending(Group& group, StreamId id, std::int64_t now_ms) {
  Tally tally = this->tally();
  auto* pending = new (tally.allocate(sizeof(Pending))) Pending(id, now_ms);
  group.pending.insert(tally, pending);
  return pending;
}

void Stream::assign(Pending& pending, Consumer& consumer) {
  if (pending.consumer_ == &consumer) return;
  Tally tally = this->tally();
  take_from_consumer(tally, pending);
  pending.consumer_ = &consumer;
  consumer.pending.insert(tally, &pending);
}

bool Stream::acknowledge(Group& group, StreamId id) {
  const auto cursor = group.pending.find(id);
  if (!group.pending.valid(cursor)) return false;
  Tally tally = this->tally();
  Pending& pending = *group.pending[cursor];
  take_from_consumer(tally, pending);
  group.pending.erase(tally, cursor);
  release_pending(tally, pending);
  return true;
}

// Pending entries are freed with the group's leaves; the pointers of consumers are then invalid.
bool Stream::empty_group_some(Tally& tally, Group& group, base::Budget& budget) {
  while (!group.pending.empty()) {
    group.pending.pop_leaf(tally, [&](Pending* pending) { release_pending(tally, *pending); });
    if (budget.spent()) return false;
  }
  while (!group.consumers.empty()) {
    Consumer* consumer = group.consumers.last();
    while (!consumer->pending.empty()) {
      consumer->pending.pop_leaf(tally, [](Pending*) {});
      if (budget.spent()) return false;
    }
    group.consumers.erase(tally, *consumer);
    release_named(tally, consumer);
    if (budget.spent()) return false;
  }
  return true;
}

bool Stream::destroy_groups_some(Tally& tally, base::Budget& budget) {
  NameIndex<Group>& groups = header_->groups;
  while (!groups.empty()) {
    Group& group = *groups.last();
    if (!empty_group_some(tally, group, budget)) return false;
    groups.erase(tally, group);
    release_named(tally, &group);
  }
  return true;
}

bool Stream::destroy_group(std::string_view name) {
  Group* found = group(name);
  if (found == nullptr) return false;
  Tally tally = this->tally();
  base::Budget budget = base::Budget::unlimited();
  header_->groups.erase(tally, *found);
  empty_group_some(tally, *found, budget);
  release_named(tally, found);
  return true;
}

void Stream::hand_over(Stream& to, Group& group, std::size_t bytes) {
  to.create();
  header_->bytes -= bytes;
  to.header_->bytes += bytes;
  Tally tally = to.tally();
  to.header_->groups.insert(tally, &group);
}

Stream Stream::take_group(Group& group) {
  Tally tally = this->tally();
  header_->groups.erase(tally, group);
  std::size_t bytes =
      named_bytes(group) + group.consumers.bytes() + pending_bytes(group.pending.size());
  for (const Consumer* consumer : group.consumers) bytes += named_bytes(*consumer);
  Stream taken(nullptr);
  hand_over(taken, group, bytes);
  return taken;
}

// The group starts a new index; the old one is freed, with the entries that only it has.
Stream Stream::take_consumer(Group& group, Consumer& consumer) {
  Tally tally = this->tally();
  group.consumers.erase(tally, consumer);
  Group& dead = *make_named<Group>(tally, {});
  dead.pending = std::exchange(group.pending, {});
  for (Consumer* other : group.consumers) {
    PendingIndex& index = other->pending;
    for (auto at = index.first(); index.valid(at); at = index.next(at)) {
      dead.pending.erase(tally, dead.pending.find(index[at]->id));
      group.pending.insert(tally, index[at]);
    }
  }
  dead.consumers.insert(tally, &consumer);
  const std::size_t bytes = named_bytes(dead) + dead.consumers.bytes() + named_bytes(consumer) +
                            pending_bytes(dead.pending.size());
  Stream taken(nullptr);
  hand_over(taken, dead, bytes);
  return taken;
}

void Stream::copy_groups(const Stream& from) {
  for (const Group* group : from.groups()) {
    Group& copied = *create_group(group->name(), group->last_id, group->entries_read);
    for (const Consumer* consumer : group->consumers) {
      create_consumer(copied, consumer->name(), consumer->seen_ms)->active_ms = consumer->active_ms;
    }
    const PendingIndex& index = group->pending;
    for (auto at = index.first(); index.valid(at); at = index.next(at)) {
      Pending& pending = *add_pending(copied, index[at]->id, index[at]->delivered_ms);
      pending.deliveries = index[at]->deliveries;
      assign(pending, *copied.consumer(index[at]->consumer()->name()));
    }
  }
}

}  // namespace larder::types
