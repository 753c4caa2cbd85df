#include "larder/types/stream.h"

namespace larder::types {

StreamReader::StreamReader(const Stream& stream, StreamId from, StreamId to, Order order)
    : nodes_(stream.nodes()), from_(from), to_(to), order_(order) {
  cursor_ = nodes_.at_or_before(ascending() ? from : to);
  // All entries may be after `from`; there is nothing before the first node.
  if (ascending() && !nodes_.valid(cursor_)) cursor_ = nodes_.first();
  open_ = from <= to && open(cursor_);
}

bool StreamReader::open(Stream::Nodes::Cursor cursor) {
  cursor_ = cursor;
  if (!nodes_.valid(cursor)) return false;
  node_ = nodes_[cursor].view();
  at_ = ascending() ? node_.first_entry() : node_.before(StreamNodeView::kEnd);
  return true;
}

bool StreamReader::step_node() {
  return open(ascending() ? nodes_.next(cursor_) : nodes_.previous(cursor_));
}

// Moves past the entry read last, whose texts have been taken up to content_.
bool StreamReader::step() {
  while (open_ && at_ == StreamNodeView::kEnd) open_ = step_node();
  if (!open_) return false;
  entry_ = node_.entry(at_);
  return true;
}

bool StreamReader::next() {
  if (open_ && ascending() && content_ != StreamNodeView::kEnd) {
    while (texts_left_ > 0) text();
    at_ = node_.pack().next(content_);
  }
  while (step()) {
    if (is_past(entry_.id)) break;
    if (!entry_.deleted() && !is_short_of(entry_.id)) {
      content_ = entry_.contents;
      name_ = node_.first_field();
      texts_left_ = 2 * entry_.fields;
      value_ = false;
      if (!ascending()) at_ = node_.before(at_);
      return true;
    }
    at_ = ascending() ? node_.after(entry_) : node_.before(at_);
  }
  open_ = false;
  return false;
}

String StreamReader::text() {
  const bool from_node = entry_.same_fields() && !value_;
  StreamNodeView::Place& place = from_node ? name_ : content_;
  const String text = node_.pack().get(place);
  place = node_.pack().next(place);
  value_ = !value_;
  --texts_left_;
  return text;
}

}  // namespace larder::types
