#include <algorithm>

#include "quicklist.h"

namespace larder::types {
namespace {

using Kind = ListBlock::Kind;
using Place = ListpackView::Place;
constexpr Place kEnd = ListpackView::kEnd;
constexpr Place kHead = ListpackView::kHeaderBytes;

// Whether a node has room for `elements` more of `bytes` together.
bool has_room(const ListLimits& limits, const ListNode& node, std::size_t bytes,
              std::size_t elements) {
  return node.kind() == Kind::packed &&
         limits.admits(ListBlock::head_bytes(Kind::packed) + node.pack().bytes() + bytes,
                       node.elements() + elements);
}

}  // namespace

ListNode* Quicklist::insert_at(ListNode* node, Place place, const ListpackElement& element) {
  const std::size_t bytes = node->footprint();
  return exchange(node, bytes, ListBlock::insert(node, place, element));
}

ListNode* Quicklist::make_node(std::string_view text, const ListLimits& limits) {
  if (limits.is_plain(text.size())) return as_node(ListBlock::create_plain(text));
  const auto element = ListpackElement::of(text);
  return as_node(
      ListBlock::insert(ListBlock::create_pack(Kind::packed, element.bytes()), kEnd, element));
}

void Quicklist::push(const ListLimits& limits, ListEnd end, std::string_view text) {
  ListNode* node = end == ListEnd::head ? first_ : last_;
  ++size_;
  if (node != nullptr && !limits.is_plain(text.size())) {
    const auto element = ListpackElement::of(text);
    if (has_room(limits, *node, element.bytes(), 1)) {
      insert_at(node, end == ListEnd::head ? node->pack().first() : kEnd, element);
      return;
    }
  }
  ListNode* fresh = make_node(text, limits);
  end == ListEnd::head ? link(fresh, nullptr, first_) : link(fresh, last_, nullptr);
  settle();
}

bool Quicklist::append_pack(const ListLimits& limits, std::string_view raw) {
  const ListpackView pack(reinterpret_cast<const std::uint8_t*>(raw.data()));
  const std::size_t elements = pack.size();
  if (limits.plain_from != 0 || !limits.admits(raw.size(), elements)) return false;
  size_ += elements;
  if (last_ != nullptr && has_room(limits, *last_, raw.size(), elements)) {
    const std::size_t bytes = last_->footprint();
    exchange(last_, bytes, ListBlock::append(last_, pack, pack.first()));
    return true;
  }
  link(as_node(ListBlock::copy_pack(Kind::packed, raw)), last_, nullptr);
  settle();
  return true;
}

void Quicklist::drop(ListEnd end, std::size_t count) {
  count = std::min(count, size_);
  size_ -= count;
  const std::uint32_t nodes = nodes_;
  while (count > 0) {
    ListNode* node = end == ListEnd::head ? first_ : last_;
    const std::size_t held = node->elements();
    if (count >= held) {
      unlink(node);
      count -= held;
      continue;
    }
    node = open(node);
    const std::size_t bytes = node->footprint();
    const auto at = end == ListEnd::head ? std::int64_t{0} : -static_cast<std::int64_t>(count);
    exchange(node, bytes, ListBlock::erase(node, node->pack().at(at), count));
    break;
  }
  if (nodes_ != nodes) settle();
}

ListNode* Quicklist::split(ListNode* node, Place place) {
  const ListpackView pack = node->pack();
  ListBlock* behind = ListBlock::create_pack(Kind::packed, pack.bytes() - place);
  behind = ListBlock::append(behind, pack, place);
  const std::size_t bytes = node->footprint();
  node = exchange(node, bytes, ListBlock::fit(ListBlock::cut(node, place)));
  link(as_node(behind), node, node->next);
  return as_node(behind);
}

ListNode* Quicklist::join(const ListLimits& limits, ListNode* node) {
  ListNode* into = node->previous;
  if (into == nullptr || node->kind() != Kind::packed ||
      !has_room(limits, *into, node->pack().bytes(), node->elements())) {
    return node;
  }
  const std::size_t bytes = into->footprint();
  into = exchange(into, bytes, ListBlock::append(into, node->pack(), node->pack().first()));
  unlink(node);
  return into;
}

// At the ends of a full node its neighbour may have room.
bool Quicklist::insert_near(const ListLimits& limits, const Spot& spot, std::string_view text) {
  if (limits.is_plain(text.size())) return false;
  const auto element = ListpackElement::of(text);
  if (has_room(limits, *spot.node, element.bytes(), 1)) {
    settle(insert_at(spot.node, spot.place, element));
    return true;
  }
  const bool at_head = spot.is_head();
  if (!at_head && spot.place != kEnd) return false;
  ListNode* near = at_head ? spot.node->previous : spot.node->next;
  if (near == nullptr) return false;
  near = open(near);
  if (!has_room(limits, *near, element.bytes(), 1)) return false;
  settle(insert_at(near, at_head ? kEnd : near->pack().first(), element));
  return true;
}

void Quicklist::insert_before(const ListLimits& limits, const Spot& spot, std::string_view text) {
  ++size_;
  if (insert_near(limits, spot, text)) return;
  ListNode* behind = spot.node->next;
  if (spot.is_head()) {
    behind = spot.node;
  } else if (spot.place != kEnd) {
    behind = split(spot.node, spot.place);
  }
  ListNode* fresh = make_node(text, limits);
  link(fresh, behind == nullptr ? last_ : behind->previous, behind);
  // Small parts of a split are merged with their neighbours.
  ListNode* centre = join(limits, fresh);
  if (centre->next != nullptr && centre->next->next != nullptr) join(limits, centre->next->next);
  settle(join(limits, centre));
}

Quicklist::Spot Quicklist::find(const ListNeedle& needle) {
  for (ListNode* node = first_; node != nullptr; node = node->next) {
    if (node->kind() == Kind::plain) {
      if (needle.matches(String(node->plain()))) return {node, kHead};
    } else if (node->holds(needle.text())) {
      node = open(node);
      return {node, node->pack().find(needle.text(), node->pack().first())};
    }
  }
  return {};
}

bool Quicklist::insert(const ListLimits& limits, const ListNeedle& pivot, ListSide side,
                       std::string_view text) {
  Spot spot = find(pivot);
  if (spot.node == nullptr) return false;
  if (side == ListSide::after) {
    spot.place = spot.node->kind() == Kind::plain ? kEnd : spot.node->pack().next(spot.place);
  }
  insert_before(limits, spot, text);
  return true;
}

void Quicklist::erase_at(std::size_t index) {
  ListNode* node = open(find(index));
  --size_;
  if (node->elements() == 1) {
    unlink(node);
    return settle();
  }
  const std::size_t bytes = node->footprint();
  const Place place = node->pack().at(static_cast<std::int64_t>(index));
  settle(exchange(node, bytes, ListBlock::erase(node, place, 1)));
}

void Quicklist::replace(const ListLimits& limits, std::size_t index, std::string_view text) {
  std::size_t inside = index;
  ListNode* node = open(find(inside));
  Spot spot{node, kHead};
  if (node->kind() == Kind::packed) {
    spot.place = node->pack().at(static_cast<std::int64_t>(inside));
    const auto element = ListpackElement::of(text);
    const std::size_t before = node->pack().element_bytes(spot.place);
    if (!limits.is_plain(text.size()) &&
        (element.bytes() <= before || has_room(limits, *node, element.bytes() - before, 0))) {
      const std::size_t bytes = node->footprint();
      return settle(exchange(node, bytes, ListBlock::replace(node, spot.place, element)));
    }
  }
  insert_before(limits, spot, text);
  erase_at(index + 1);
}

std::size_t Quicklist::remove_from(ListNode* node, ListEnd from, std::size_t most,
                                   const ListNeedle& needle) {
  if (node->kind() == Kind::plain) {
    if (!needle.matches(String(node->plain()))) return 0;
    unlink(node);
    return 1;
  }
  if (!node->holds(needle.text())) return 0;
  node = open(node);
  const std::size_t bytes = node->footprint();
  std::size_t removed = 0;
  ListBlock* block = ListBlock::remove(node, from, most, needle, removed);
  node = exchange(node, bytes, ListBlock::fit(block));
  if (node->elements() == 0) {
    unlink(node);
  } else if (depth_ != 0 && !stays_open(node)) {
    compress(node);
  }
  return removed;
}

std::size_t Quicklist::remove(ListEnd from, std::size_t most, const ListNeedle& needle) {
  std::size_t removed = 0;
  for (ListNode* node = from == ListEnd::head ? first_ : last_;
       node != nullptr && removed < most;) {
    ListNode* then = from == ListEnd::head ? node->next : node->previous;
    removed += remove_from(node, from, most - removed, needle);
    node = then;
  }
  size_ -= removed;
  if (removed > 0) settle();
  return removed;
}

}  // namespace larder::types
