#include "larder/types/list.h"

#include <algorithm>

#include "quicklist.h"

namespace larder::types {
namespace {

using Kind = ListBlock::Kind;
using Place = ListpackView::Place;
constexpr Place kEnd = ListpackView::kEnd;
constexpr std::size_t kEmptyPack = ListpackView::kHeaderBytes + 1;

// Maximum size of a block if there is only a limit of elements.
constexpr std::size_t kMostBytesByElements = 8192;

}  // namespace

ListLimits ListLimits::of(const Settings& settings) {
  return {.fill = static_cast<int>(settings.list_max_listpack_size.value()),
          .depth = static_cast<int>(settings.list_compress_depth.value()),
          .plain_from = settings.list_plain_from};
}

std::size_t ListLimits::most_bytes() const {
  if (fill >= 0) return kMostBytesByElements;
  return std::size_t{4096} << (std::min(-(fill + 1), 4));
}

std::size_t ListLimits::most_elements() const {
  if (fill < 0) return SIZE_MAX;
  return fill == 0 ? 1 : static_cast<std::size_t>(fill);
}

bool ListNeedle::matches(const String& element) const {
  if (element.is_number()) return number_ && *number_ == element.number();
  String::Scratch scratch;
  return element.text(scratch) == text_;
}

std::size_t List::size() const {
  if (is_quicklist()) return nodes()->size();
  return storage_ == 0 ? 0 : block()->elements();
}

List::Cursor List::at(std::int64_t index) const { return Cursor(*this, index); }

void List::admit(const ListLimits& limits, std::size_t bytes, std::size_t elements) {
  if (is_quicklist()) return;
  const std::size_t held = storage_ == 0 ? kEmptyPack : block()->pack().bytes();
  if (limits.admits(held + bytes, size() + elements)) return;
  Quicklist* chain = Quicklist::create(limits.depth);
  if (storage_ != 0 && block()->elements() == 0) {
    ListBlock::destroy(memory::Owner::lists, block());
  } else if (storage_ != 0) {
    chain->adopt(block());
  }
  put(chain);
}

void List::compact(const ListLimits& limits) {
  if (!is_quicklist() || nodes()->nodes() != 1) return;
  const ListBlock* only = NodeChain::block(nodes()->chain().first());
  if (only->kind() != Kind::packed) return;
  const bool by_bytes = limits.fill < 0;
  const bool small = by_bytes ? only->pack().bytes() <= limits.most_bytes() / 2
                              : only->elements() <= limits.most_elements() / 2;
  if (small) put(Quicklist::release_only_block(nodes()));
}

void List::push(const ListLimits& limits, ListEnd end, std::string_view text) {
  if (is_quicklist()) return nodes()->push(limits, end, text);
  const auto element = ListpackElement::of(text);
  if (storage_ == 0) put(ListBlock::create_pack(element.bytes()));
  put(ListBlock::insert(block(), end == ListEnd::head ? block()->pack().first() : kEnd, element));
}

// Only for a quicklist: a single block may have to become one, which push() does.
bool List::append_pack(const ListLimits& limits, std::string_view raw) {
  return is_quicklist() && nodes()->append_pack(limits, raw);
}

void List::drop(ListEnd end, std::size_t count) {
  if (is_quicklist()) return nodes()->drop(end, count);
  count = std::min(count, size());
  if (count == 0) return;
  const auto at = end == ListEnd::head ? std::int64_t{0} : -static_cast<std::int64_t>(count);
  put(ListBlock::erase(block(), block()->pack().at(at), count));
}

bool List::replace(const ListLimits& limits, std::int64_t index, std::string_view text) {
  const auto elements = static_cast<std::int64_t>(size());
  if (index < 0) index += elements;
  if (index < 0 || index >= elements) return false;
  if (is_quicklist()) {
    nodes()->replace(limits, static_cast<std::size_t>(index), text);
  } else {
    put(ListBlock::replace(block(), block()->pack().at(index), ListpackElement::of(text)));
  }
  return true;
}

bool List::insert(const ListLimits& limits, const ListNeedle& pivot, ListSide side,
                  std::string_view text) {
  if (is_quicklist()) return nodes()->insert(limits, pivot, side, text);
  if (storage_ == 0) return false;
  const ListpackView pack = block()->pack();
  Place place = pack.find(pivot.text(), pack.first());
  if (place == kEnd) return false;
  if (side == ListSide::after) place = pack.next(place);
  put(ListBlock::insert(block(), place, ListpackElement::of(text)));
  return true;
}

std::size_t List::remove(ListEnd from, std::size_t most, const ListNeedle& needle) {
  if (is_quicklist()) return nodes()->remove(from, most, needle);
  if (storage_ == 0) return 0;
  std::size_t removed = 0;
  put(ListBlock::remove(block(), from, most, needle, removed));
  return removed;
}

ListFigures List::figures() const {
  ListFigures figures;
  for_each_node([&figures](bool, std::string_view bytes) {
    ++figures.nodes;
    figures.listpack_bytes += bytes.size();
  });
  if (!is_quicklist()) return figures;
  figures.depth = nodes()->depth();
  for (NodePlace node = nodes()->chain().first(); node; node = NodeChain::after(node)) {
    if (NodeChain::block(node)->kind() == Kind::compressed) ++figures.compressed_nodes;
  }
  return figures;
}

void List::visit_nodes(Visit visit, void* context) const {
  if (!is_quicklist()) {
    if (storage_ != 0) visit(context, false, block()->pack().raw());
    return;
  }
  for (NodePlace node = nodes()->chain().first(); node; node = NodeChain::after(node)) {
    const ListBlock* block = NodeChain::block(node);
    if (block->kind() == Kind::plain) {
      visit(context, true, block->plain());
      continue;
    }
    Cursor cursor;
    cursor.enter(block, 0);
    visit(context, false, cursor.pack_.raw());
  }
}

}  // namespace larder::types
