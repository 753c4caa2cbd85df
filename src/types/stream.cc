#include "larder/types/stream.h"

#include <algorithm>
#include <new>

#include "larder/base/assert.h"

namespace larder::types {
namespace {

// A new node of a stream gets half as much again as its first entries need, and so on.
constexpr std::size_t grown(std::size_t bytes) { return bytes + bytes / 2; }

// The bytes of an element whose value takes one byte, with its back length.
constexpr std::size_t kShortElement = 2;
constexpr std::size_t kHeaderBytes = ListpackView::kHeaderBytes;
constexpr std::uint8_t kEndMark = 0xff;
// Number elements before the fields of a node and of an entry, and after both.
constexpr std::size_t kNumbers = 8;

std::size_t bytes_of(std::span<const std::string_view> texts) {
  std::size_t bytes = 0;
  for (const std::string_view text : texts) bytes += text.size();
  return bytes;
}

// An upper bound of the bytes of the texts as elements, and of the elements around them.
std::size_t room_for(std::span<const std::string_view> texts, std::size_t text_bytes) {
  return text_bytes + (texts.size() + kNumbers) * Listpack::kMostAround;
}

std::size_t bytes_at(const void* block) {
  return ListpackView(static_cast<const std::uint8_t*>(block)).bytes();
}

std::int64_t as_number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

void write_header(std::uint8_t* block, std::size_t bytes, std::size_t elements) {
  constexpr std::size_t kUncounted = 0xffff;
  const auto total = static_cast<std::uint32_t>(bytes);
  const auto count = static_cast<std::uint16_t>(std::min(elements, kUncounted));
  std::memcpy(block, &total, sizeof total);
  std::memcpy(block + sizeof total, &count, sizeof count);
}

// The element count of a header after `more` elements.
std::size_t counted(const std::uint8_t* block, std::size_t more) {
  std::uint16_t count;
  std::memcpy(&count, block + sizeof(std::uint32_t), sizeof count);
  return count + more;
}

bool has_fields(const StreamNodeView& node, std::span<const std::string_view> pairs) {
  if (node.fields() != pairs.size() / 2) return false;
  StreamNodeView::Place place = node.first_field();
  String::Scratch scratch;
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    if (node.pack().get(place).text(scratch) != pairs[i]) return false;
    place = node.pack().next(place);
  }
  return true;
}

std::uint8_t* print_entry_head(std::uint8_t* out, std::uint8_t flags, StreamId node, StreamId id) {
  out = Listpack::print(out, std::int64_t{flags});
  out = Listpack::print(out, as_number(id.ms - node.ms));
  return Listpack::print(out, as_number(id.seq - node.seq));
}

}  // namespace

const StreamMarks Stream::no_marks{};
const Stream::Nodes Stream::no_nodes{};
const NameIndex<Group> Stream::no_groups{};

void Stream::create() {
  if (header_ != nullptr) return;
  header_ = new (memory::allocate(memory::Owner::streams, sizeof(Header))) Header;
  header_->bytes = memory::dataset_class(sizeof(Header));
}

StreamId Stream::last_entry() const {
  StreamReader reader(*this, StreamId::least(), StreamId::most(), StreamReader::Order::descending);
  return reader.next() ? reader.id() : StreamId();
}

bool Stream::contains(StreamId id) const {
  const auto cursor = nodes().at_or_before(id);
  return nodes().valid(cursor) && nodes()[cursor].view().find(id).at != StreamNodeView::kEnd;
}

void Stream::append(StreamId id, std::span<const std::string_view> pairs, NodeLimits limits) {
  create();
  const std::size_t text_bytes = bytes_of(pairs);
  Nodes& nodes = header_->nodes;
  if (nodes.empty() || !takes(nodes[nodes.last()], text_bytes, limits)) {
    close_node();
    std::size_t fields = 0;
    for (std::size_t i = 0; i < pairs.size(); i += 2)
      fields += Listpack::kMostAround + pairs[i].size();
    start_node(id, pairs, kHeaderBytes + 1 + fields + room_for(pairs, text_bytes));
  }
  append_to_last(id, pairs, text_bytes, limits);
  StreamMarks& marks = header_->marks;
  ++marks.length;
  ++marks.added;
  marks.last = id;
  if (marks.length == 1) marks.first = id;
}

bool Stream::takes(const NodeRef& node, std::size_t text_bytes, NodeLimits limits) const {
  const std::size_t most = limits.bytes == 0 ? Listpack::kMostBytes : limits.bytes;
  if (bytes_at(node.block_) + text_bytes >= std::min(most, Listpack::kMostBytes)) return false;
  const StreamNodeView view = node.view();
  return limits.entries == 0 || view.live() + view.deleted() < limits.entries;
}

// A node without entries yet, whose fields are those of the next entry.
void Stream::start_node(StreamId id, std::span<const std::string_view> pairs, std::size_t room) {
  Tally tally = this->tally();
  auto* block = static_cast<std::uint8_t*>(tally.allocate(room));
  std::uint8_t* out = block + kHeaderBytes;
  out = Listpack::print(out, std::int64_t{0});
  out = Listpack::print(out, std::int64_t{0});
  out = Listpack::print(out, as_number(pairs.size() / 2));
  for (std::size_t i = 0; i < pairs.size(); i += 2) out = Listpack::print(out, pairs[i]);
  out = Listpack::print(out, std::int64_t{0});
  *out++ = kEndMark;
  write_header(block, static_cast<std::size_t>(out - block), 4 + pairs.size() / 2);
  header_->last_room = memory::dataset_class(room);
  header_->nodes.insert(tally, {id, block});
}

// Releases the unused room of the last node.
void Stream::close_node() {
  Nodes& nodes = header_->nodes;
  if (nodes.empty()) return;
  NodeRef& last = nodes[nodes.last()];
  const std::size_t bytes = bytes_at(last.block_);
  if (memory::dataset_class(bytes) == header_->last_room) return;
  last.block_ = tally().reallocate(last.block_, header_->last_room, bytes);
  header_->last_room = memory::dataset_class(bytes);
}

// The last node's block with room for `bytes` in total.
std::uint8_t* Stream::last_with_room(std::size_t bytes, NodeLimits limits) {
  NodeRef& last = header_->nodes[header_->nodes.last()];
  if (bytes > header_->last_room) {
    std::size_t wanted = grown(bytes);
    if (limits.bytes != 0 && wanted > limits.bytes) wanted = std::max(bytes, limits.bytes);
    last.block_ = tally().reallocate(last.block_, header_->last_room, wanted);
    header_->last_room = memory::dataset_class(wanted);
  }
  return static_cast<std::uint8_t*>(last.block_);
}

void Stream::append_to_last(StreamId id, std::span<const std::string_view> pairs,
                            std::size_t text_bytes, NodeLimits limits) {
  Nodes& nodes = header_->nodes;
  const std::size_t before = bytes_at(nodes[nodes.last()].block_);
  std::uint8_t* block = last_with_room(before + room_for(pairs, text_bytes), limits);
  NodeRef& node = nodes[nodes.last()];
  const bool same = has_fields(node.view(), pairs);
  std::uint8_t* out = block + before - 1;
  out = print_entry_head(out, same ? StreamNodeView::kSameFields : 0, node.id, id);
  std::size_t elements = 3 + pairs.size();
  if (same) {
    for (std::size_t i = 1; i < pairs.size(); i += 2) out = Listpack::print(out, pairs[i]);
    elements -= pairs.size() / 2;
  } else {
    out = Listpack::print(out, as_number(pairs.size() / 2));
    for (const std::string_view text : pairs) out = Listpack::print(out, text);
    ++elements;
  }
  out = Listpack::print(out, as_number(elements));
  *out++ = kEndMark;
  write_header(block, static_cast<std::size_t>(out - block), counted(block, elements + 1));
  const StreamNodeView view = node.view();
  set_number(node, view.live_place(), view.live() + 1);
}

// Writes a number of a node, in place where it has one byte before and after.
void Stream::set_number(NodeRef& node, StreamNodeView::Place place, std::uint64_t value) {
  constexpr std::uint64_t kMostShort = 127;
  auto* block = static_cast<std::uint8_t*>(node.block_);
  if (value <= kMostShort && node.view().pack().element_bytes(place) == kShortElement) {
    block[place] = static_cast<std::uint8_t>(value);
    return;
  }
  Nodes& nodes = header_->nodes;
  const bool is_last = &node == &nodes[nodes.last()];
  if (is_last) close_node();
  Listpack pack(node.block_);
  const std::size_t before = pack.footprint();
  pack.replace(memory::Owner::streams, place, as_number(value));
  node.block_ = pack.block();
  tally().note(before, pack.footprint());
  if (is_last) header_->last_room = pack.footprint();
}

Stream::Nodes::Cursor Stream::drop_node(Nodes::Cursor cursor) {
  Tally tally = this->tally();
  Nodes& nodes = header_->nodes;
  const bool is_last = cursor == nodes.last();
  void* block = nodes[cursor].block_;
  tally.release(block, is_last ? header_->last_room : bytes_at(block));
  const Nodes::Cursor after = nodes.erase(tally, cursor);
  if (is_last) {
    header_->last_room =
        nodes.empty() ? 0 : memory::dataset_class(bytes_at(nodes[nodes.last()].block_));
  }
  return after;
}

void Stream::count_deleted(NodeRef& node, std::uint64_t entries) {
  const StreamNodeView view = node.view();
  set_number(node, view.live_place(), view.live() - entries);
  // The first number may have changed its size.
  const StreamNodeView now = node.view();
  set_number(node, now.deleted_place(), now.deleted() + entries);
}

void Stream::find_first() {
  StreamReader reader(*this, StreamId::least(), StreamId::most());
  header_->marks.first = reader.next() ? reader.id() : StreamId();
}

bool Stream::erase(StreamId id) {
  if (header_ == nullptr) return false;
  Nodes& nodes = header_->nodes;
  const Nodes::Cursor cursor = nodes.at_or_before(id);
  if (!nodes.valid(cursor)) return false;
  NodeRef& node = nodes[cursor];
  const StreamNodeView::Entry entry = node.view().find(id);
  if (entry.at == StreamNodeView::kEnd) return false;
  if (node.view().live() == 1) {
    drop_node(cursor);
  } else {
    static_cast<std::uint8_t*>(node.block_)[entry.at] |= StreamNodeView::kDeleted;
    count_deleted(node, 1);
  }
  --header_->marks.length;
  if (id == header_->marks.first) find_first();
  return true;
}

std::uint64_t Stream::trim(const Trim& trim) {
  if (header_ == nullptr) return 0;
  StreamMarks& marks = header_->marks;
  Nodes& nodes = header_->nodes;
  std::uint64_t gone = 0;
  while (!nodes.empty()) {
    const bool newest = trim.keep == Trim::Keep::newest;
    if (newest && marks.length <= trim.entries) break;
    NodeRef& node = nodes[nodes.first()];
    const StreamNodeView view = node.view();
    const std::uint64_t live = view.live();
    if (trim.most != 0 && gone + live > trim.most) break;
    const bool whole = newest ? marks.length - live >= trim.entries : view.last_id() < trim.from;
    if (!whole) {
      if (!trim.whole_nodes) gone += trim_within(node, trim);
      break;
    }
    drop_node(nodes.first());
    marks.length -= live;
    gone += live;
  }
  if (gone > 0) find_first();
  return gone;
}

// Marks entries of the first node as deleted; its last entry stays.
std::uint64_t Stream::trim_within(NodeRef& node, const Trim& trim) {
  std::uint64_t& length = header_->marks.length;
  const StreamNodeView view = node.view();
  std::uint64_t gone = 0;
  for (auto at = view.first_entry(); at != StreamNodeView::kEnd;) {
    const StreamNodeView::Entry entry = view.entry(at);
    if (trim.keep == Trim::Keep::newest ? length <= trim.entries : entry.id >= trim.from) break;
    if (!entry.deleted()) {
      static_cast<std::uint8_t*>(node.block_)[at] |= StreamNodeView::kDeleted;
      ++gone;
      --length;
    }
    at = view.after(entry);
  }
  if (gone > 0) count_deleted(node, gone);
  return gone;
}

bool Stream::append_node(StreamId id, std::string_view raw) {
  create();
  Nodes& nodes = header_->nodes;
  if (!StreamNodeView::valid(id, raw)) return false;
  if (!nodes.empty() && id <= nodes[nodes.last()].view().last_id()) return false;
  close_node();
  Tally tally = this->tally();
  void* block = tally.allocate(raw.size());
  std::memcpy(block, raw.data(), raw.size());
  header_->last_room = memory::dataset_class(raw.size());
  nodes.insert(tally, {id, block});
  const StreamNodeView view = nodes[nodes.last()].view();
  StreamMarks& marks = header_->marks;
  const bool was_empty = marks.length == 0;
  marks.length += view.live();
  marks.last = std::max(marks.last, view.last_id());
  if (was_empty && marks.length > 0) find_first();
  return true;
}

bool Stream::has_gaps(StreamId from) const {
  const StreamMarks& marks = this->marks();
  if (marks.length == 0 || marks.max_deleted < marks.first) return false;
  return !marks.max_deleted.zero() && from <= marks.max_deleted;
}

// All existing entries are at or after the first one, so the numbers of the first and of earlier
// entries are known if no entry after the first was deleted.
std::optional<std::uint64_t> Stream::distance(StreamId id) const {
  const StreamMarks& marks = this->marks();
  if (marks.added == 0) return 0;
  if (marks.length == 0 && id <= marks.last) return marks.added;
  if (id == marks.last) return marks.added;
  if (id > marks.last || marks.added < marks.length) return std::nullopt;
  if (marks.max_deleted.zero() || marks.max_deleted < marks.first) {
    if (id < marks.first) return marks.added - marks.length;
    if (id == marks.first) return marks.added - marks.length + 1;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Stream::lag(const Group& group) const {
  const StreamMarks& marks = this->marks();
  if (marks.length == 0) return 0;
  // Trimmed entries do not count as lag.
  if (group.last_id < marks.first && marks.max_deleted < marks.first) return marks.length;
  if (group.entries_read != Group::kUnknown && !has_gaps(group.last_id)) {
    // Clients may have set any values by ENTRIESREAD and ENTRIESADDED.
    const auto entries_read = static_cast<std::uint64_t>(group.entries_read);
    if (entries_read <= marks.added) return marks.added - entries_read;
  }
  const auto read = distance(group.last_id);
  if (!read || *read > marks.added) return std::nullopt;
  return marks.added - *read;
}

void Stream::advance(Group& group, StreamId id) const {
  const StreamMarks& marks = this->marks();
  const bool counts = group.entries_read != Group::kUnknown && group.entries_read < INT64_MAX &&
                      group.last_id >= marks.first && !has_gaps(group.last_id);
  if (counts) {
    ++group.entries_read;
  } else if (marks.added > 0) {
    const auto read = distance(id);
    group.entries_read = read ? as_number(*read) : Group::kUnknown;
  }
  group.last_id = id;
}

}  // namespace larder::types
