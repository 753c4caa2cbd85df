#pragma once

// A list: elements in order, with cheap ends. A short one is a single block ("listpack"), a
// longer one a chain of such blocks ("quicklist"), of which those inside may be compressed.
//
//   handle ──> block                                    tag 0
//   handle ──> head: ends, size, bytes ──> nodes ──> block, block, ...   tag 1
//
//   block:  | start, size, kind: 8 | room | listpack | room |
//
// The room on both sides of a block's listpack makes pushing and popping at both ends O(size of the
// element). An element that is too large for a node has a separate node without a listpack.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "larder/base/budget.h"
#include "larder/types/listpack.h"
#include "larder/types/read_only.h"
#include "larder/types/settings.h"
#include "larder/types/string.h"
#include "larder/types/type.h"

namespace larder::types {

class ListBlock;
class Quicklist;
struct NodeGroup;

// A node of a long list: its position in a group of nodes; none without a group.
struct NodePlace {
  NodeGroup* group = nullptr;
  std::uint32_t at = 0;

  explicit operator bool() const { return group != nullptr; }
};

enum class ListEnd : std::uint8_t { head, tail };
enum class ListSide : std::uint8_t { before, after };

// The largest size of a block of a list, from list-max-listpack-size.
struct ListLimits {
  int fill = -2;
  int depth = 0;
  // Elements of this size or more get a separate node; 0: those larger than a node.
  std::size_t plain_from = 0;

  static ListLimits of(const Settings& settings);

  // Maximum bytes of a block; it also applies if there is a limit of elements.
  std::size_t most_bytes() const;
  // SIZE_MAX where bytes are the limit.
  std::size_t most_elements() const;
  // Whether a list of this many bytes (of a listpack) and elements may be a single block.
  bool admits(std::size_t bytes, std::size_t elements) const {
    return bytes <= most_bytes() && elements <= most_elements();
  }
  bool is_plain(std::size_t element_bytes) const {
    return element_bytes >= (plain_from != 0 ? plain_from : most_bytes() + 1);
  }
};

// An element to search for, prepared once for many comparisons.
class ListNeedle {
 public:
  explicit ListNeedle(std::string_view text) : text_(text), number_(as_stored_integer(text)) {}
  std::string_view text() const { return text_; }
  bool matches(const String& element) const;

 private:
  std::string_view text_;
  std::optional<std::int64_t> number_;
};

// Statistics of the nodes of a list, for DEBUG OBJECT.
struct ListFigures {
  std::size_t nodes = 0;
  std::size_t compressed_nodes = 0;
  std::size_t listpack_bytes = 0;  // uncompressed
  std::size_t depth = 0;           // nodes at each end that stay uncompressed; 0: all
};

class List {
 public:
  static constexpr Type kType = Type::list;

  // Walks a list that must not change during the walk. Compressed nodes are unpacked into memory of
  // the cursor.
  class Cursor {
   public:
    ~Cursor() { forget(); }
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;

    bool done() const { return place_ == ListpackView::kEnd; }
    // Only while not done(). A view that is valid until the cursor leaves the node.
    String get() const;
    void next();
    void previous();

   private:
    friend class List;
    friend class Quicklist;
    Cursor() = default;
    Cursor(const List& list, std::int64_t index);
    // Goes to the node, which may be none, and to the element `index` of its block.
    void enter(NodePlace node, std::int64_t index);
    // Stands on the element `index` of the block, negative from its end.
    void enter(const ListBlock* block, std::int64_t index);
    void forget();

    const ListBlock* block_ = nullptr;
    ListpackView pack_{nullptr};
    ListpackView::Place place_ = ListpackView::kEnd;
    std::uint8_t* unpacked_ = nullptr;
    NodePlace node_;  // of a long list
    bool plain_ = false;
  };

  explicit List(void* storage) : storage_(reinterpret_cast<std::uintptr_t>(storage)) {}
  // Handles that can change the list are not copied (read_only.h).
  List(List&&) = default;
  List& operator=(List&&) = default;
  void* storage() { return reinterpret_cast<void*>(storage_); }
  const void* storage() const { return reinterpret_cast<const void*>(storage_); }

  bool empty() const { return size() == 0; }
  std::size_t size() const;

  // The element with this index, from the end where it is negative; done() where there is none.
  // Cost: a step for each 62 nodes between it and the nearer end, then a walk within its node.
  Cursor at(std::int64_t index) const;

  // Before elements of this total size are added: becomes a quicklist where a single
  // block could not hold them.
  void admit(const ListLimits& limits, std::size_t bytes, std::size_t elements);
  // After elements were removed or changed: a quicklist of one node that is at most half as large
  // as allowed becomes a single block.
  void compact(const ListLimits& limits);

  // These do not convert: admit() first, compact() afterwards.
  void push(const ListLimits& limits, ListEnd end, std::string_view text);
  // Appends the elements of a listpack unchanged; false if that is not allowed: then push() them.
  // It must be valid(), with integers stored as such. Cost: a copy of the bytes.
  bool append_pack(const ListLimits& limits, std::string_view raw);
  // Removes `count` elements, or all if there are fewer.
  void drop(ListEnd end, std::size_t count);
  // False when there is no such element.
  bool replace(const ListLimits& limits, std::int64_t index, std::string_view text);
  // Inserts `text` before or after the first element that matches; false if none matches.
  bool insert(const ListLimits& limits, const ListNeedle& pivot, ListSide side,
              std::string_view text);
  // Removes up to `most` matching elements, searching from this end. Returns how many.
  std::size_t remove(ListEnd from, std::size_t most, const ListNeedle& needle);

  ListFigures figures() const;

  // Calls fn(bool plain, std::string_view bytes) for each node from the head on: a listpack's
  // bytes, or those of the one element. For dumps.
  template <typename Fn>
  void for_each_node(Fn&& fn) const {
    using Plain = std::remove_reference_t<Fn>;
    visit_nodes([](void* context, bool plain,
                   std::string_view bytes) { (*static_cast<Plain*>(context))(plain, bytes); },
                &fn);
  }

 private:
  static constexpr std::uintptr_t kQuicklistTag = 1;
  using Visit = void (*)(void* context, bool plain, std::string_view bytes);

  bool is_quicklist() const { return (storage_ & kQuicklistTag) != 0; }
  ListBlock* block() const { return reinterpret_cast<ListBlock*>(storage_); }
  Quicklist* nodes() const { return reinterpret_cast<Quicklist*>(storage_ & ~kQuicklistTag); }
  void put(ListBlock* block) { storage_ = reinterpret_cast<std::uintptr_t>(block); }
  void put(Quicklist* nodes) { storage_ = reinterpret_cast<std::uintptr_t>(nodes) | kQuicklistTag; }
  void visit_nodes(Visit visit, void* context) const;

  std::uintptr_t storage_;
};

}  // namespace larder::types
