#pragma once

// Pointers to things that have names, in the order of the names (as bytes): the consumers of a
// group, the groups of a stream. 16 bytes when empty. Up to kFew are one array; more are an
// OrderedIndex, so that a change moves the pointers of one leaf at most.
//
//   few:   data_ --> | T* | T* | ... room_
//   many:  data_ --> OrderedIndex                 room_ is 0
//
// The OrderedIndex stays until the last pointer is erased.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>

#include "larder/types/ordered_index.h"
#include "larder/types/pointer_array.h"
#include "larder/types/relocation.h"
#include "larder/types/tally.h"

namespace larder::types {

template <typename T>
std::string_view name_of(const T* const& one) {
  return one->name();
}

// Owns its blocks, not the things; all calls that change it name the same tally's owner. What the
// pointers of a const index refer to is const.
template <typename T>
class NameIndex : private PointerArray<T> {
  using Few = PointerArray<T>;
  using Many = OrderedIndex<T*, name_of<T>>;
  using Cursor = typename Many::Cursor;

 public:
  static constexpr std::uint32_t kFew = 128;

  // Index is a NameIndex or a const one. Valid until the next change.
  template <typename Index>
  class Position {
   public:
    Position(Index& index, Cursor cursor) : index_(index), cursor_(cursor) {}
    // The pointer in its place.
    auto& operator*() const { return index_.at(cursor_); }
    Position& operator++() {
      cursor_ = index_.next(cursor_);
      return *this;
    }
    bool operator==(const Position& other) const { return cursor_ == other.cursor_; }

   private:
    Index& index_;
    Cursor cursor_;
  };

  std::size_t size() const { return is_many() ? many().size() : Few::size(); }
  bool empty() const { return size() == 0; }
  // Bytes of the index itself, at the allocator's sizes.
  std::size_t bytes() const {
    return is_many() ? memory::dataset_class(sizeof(Many)) + many().bytes() : Few::bytes();
  }

  auto begin() { return Position<NameIndex>(*this, {}); }
  auto end() { return Position<NameIndex>(*this, end_cursor()); }
  auto begin() const { return Position<const NameIndex>(*this, {}); }
  auto end() const { return Position<const NameIndex>(*this, end_cursor()); }

  // nullptr if there is none of that name.
  T* find(std::string_view name) {
    const Cursor cursor = cursor_of(name);
    return cursor == end_cursor() ? nullptr : at(cursor);
  }
  const T* find(std::string_view name) const {
    const Cursor cursor = cursor_of(name);
    return cursor == end_cursor() ? nullptr : at(cursor);
  }
  // There must be one. Erasing it costs O(1).
  T* last() { return is_many() ? many()[many().last()] : Few::back(); }

  // There must be none of that name.
  void insert(Tally& tally, T* one) {
    if (!is_many() && Few::size() == kFew) become_many(tally);
    if (is_many()) return many().insert(tally, one);
    Few::insert(tally, place_of(one->name()), one);
  }

  // It must be in here. Gives the blocks back with the last one.
  void erase(Tally& tally, const T& one) {
    const Cursor cursor = cursor_of(one.name());
    if (!is_many()) return Few::erase(tally, cursor.at);
    many().erase(tally, cursor);
    if (many().empty()) release_many(tally);
  }

  // The pointer at this place, or behind it if the index has changed; null at the end.
  T** nearest(Relocation::NamePlace& place) {
    Cursor cursor{place.leaf, place.at};
    if (is_many()) cursor = many().nearest(cursor);
    place = {cursor.leaf, cursor.at};
    const bool is_end =
        is_many() ? !many().valid(cursor) : cursor.leaf > 0 || cursor.at >= Few::size();
    return is_end ? nullptr : &at(cursor);
  }
  // The same after those of the index's own blocks that begin at the place were offered to the
  // mover.
  T** relocate_at(memory::Owner owner, memory::Mover& mover, Relocation::NamePlace& place) {
    const bool is_first = place.leaf == 0 && place.at == 0;
    if (is_first && !is_many()) Few::relocate(owner, mover);
    if (is_first && is_many()) {
      memory::offer(mover, owner, this->data_, sizeof(Many));
      many().relocate_array(owner, mover);
    }
    if (nearest(place) == nullptr) return nullptr;
    if (is_many() && place.at == 0) many().relocate_leaf(owner, mover, {place.leaf, 0});
    return nearest(place);
  }

 private:
  bool is_many() const { return this->room_ == 0 && this->data_ != nullptr; }
  Many& many() { return *reinterpret_cast<Many*>(this->data_); }
  const Many& many() const { return *reinterpret_cast<const Many*>(this->data_); }

  auto& at(Cursor cursor) { return is_many() ? many()[cursor] : Few::operator[](cursor.at); }
  auto& at(Cursor cursor) const { return is_many() ? many()[cursor] : Few::begin()[cursor.at]; }
  Cursor next(Cursor cursor) const {
    return is_many() ? many().next(cursor) : Cursor{0, cursor.at + 1};
  }
  // Also the answer of cursor_of() for a name that is not in here.
  Cursor end_cursor() const { return is_many() ? many().none() : Cursor{0, Few::size()}; }

  // In the array: the position of a name, or where it would be inserted.
  std::uint32_t place_of(std::string_view name) const {
    const T* const* begin = Few::begin();
    if (!Few::empty() && begin[Few::size() - 1]->name() < name) return Few::size();
    const auto is_before = [](const T* one, std::string_view wanted) {
      return one->name() < wanted;
    };
    return static_cast<std::uint32_t>(std::lower_bound(begin, Few::end(), name, is_before) - begin);
  }

  Cursor cursor_of(std::string_view name) const {
    if (is_many()) return many().find(name);
    const std::uint32_t place = place_of(name);
    const bool found = place < Few::size() && Few::begin()[place]->name() == name;
    return {0, found ? place : Few::size()};
  }

  void become_many(Tally& tally) {
    Many* made = new (tally.allocate(sizeof(Many))) Many;
    for (T* one : static_cast<Few&>(*this)) made->insert(tally, one);
    while (!Few::empty()) Few::erase(tally, Few::size() - 1);
    this->data_ = reinterpret_cast<T**>(made);
  }

  void release_many(Tally& tally) {
    tally.release(this->data_, sizeof(Many));
    this->data_ = nullptr;
  }
};

}  // namespace larder::types
