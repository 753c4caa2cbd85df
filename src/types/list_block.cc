#include "list_block.h"

#include <liblzf/lzf.h>

#include <algorithm>
#include <memory>
#include <new>

#include "larder/base/assert.h"

namespace larder::types {
namespace {

constexpr auto kOwner = memory::Owner::lists;
constexpr std::size_t kPackHeader = ListpackView::kHeaderBytes;
constexpr std::size_t kEmptyPack = kPackHeader + 1;
// A compressed block: the listpack's header, and how long the rest is.
constexpr std::size_t kCompressedHead = kPackHeader + sizeof(std::uint32_t);

// Only a few sizes for small blocks, which use the allocator's pages well: a block that grows in
// small steps through many size classes leaves holes in all of them.
std::size_t block_size(std::size_t bytes) {
  const auto up_to = [bytes](std::size_t step) { return (bytes + step - 1) & ~(step - 1); };
  if (bytes <= 256) return up_to(64);
  return bytes <= 512 ? up_to(128) : memory::dataset_class(bytes);
}

// A copy in pieces: for longer ones the C library uses an instruction that is three times as slow
// if the target's distance from the source is a few bytes more than a multiple of a page, as that
// of a block from a buffer often is.
void copy_bytes(std::uint8_t* to, const void* from, std::size_t bytes) {
  constexpr std::size_t kPiece = 1024;
  const auto* source = static_cast<const std::uint8_t*>(from);
  for (; bytes > kPiece; bytes -= kPiece, to += kPiece, source += kPiece) {
    std::memcpy(to, source, kPiece);
  }
  std::memcpy(to, source, bytes);
}

void write_total(std::uint8_t* pack, std::size_t total) {
  const auto written = static_cast<std::uint32_t>(total);
  std::memcpy(pack, &written, sizeof written);
}

}  // namespace

ListBlock* ListBlock::create(Kind kind, std::size_t room) {
  const std::size_t size = block_size(kHeadBytes + room);
  return new (memory::allocate(kOwner, size)) ListBlock(kHeadBytes, size, kind);
}

void ListBlock::destroy(memory::Owner owner, ListBlock* block) noexcept {
  memory::release(owner, block, block->footprint());
}

ListBlock* ListBlock::copy(const ListBlock* block) {
  auto* twin = static_cast<ListBlock*>(memory::allocate(kOwner, block->footprint()));
  std::memcpy(static_cast<void*>(twin), static_cast<const void*>(block), kHeadBytes);
  std::memcpy(twin->contents(), block->contents(), block->content_bytes());
  return twin;
}

std::size_t ListBlock::content_bytes() const {
  switch (kind()) {
    case Kind::packed:
      break;
    case Kind::compressed: {
      std::uint32_t size;
      std::memcpy(&size, contents() + kPackHeader, sizeof size);
      return kCompressedHead + size;
    }
    case Kind::plain: {
      std::uint64_t size;
      std::memcpy(&size, contents(), sizeof size);
      return sizeof size + size;
    }
  }
  return pack().bytes();
}

ListBlock* ListBlock::create_pack(std::size_t bytes) {
  ListBlock* block = create(Kind::packed, kEmptyPack + bytes);
  std::memset(block->contents(), 0, kPackHeader);
  write_total(block->contents(), kEmptyPack);
  block->contents()[kPackHeader] = 0xff;
  return block;
}

ListBlock* ListBlock::copy_pack(std::string_view raw) {
  ListBlock* block = create(Kind::packed, raw.size());
  copy_bytes(block->contents(), raw.data(), raw.size());
  return block;
}

ListBlock* ListBlock::create_plain(std::string_view text) {
  const std::uint64_t size = text.size();
  ListBlock* block = create(Kind::plain, sizeof size + text.size());
  std::memcpy(block->contents(), &size, sizeof size);
  if (!text.empty()) std::memcpy(block->contents() + sizeof size, text.data(), text.size());
  return block;
}

std::string_view ListBlock::plain() const {
  std::uint64_t size;
  std::memcpy(&size, contents(), sizeof size);
  return {reinterpret_cast<const char*>(contents()) + sizeof size, size};
}

void ListBlock::count(std::size_t elements) {
  // If there are more than the header can store, readers must count the elements.
  const auto written = static_cast<std::uint16_t>(std::min<std::size_t>(elements, 0xffff));
  std::memcpy(contents() + 4, &written, sizeof written);
}

ListBlock* ListBlock::move(ListBlock* block, std::size_t size, std::size_t front) {
  const ListpackView pack = block->pack();
  ListBlock* fresh = block;
  if (size != block->footprint()) {
    fresh = static_cast<ListBlock*>(memory::allocate(kOwner, size));
    std::memcpy(static_cast<void*>(fresh), static_cast<const void*>(block), kHeadBytes);
    fresh->size_and_kind_ = static_cast<std::uint32_t>(size) | (block->size_and_kind_ & kKindMask);
  }
  std::memmove(reinterpret_cast<std::uint8_t*>(fresh) + kHeadBytes + front, pack.raw().data(),
               pack.bytes());
  if (fresh != block) destroy(kOwner, block);
  fresh->start_ = static_cast<std::uint32_t>(kHeadBytes + front);
  return fresh;
}

// There is no room on the required side. A grown block has all its room there; a block whose
// elements move, as in a queue, has half of it there.
ListBlock* ListBlock::grow(ListBlock* block, std::size_t at, std::size_t before,
                           std::size_t after) {
  const std::size_t added = after - before;
  const std::size_t total = block->pack().bytes();
  const bool ahead = at < total - at - before;
  const std::size_t need = block->used() + added;
  const std::size_t size = std::max(block->footprint(), block_size(need));
  const bool slides = size == block->footprint();
  const std::size_t spare = size - need;
  const std::size_t kept = slides ? spare / 2 : 0;  // on the other side
  const std::size_t front = ahead ? spare - kept + added : kept;
  return splice(move(block, size, front), at, before, after);
}

ListBlock* ListBlock::splice(ListBlock* block, std::size_t at, std::size_t before,
                             std::size_t after) {
  const std::size_t total = block->pack().bytes();
  const std::size_t tail = total - at - before;
  const bool ahead = at < tail;
  const std::size_t room = before + (ahead ? block->front_room() : block->back_room());
  if (after > room) return grow(block, at, before, after);
  std::uint8_t* pack = block->contents();
  if (ahead) {
    block->start_ = static_cast<std::uint32_t>(block->start_ + before - after);
    std::memmove(block->contents(), pack, at);
  } else {
    std::memmove(pack + at + after, pack + at + before, tail);
  }
  write_total(block->contents(), total - before + after);
  return block;
}

ListBlock* ListBlock::shrink(ListBlock* block) {
  const std::size_t size = block_size(block->used() + block->used() / 4);
  if (size > block->footprint() / 2) return block;
  return move(block, size, (size - block->used()) / 2);
}

ListBlock* ListBlock::fit(ListBlock* block) {
  const std::size_t size = block_size(block->used());
  return size == block->footprint() ? block : move(block, size, 0);
}

ListBlock* ListBlock::insert(ListBlock* block, Place place, const ListpackElement& element) {
  const std::size_t elements = block->pack().size();
  const std::size_t at = place == ListpackView::kEnd ? block->pack().bytes() - 1 : place;
  block = splice(block, at, 0, element.bytes());
  element.write(block->contents() + at);
  block->count(elements + 1);
  return block;
}

ListBlock* ListBlock::replace(ListBlock* block, Place place, const ListpackElement& element) {
  block = splice(block, place, block->pack().element_bytes(place), element.bytes());
  element.write(block->contents() + place);
  return shrink(block);
}

ListBlock* ListBlock::erase(ListBlock* block, Place place, std::size_t count) {
  const ListpackView pack = block->pack();
  const std::size_t elements = pack.size();
  std::size_t bytes = 0;
  std::size_t taken = 0;
  for (Place at = place; at != ListpackView::kEnd && taken < count; at = pack.next(at), ++taken) {
    bytes += pack.element_bytes(at);
  }
  block = splice(block, place, bytes, 0);
  block->count(elements - taken);
  return shrink(block);
}

ListBlock* ListBlock::remove(ListBlock* block, ListEnd from, std::size_t most,
                             const ListNeedle& needle, std::size_t& removed) {
  const bool forwards = from == ListEnd::head;
  Place place = forwards ? block->pack().first() : block->pack().last();
  while (place != ListpackView::kEnd && removed < most) {
    if (forwards) {
      place = block->pack().find(needle.text(), place);
      if (place == ListpackView::kEnd) break;
      const bool last = block->pack().next(place) == ListpackView::kEnd;
      block = erase(block, place, 1);
      ++removed;
      if (last) break;
      continue;
    }
    const Place before = block->pack().previous(place);
    if (needle.matches(block->pack().get(place))) {
      block = erase(block, place, 1);
      ++removed;
    }
    place = before;
  }
  return block;
}

bool ListBlock::holds(std::string_view text) const {
  if (kind() != Kind::compressed) return pack().find(text, pack().first()) != ListpackView::kEnd;
  const std::size_t bytes = pack().bytes();
  auto* raw = static_cast<std::uint8_t*>(memory::allocate(kOwner, bytes));
  unpack(raw);
  const ListpackView view(raw);
  const bool held = view.find(text, view.first()) != ListpackView::kEnd;
  memory::release(kOwner, raw, bytes);
  return held;
}

ListBlock* ListBlock::append(ListBlock* block, ListpackView pack, Place from) {
  if (from == ListpackView::kEnd) return block;
  std::size_t elements = block->pack().size();
  for (Place at = from; at != ListpackView::kEnd; at = pack.next(at)) ++elements;
  const std::size_t bytes = pack.bytes() - 1 - from;
  const std::size_t end = block->pack().bytes() - 1;
  block = splice(block, end, 0, bytes);
  std::memcpy(block->contents() + end, pack.raw().data() + from, bytes);
  block->count(elements);
  return block;
}

ListBlock* ListBlock::cut(ListBlock* block, Place place) {
  return place == ListpackView::kEnd ? block : erase(block, place, SIZE_MAX);
}

ListBlock* ListBlock::compress(const ListBlock* block) {
  const ListpackView pack = block->pack();
  const std::size_t rest = pack.bytes() - kPackHeader;
  const auto room = std::make_unique<char[]>(rest);
  const unsigned size = lzf_compress(pack.raw().data() + kPackHeader, static_cast<unsigned>(rest),
                                     room.get(), static_cast<unsigned>(rest - 1));
  if (size == 0 || block_size(kHeadBytes + kCompressedHead + size) >= block->footprint()) {
    return nullptr;
  }
  ListBlock* small = create(Kind::compressed, kCompressedHead + size);
  std::memcpy(small->contents(), pack.raw().data(), kPackHeader);
  std::memcpy(small->contents() + kPackHeader, &size, sizeof size);
  std::memcpy(small->contents() + kCompressedHead, room.get(), size);
  return small;
}

void ListBlock::unpack(std::uint8_t* out) const {
  std::uint32_t size;
  std::memcpy(&size, contents() + kPackHeader, sizeof size);
  std::memcpy(out, contents(), kPackHeader);
  const std::size_t rest = pack().bytes() - kPackHeader;
  const unsigned written = lzf_decompress(contents() + kCompressedHead, size, out + kPackHeader,
                                          static_cast<unsigned>(rest));
  LARDER_ASSERT(written == rest);
}

ListBlock* ListBlock::decompress(const ListBlock* block) {
  ListBlock* fresh = create(Kind::packed, block->pack().bytes());
  block->unpack(fresh->contents());
  return fresh;
}

}  // namespace larder::types
