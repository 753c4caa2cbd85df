#include "larder/types/stream.h"
#include "type_rows.h"

namespace larder::types {
namespace {

std::size_t footprint(const void* storage) { return ReadOnly<Stream>(storage)->footprint(); }
std::string_view encoding(const void*) { return "stream"; }
void* copy(const void* storage) { return ReadOnly<Stream>(storage)->copy().storage(); }
bool destroy_some(void* storage, memory::Owner owner, base::Budget& budget) {
  return Stream(storage).destroy_some(owner, budget);
}
void* relocate_some(void* storage, Relocation& walk, memory::Mover& mover, base::Budget& budget) {
  Stream stream(storage);
  stream.relocate_some(walk, mover, budget);
  return stream.storage();
}
std::size_t free_effort(const void* storage) { return ReadOnly<Stream>(storage)->free_effort(); }
std::size_t size(const void* storage) { return ReadOnly<Stream>(storage)->size(); }

}  // namespace

std::size_t Stream::free_effort() const {
  std::size_t effort = nodes().size();
  for (const Group* group : groups()) {
    effort += 1 + group->consumers.size() + group->pending.size();
  }
  return effort;
}

Stream Stream::copy() const {
  Stream copied(nullptr);
  if (header_ == nullptr) return copied;
  copied.create();
  Tally tally = copied.tally();
  const Nodes& nodes = header_->nodes;
  for (auto at = nodes.first(); nodes.valid(at); at = nodes.next(at)) {
    const std::string_view raw = nodes[at].view().pack().raw();
    void* block = tally.allocate(raw.size());
    std::memcpy(block, raw.data(), raw.size());
    copied.header_->nodes.insert(tally, {nodes[at].id, block});
    copied.header_->last_room = memory::dataset_class(raw.size());
  }
  copied.header_->marks = header_->marks;
  copied.copy_groups(*this);
  return copied;
}

bool Stream::destroy_some(memory::Owner owner, base::Budget& budget) {
  Tally tally(owner, header_->bytes);
  if (!destroy_groups_some(tally, budget)) return false;
  Nodes& nodes = header_->nodes;
  const void* last = nodes.empty() ? nullptr : nodes[nodes.last()].block_;
  while (!nodes.empty()) {
    nodes.pop_leaf(tally, [&](const NodeRef& node) {
      const bool has_room = node.block_ == last && header_->last_room != 0;
      tally.release(node.block_, has_room ? header_->last_room : node.view().pack().bytes());
    });
    // The other nodes are closed.
    header_->last_room = 0;
    if (budget.spent()) return false;
  }
  memory::release(owner, header_, sizeof(Header));
  header_ = nullptr;
  return true;
}

const TypeRow kStreamRow{.name = "stream",
                         .owner = memory::Owner::streams,
                         .footprint = footprint,
                         .encoding = encoding,
                         .copy = copy,
                         .destroy_some = destroy_some,
                         .relocate_some = relocate_some,
                         .free_effort = free_effort,
                         .size = size};

}  // namespace larder::types
