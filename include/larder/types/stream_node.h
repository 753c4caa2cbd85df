#pragma once

// A node of a stream: entries with neighbouring ids in one listpack, in Redis's layout, so that
// dumps take the bytes as they are. Ids are differences to the node's own, which is kept outside;
// an entry with the fields of the node's first stores values alone.
//
//   | live | deleted | fields: n | field x n | 0 | entry | entry | ...
//   entry: | flags | ms - node's | seq - node's | value x n                      | elements |
//          | flags | ms - node's | seq - node's | fields: m | field, value x m   | elements |
//
// `elements` is the number of elements before it in the entry, for walks in reverse order.

#include <cstdint>
#include <string_view>

#include "larder/types/listpack.h"
#include "larder/types/stream_id.h"

namespace larder::types {

// Reads a node at any address. It can be copied freely. They must be well formed: check those that
// come from outside with valid().
class StreamNodeView {
 public:
  using Place = ListpackView::Place;
  static constexpr Place kEnd = ListpackView::kEnd;

  static constexpr std::uint8_t kDeleted = 1;
  static constexpr std::uint8_t kSameFields = 2;

  struct Entry {
    Place at;  // its flags
    StreamId id;
    std::uint8_t flags;
    std::uint64_t fields;
    Place contents;  // the first value, or the first field if they are stored with the values

    bool deleted() const { return (flags & kDeleted) != 0; }
    bool same_fields() const { return (flags & kSameFields) != 0; }
  };

  StreamNodeView(StreamId id, const std::uint8_t* bytes) : id_(id), pack_(bytes) {}

  StreamId id() const { return id_; }
  const ListpackView& pack() const { return pack_; }

  Place live_place() const { return pack_.first(); }
  Place deleted_place() const { return pack_.next(pack_.first()); }
  std::uint64_t live() const { return number(live_place()); }
  std::uint64_t deleted() const { return number(deleted_place()); }

  std::uint64_t fields() const { return number(fields_place()); }
  Place first_field() const { return pack_.next(fields_place()); }

  // Entries, deleted ones too. Cost of after(): a walk over the entry.
  Place first_entry() const;
  Entry entry(Place at) const;
  Place after(const Entry& entry) const;
  // The entry that ends where `at` begins; before(kEnd) is the last. kEnd when there is none.
  Place before(Place at) const;
  StreamId last_id() const { return entry(before(kEnd)).id; }

  // The entry with this id that is not deleted; its `at` is kEnd when there is none. Cost: a walk.
  Entry find(StreamId id) const;

  // True when `raw` is a well-formed node with this id: at least one entry, counts that are right,
  // ids that ascend. Cost: a walk.
  static bool valid(StreamId id, std::string_view raw);

 private:
  std::uint64_t number(Place place) const {
    return static_cast<std::uint64_t>(pack_.get(place).number());
  }
  Place fields_place() const { return pack_.next(deleted_place()); }
  Place skip(Place place, std::uint64_t elements) const {
    while (elements-- > 0) place = pack_.next(place);
    return place;
  }

  StreamId id_;
  ListpackView pack_;
};

}  // namespace larder::types
