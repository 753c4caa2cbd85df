#pragma once

// Streams: entries of fields and values in the order of their ids, and the groups that read them.
//
//   Stream --> | marks | nodes ----> OrderedIndex of (first id, listpack) stream_node.h
//              |       | groups ---> Group, Group, ...                    stream_group.h
//
// Entries are added to a node up to the bytes or entries of NodeLimits. The last node has room for
// more; all others have the size class of their bytes. Deleted entries are only marked, until their
// node has no other entries.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "larder/base/budget.h"
#include "larder/types/name_index.h"
#include "larder/types/ordered_index.h"
#include "larder/types/read_only.h"
#include "larder/types/stream_group.h"
#include "larder/types/stream_node.h"
#include "larder/types/type.h"

namespace larder::types {

struct TypeRow;

// stream-node-max-bytes and stream-node-max-entries; 0 is no limit.
struct NodeLimits {
  std::size_t bytes = 0;
  std::uint64_t entries = 0;
};

// How far to trim. With `whole_nodes`, only complete nodes are removed; `most` limits the entries
// that one call removes and is checked before each node.
struct Trim {
  enum class Keep : std::uint8_t { newest, from_id };
  Keep keep = Keep::newest;
  std::uint64_t entries = 0;  // how many to keep, for `newest`
  StreamId from;              // the least id to keep, for `from_id`
  bool whole_nodes = false;
  std::uint64_t most = 0;
};

// What a stream stores in addition to its entries.
struct StreamMarks {
  std::uint64_t length = 0;
  StreamId last;         // the greatest id ever added, or set
  StreamId first;        // of the entries there are; 0-0 without any
  StreamId max_deleted;  // the greatest id that was deleted
  std::uint64_t added = 0;
};

class Stream {
 public:
  static constexpr Type kType = Type::stream;
  // Fields and values of one entry together.
  static constexpr std::size_t kMostEntryBytes = std::size_t{1} << 29;

  class NodeRef {
   public:
    NodeRef(StreamId node_id, void* block) : id(node_id), block_(block) {}
    StreamNodeView view() const { return {id, static_cast<const std::uint8_t*>(block_)}; }

    StreamId id;

   private:
    friend class Stream;
    void* block_;
  };
  static StreamId id_of_node(const NodeRef& node) { return node.id; }
  using Nodes = OrderedIndex<NodeRef, id_of_node>;

  explicit Stream(void* storage) : header_(static_cast<Header*>(storage)) {}
  // Handles that can change the stream are not copied (read_only.h).
  Stream(Stream&&) = default;
  Stream& operator=(Stream&&) = default;
  void* storage() { return header_; }
  const void* storage() const { return header_; }
  // A stream without entries is also a value.
  bool empty() const { return header_ == nullptr; }

  std::size_t size() const { return marks().length; }
  const StreamMarks& marks() const { return header_ == nullptr ? no_marks : header_->marks; }
  // The id of the last entry that there is; 0-0 without any.
  StreamId last_entry() const;
  bool contains(StreamId id) const;

  const Nodes& nodes() const { return header_ == nullptr ? no_nodes : header_->nodes; }

  // Changes; each creates the stream if it does not exist.
  void create();
  // `id` is greater than last; pairs are fields and values in turn, kMostEntryBytes together.
  void append(StreamId id, std::span<const std::string_view> pairs, NodeLimits limits);
  // False when there is no such entry.
  bool erase(StreamId id);
  // Returns how many were removed.
  std::uint64_t trim(const Trim& trim);
  void set_last(StreamId id) { header_->marks.last = id; }
  void set_added(std::uint64_t added) { header_->marks.added = added; }
  void set_max_deleted(StreamId id) { header_->marks.max_deleted = id; }
  void note_deleted(StreamId id) {
    if (id > header_->marks.max_deleted) header_->marks.max_deleted = id;
  }

  // Appends a node from a payload; false if it is not valid there. Counts its entries and updates
  // `first` and `last`.
  bool append_node(StreamId id, std::string_view raw);

  // The number of entries that were ever added up to this one; nothing if it is not known.
  std::optional<std::uint64_t> distance(StreamId id) const;
  // The number of entries that a group has not read, at most all existing ones; nothing if it is
  // not known.
  std::optional<std::uint64_t> lag(const Group& group) const;
  // The group has read up to `id`, the next existing entry after its last one.
  void advance(Group& group, StreamId id) const;

  // Groups in the order of their names. The stream owns them.
  const NameIndex<Group>& groups() const {
    return header_ == nullptr ? no_groups : header_->groups;
  }
  Group* group(std::string_view name);
  const Group* group(std::string_view name) const;
  // nullptr when there is one of that name.
  Group* create_group(std::string_view name, StreamId last, std::int64_t entries_read);
  bool destroy_group(std::string_view name);
  // Removes a group and returns it in a new stream, to be destroyed in steps. Cost: O(consumers),
  // for any number of pending entries.
  Stream take_group(Group& group);
  // There must be none of that name.
  Consumer* create_consumer(Group& group, std::string_view name, std::int64_t now_ms);
  // Its pending entries are removed too; returns how many.
  std::size_t destroy_consumer(Group& group, Consumer& consumer);
  // Removes a consumer with its pending entries and returns them in a new stream, to be destroyed
  // in steps. Cost: O(pending entries of the group's other consumers).
  Stream take_consumer(Group& group, Consumer& consumer);

  // A new pending entry without a consumer; the caller must assign() it.
  Pending* add_pending(Group& group, StreamId id, std::int64_t now_ms);
  void assign(Pending& pending, Consumer& consumer);
  bool acknowledge(Group& group, StreamId id);

  std::size_t footprint() const { return header_ == nullptr ? 0 : header_->bytes; }
  std::size_t free_effort() const;
  Stream copy() const;
  // See TypeRow::destroy_some.
  bool destroy_some(memory::Owner owner, base::Budget& budget);
  // See TypeRow::relocate_some; storage() may change.
  void relocate_some(Relocation& walk, memory::Mover& mover, base::Budget& budget);

 private:
  class Relocator;
  struct Header {
    std::size_t bytes = 0;  // of everything, at the allocator's sizes
    StreamMarks marks;
    Nodes nodes;
    NameIndex<Group> groups;
    std::size_t last_room = 0;  // bytes of the last node's block
  };
  static const StreamMarks no_marks;
  static const Nodes no_nodes;
  static const NameIndex<Group> no_groups;

  Tally tally() { return {memory::Owner::streams, header_->bytes}; }

  // An entry at `from` or after it may have been deleted.
  bool has_gaps(StreamId from) const;
  bool takes(const NodeRef& node, std::size_t text_bytes, NodeLimits limits) const;
  void start_node(StreamId id, std::span<const std::string_view> pairs, std::size_t room);
  void close_node();
  std::uint8_t* last_with_room(std::size_t bytes, NodeLimits limits);
  void append_to_last(StreamId id, std::span<const std::string_view> pairs, std::size_t text_bytes,
                      NodeLimits limits);
  Nodes::Cursor drop_node(Nodes::Cursor node);
  void set_number(NodeRef& node, StreamNodeView::Place place, std::uint64_t value);
  void count_deleted(NodeRef& node, std::uint64_t entries);
  void find_first();
  std::uint64_t trim_within(NodeRef& node, const Trim& trim);

  void hand_over(Stream& to, Group& group, std::size_t bytes);
  void release_pending(Tally& tally, Pending& pending);
  void take_from_consumer(Tally& tally, Pending& pending);
  bool empty_group_some(Tally& tally, Group& group, base::Budget& budget);
  bool destroy_groups_some(Tally& tally, base::Budget& budget);
  void copy_groups(const Stream& from);

  Header* header_;
};

// Reads the entries between two ids, both included, in either direction. Invalid after the next
// change to the stream. Cost: that of finding the first, then of what is read.
class StreamReader {
 public:
  enum class Order : std::uint8_t { ascending, descending };

  StreamReader(const Stream& stream, StreamId from, StreamId to, Order order = Order::ascending);

  // Moves to the next entry, the first at first; false at the end.
  bool next();

  StreamId id() const { return entry_.id; }
  std::uint64_t fields() const { return entry_.fields; }
  // The entry's next field or value: 2 * fields() of them, in turn.
  String text();

 private:
  bool open(Stream::Nodes::Cursor cursor);
  bool step();
  bool step_node();
  bool is_past(StreamId id) const { return ascending() ? id > to_ : id < from_; }
  bool is_short_of(StreamId id) const { return ascending() ? id < from_ : id > to_; }
  bool ascending() const { return order_ == Order::ascending; }

  const Stream::Nodes& nodes_;
  StreamId from_;
  StreamId to_;
  Order order_;
  Stream::Nodes::Cursor cursor_;
  StreamNodeView node_{StreamId(), nullptr};
  StreamNodeView::Entry entry_{};
  StreamNodeView::Place at_ = StreamNodeView::kEnd;       // the position of the next entry
  StreamNodeView::Place content_ = StreamNodeView::kEnd;  // the next text of this one
  StreamNodeView::Place name_ = StreamNodeView::kEnd;     // the next field of the node's
  std::uint64_t texts_left_ = 0;
  bool open_ = false;   // node_ is the cursor's
  bool value_ = false;  // the next text is a value
};

}  // namespace larder::types
