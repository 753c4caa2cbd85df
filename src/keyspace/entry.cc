#include "larder/keyspace/entry.h"

#include <new>

#include "larder/base/assert.h"

namespace larder::keyspace {
namespace {

constexpr std::size_t kShortKey = 255;

// Up to this size Redis stores a string in one block with its object, which it calls embstr.
constexpr std::size_t kMostEmbedded = 44;

bool is_long(std::string_view key) { return key.size() > kShortKey; }

}  // namespace

std::size_t Entry::bytes(const Shape& shape) {
  const std::size_t value = shape.form == Form::inside ? shape.inside_bytes : sizeof(std::int64_t);
  return sizeof(Entry) + (is_long(shape.key) ? 4 : 0) + (shape.deadline_ms ? 8 : 0) +
         shape.key.size() + value;
}

void Entry::write_head(const Shape& shape) {
  LARDER_ASSERT(shape.inside_bytes <= kMostInside && shape.key.size() <= UINT32_MAX);
  type_and_form_ = static_cast<std::uint8_t>(static_cast<unsigned>(shape.type) |
                                             (static_cast<unsigned>(shape.form) << 4));
  flags_ = static_cast<std::uint8_t>((flags_ & kMarks) | (shape.deadline_ms ? kHasDeadline : 0) |
                                     (is_long(shape.key) ? kLongKey : 0));
  key_size_ = is_long(shape.key) ? 0 : static_cast<std::uint8_t>(shape.key.size());
  inside_size_ = static_cast<std::uint16_t>(shape.form == Form::inside ? shape.inside_bytes : 0);
}

void Entry::rewrite(const Shape& shape) {
  write_head(shape);
  std::memmove(tail() + key_offset(), shape.key.data(), shape.key.size());
  if (is_long(shape.key)) {
    const auto size = static_cast<std::uint32_t>(shape.key.size());
    std::memcpy(tail(), &size, sizeof size);
  }
  if (shape.deadline_ms) deadline_ms(*shape.deadline_ms);
}

Entry* Entry::create(const Shape& shape) {
  void* block = memory::allocate_entry(types::row(shape.type).owner, bytes(shape));
  auto* entry = new (block) Entry;
  entry->rewrite(shape);
  return entry;
}

void Entry::release(memory::Owner owner, Entry* entry) noexcept {
  memory::release_entry(owner, entry, entry->block_bytes());
}

std::string_view encoding(const Entry& entry) {
  if (const auto named = types::row(entry.type()).encoding) return named(entry.storage());
  if (entry.form() == Form::integer) return "int";
  const bool fresh = !entry.was_edited();
  return fresh && entry.string().size() <= kMostEmbedded ? "embstr" : "raw";
}

}  // namespace larder::keyspace
