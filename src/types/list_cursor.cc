#include "quicklist.h"

namespace larder::types {

List::Cursor::Cursor(const List& list, std::int64_t index) {
  if (list.is_quicklist()) {
    list.nodes()->enter(*this, index);
  } else if (list.storage_ != 0) {
    enter(list.block(), index);
  }
}

void List::Cursor::forget() {
  if (unpacked_ == nullptr) return;
  memory::release(memory::Owner::lists, unpacked_, pack_.bytes());
  unpacked_ = nullptr;
}

void List::Cursor::enter(NodePlace node, std::int64_t index) {
  node_ = node;
  if (node) enter(NodeChain::block(node), index);
}

void List::Cursor::enter(const ListBlock* block, std::int64_t index) {
  forget();
  block_ = block;
  plain_ = block->kind() == ListBlock::Kind::plain;
  if (plain_) {
    place_ = ListpackView::kHeaderBytes;
    return;
  }
  pack_ = block->pack();
  if (block->kind() == ListBlock::Kind::compressed) {
    unpacked_ = static_cast<std::uint8_t*>(memory::allocate(memory::Owner::lists, pack_.bytes()));
    block->unpack(unpacked_);
    pack_ = ListpackView(unpacked_);
  }
  place_ = pack_.at(index);
}

String List::Cursor::get() const { return plain_ ? String(block_->plain()) : pack_.get(place_); }

void List::Cursor::next() {
  place_ = plain_ ? ListpackView::kEnd : pack_.next(place_);
  if (place_ == ListpackView::kEnd && node_) enter(NodeChain::after(node_), 0);
}

void List::Cursor::previous() {
  // There is nothing before the first element; previous(kEnd) would be the last.
  place_ =
      plain_ || place_ == ListpackView::kHeaderBytes ? ListpackView::kEnd : pack_.previous(place_);
  if (place_ == ListpackView::kEnd && node_) enter(NodeChain::before(node_), -1);
}

}  // namespace larder::types
