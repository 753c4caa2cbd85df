#include <algorithm>

#include "quicklist.h"

namespace larder::types {
namespace {

using Kind = ListBlock::Kind;
using Place = ListpackView::Place;
constexpr Place kEnd = ListpackView::kEnd;
constexpr Place kHead = ListpackView::kHeaderBytes;

// Whether a block has room for `elements` more of `bytes` together.
bool has_room(const ListLimits& limits, const ListBlock& block, std::size_t bytes,
              std::size_t elements) {
  return block.kind() == Kind::packed &&
         limits.admits(ListBlock::kHeadBytes + block.pack().bytes() + bytes,
                       block.elements() + elements);
}

}  // namespace

void Quicklist::insert_at(Node node, Place place, const ListpackElement& element) {
  chain_.replace(node, ListBlock::insert(block(node), place, element));
}

ListBlock* Quicklist::make_block(std::string_view text, const ListLimits& limits) {
  if (limits.is_plain(text.size())) return ListBlock::create_plain(text);
  const auto element = ListpackElement::of(text);
  return ListBlock::insert(ListBlock::create_pack(element.bytes()), kEnd, element);
}

void Quicklist::push(const ListLimits& limits, ListEnd end, std::string_view text) {
  const Node node = chain_.end(end);
  if (node && !limits.is_plain(text.size())) {
    const auto element = ListpackElement::of(text);
    if (has_room(limits, *block(node), element.bytes(), 1)) {
      insert_at(node, end == ListEnd::head ? block(node)->pack().first() : kEnd, element);
      return;
    }
  }
  chain_.insert(end == ListEnd::head ? node : Node{}, make_block(text, limits));
  settle();
}

bool Quicklist::append_pack(const ListLimits& limits, std::string_view raw) {
  const ListpackView pack(reinterpret_cast<const std::uint8_t*>(raw.data()));
  const std::size_t elements = pack.size();
  if (limits.plain_from != 0 || !limits.admits(raw.size(), elements)) return false;
  const Node last = chain_.last();
  if (last && has_room(limits, *block(last), raw.size(), elements)) {
    chain_.replace(last, ListBlock::append(block(last), pack, pack.first()));
    return true;
  }
  chain_.insert({}, ListBlock::copy_pack(raw));
  settle();
  return true;
}

void Quicklist::drop(ListEnd end, std::size_t count) {
  count = std::min(count, size());
  const std::size_t nodes_before = nodes();
  while (count > 0) {
    const Node node = chain_.end(end);
    const std::size_t held = NodeChain::node(node).elements;
    if (count >= held) {
      chain_.erase(node);
      count -= held;
      continue;
    }
    open(node);
    const auto at = end == ListEnd::head ? std::int64_t{0} : -static_cast<std::int64_t>(count);
    chain_.replace(node, ListBlock::erase(block(node), block(node)->pack().at(at), count));
    break;
  }
  if (nodes() != nodes_before) settle();
}

NodePlace Quicklist::split(Node node, Place place) {
  const ListpackView pack = block(node)->pack();
  ListBlock* behind = ListBlock::create_pack(pack.bytes() - place);
  behind = ListBlock::append(behind, pack, place);
  chain_.replace(node, ListBlock::fit(ListBlock::cut(block(node), place)));
  return chain_.insert(NodeChain::after(node), behind);
}

bool Quicklist::join(const ListLimits& limits, Node& node) {
  const Node into = NodeChain::before(node);
  const ListBlock& moved = *block(node);
  if (!into || moved.kind() != Kind::packed ||
      !has_room(limits, *block(into), moved.pack().bytes(), moved.elements())) {
    return false;
  }
  chain_.replace(into, ListBlock::append(block(into), moved.pack(), moved.pack().first()));
  unlink(node, ListEnd::tail);
  return true;
}

// At the ends of a full node its neighbour may have room.
bool Quicklist::insert_near(const ListLimits& limits, const Spot& spot, std::string_view text) {
  if (limits.is_plain(text.size())) return false;
  const auto element = ListpackElement::of(text);
  if (has_room(limits, *block(spot.node), element.bytes(), 1)) {
    insert_at(spot.node, spot.place, element);
    settle(spot.node);
    return true;
  }
  const bool at_head = spot.is_head();
  if (!at_head && spot.place != kEnd) return false;
  const Node near = at_head ? NodeChain::before(spot.node) : NodeChain::after(spot.node);
  if (!near) return false;
  open(near);
  if (!has_room(limits, *block(near), element.bytes(), 1)) return false;
  insert_at(near, at_head ? kEnd : block(near)->pack().first(), element);
  settle(near);
  return true;
}

void Quicklist::insert_before(const ListLimits& limits, const Spot& spot, std::string_view text) {
  if (insert_near(limits, spot, text)) return;
  Node behind = NodeChain::after(spot.node);
  if (spot.is_head()) {
    behind = spot.node;
  } else if (spot.place != kEnd) {
    behind = split(spot.node, spot.place);
  }
  // Small parts of a split are merged with their neighbours.
  Node centre = chain_.insert(behind, make_block(text, limits));
  join(limits, centre);
  const Node next = NodeChain::after(centre);
  if (Node second = next ? NodeChain::after(next) : next) {
    centre = NodeChain::before(join(limits, second) ? second : NodeChain::before(second));
  }
  join(limits, centre);
  settle(centre);
}

Quicklist::Spot Quicklist::find(const ListNeedle& needle) {
  for (Node node = chain_.first(); node; node = NodeChain::after(node)) {
    if (block(node)->kind() == Kind::plain) {
      if (needle.matches(String(block(node)->plain()))) return {node, kHead};
    } else if (block(node)->holds(needle.text())) {
      open(node);
      const ListpackView pack = block(node)->pack();
      return {node, pack.find(needle.text(), pack.first())};
    }
  }
  return {};
}

bool Quicklist::insert(const ListLimits& limits, const ListNeedle& pivot, ListSide side,
                       std::string_view text) {
  Spot spot = find(pivot);
  if (!spot.node) return false;
  if (side == ListSide::after) {
    const ListBlock& found = *block(spot.node);
    spot.place = found.kind() == Kind::plain ? kEnd : found.pack().next(spot.place);
  }
  insert_before(limits, spot, text);
  return true;
}

void Quicklist::erase_at(std::size_t index) {
  const Node node = chain_.find(index);
  open(node);
  if (NodeChain::node(node).elements == 1) {
    chain_.erase(node);
    return settle();
  }
  const Place place = block(node)->pack().at(static_cast<std::int64_t>(index));
  chain_.replace(node, ListBlock::erase(block(node), place, 1));
  settle(node);
}

void Quicklist::replace(const ListLimits& limits, std::size_t index, std::string_view text) {
  std::size_t inside = index;
  const Node node = chain_.find(inside);
  open(node);
  ListBlock* const held = block(node);
  Spot spot{node, kHead};
  if (held->kind() == Kind::packed) {
    spot.place = held->pack().at(static_cast<std::int64_t>(inside));
    const auto element = ListpackElement::of(text);
    const std::size_t before = held->pack().element_bytes(spot.place);
    if (!limits.is_plain(text.size()) &&
        (element.bytes() <= before || has_room(limits, *held, element.bytes() - before, 0))) {
      chain_.replace(node, ListBlock::replace(held, spot.place, element));
      return settle(node);
    }
  }
  insert_before(limits, spot, text);
  erase_at(index + 1);
}

NodePlace Quicklist::step(Node node, ListEnd from) {
  return from == ListEnd::head ? NodeChain::after(node) : NodeChain::before(node);
}

// Frees the node; `node` becomes its neighbour in this direction.
void Quicklist::unlink(Node& node, ListEnd from) {
  const Node behind = chain_.erase(node);
  node = from == ListEnd::head ? behind : behind ? NodeChain::before(behind) : chain_.last();
}

std::size_t Quicklist::remove_from(Node& node, ListEnd from, std::size_t most,
                                   const ListNeedle& needle) {
  ListBlock& held = *block(node);
  const bool plain = held.kind() == Kind::plain;
  if (plain ? !needle.matches(String(held.plain())) : !held.holds(needle.text())) {
    node = step(node, from);
    return 0;
  }
  std::size_t removed = 1;
  if (!plain) {
    open(node);
    removed = 0;
    ListBlock* const rest = ListBlock::remove(block(node), from, most, needle, removed);
    chain_.replace(node, ListBlock::fit(rest));
  }
  if (plain || NodeChain::node(node).elements == 0) {
    unlink(node, from);
    return removed;
  }
  if (depth_ != 0 && !stays_open(node)) compress(node);
  node = step(node, from);
  return removed;
}

std::size_t Quicklist::remove(ListEnd from, std::size_t most, const ListNeedle& needle) {
  std::size_t removed = 0;
  for (Node node = chain_.end(from); node && removed < most;) {
    removed += remove_from(node, from, most - removed, needle);
  }
  if (removed > 0) settle();
  return removed;
}

}  // namespace larder::types
