#include "larder/types/hash_field.h"

#include <new>

namespace larder::types {
namespace {

constexpr memory::Owner kOwner = memory::Owner::hashes;
constexpr std::size_t kMostNarrow = 255;

// The number, if storing it takes less room than the text; otherwise nothing.
inline std::optional<std::int64_t> as_shorter_number(std::string_view text) {
  if (text.size() <= sizeof(std::int64_t) || !may_be_integer(text)) return std::nullopt;
  return as_stored_integer(text);
}

}  // namespace

// The parts of a field.
struct HashField::Shape {
  Shape(std::size_t name, std::string_view text, const std::optional<std::int64_t>& deadline)
      : name_size(name), value(text), number(as_shorter_number(text)), deadline_ms(deadline) {}

  std::size_t name_size;
  std::string_view value;
  std::optional<std::int64_t> number;
  const std::optional<std::int64_t>& deadline_ms;

  std::size_t value_size() const { return number ? sizeof *number : value.size(); }
  bool is_wide() const { return name_size > kMostNarrow || value_size() > kMostNarrow; }
  std::size_t bytes() const {
    return kHeadBytes + (is_wide() ? 8 : 0) + (deadline_ms ? 8 : 0) + name_size + value_size();
  }
};

void HashField::write_head(const Shape& shape) {
  kind_ = static_cast<std::uint8_t>((shape.deadline_ms ? kHasDeadline : 0) |
                                    (shape.number ? kNumber : 0) | (shape.is_wide() ? kWide : 0));
  if (shape.is_wide()) {
    const std::uint32_t sizes[2] = {static_cast<std::uint32_t>(shape.name_size),
                                    static_cast<std::uint32_t>(shape.value_size())};
    std::memcpy(tail(), sizes, sizeof sizes);
  } else {
    name_size_ = static_cast<std::uint8_t>(shape.name_size);
    value_size_ = static_cast<std::uint8_t>(shape.value_size());
  }
  if (shape.deadline_ms) std::memcpy(tail() + wide_bytes(), &*shape.deadline_ms, 8);
}

void HashField::write_value(const Shape& shape) {
  char* start = payload() + shape.name_size;
  if (shape.number) {
    std::memcpy(start, &*shape.number, sizeof *shape.number);
  } else if (!shape.value.empty()) {
    std::memcpy(start, shape.value.data(), shape.value.size());
  }
}

// Fast path: a short name and a short text, without a deadline. The head has only the two sizes.
HashField* HashField::create(std::string_view name, std::string_view value) {
  const bool may_be_number = value.size() > sizeof(std::int64_t) && may_be_integer(value);
  if (name.size() > kMostNarrow || value.size() > kMostNarrow || may_be_number) {
    return create(name, value, std::nullopt);
  }
  const std::size_t bytes = kHeadBytes + name.size() + value.size();
  auto* field = new (memory::allocate(kOwner, bytes)) HashField;
  field->name_size_ = static_cast<std::uint8_t>(name.size());
  field->value_size_ = static_cast<std::uint8_t>(value.size());
  if (!name.empty()) std::memcpy(field->tail(), name.data(), name.size());
  if (!value.empty()) std::memcpy(field->tail() + name.size(), value.data(), value.size());
  return field;
}

HashField* HashField::create(std::string_view name, std::string_view value,
                             std::optional<std::int64_t> deadline_ms) {
  const Shape shape(name.size(), value, deadline_ms);
  auto* field = new (memory::allocate(kOwner, shape.bytes())) HashField;
  field->write_head(shape);
  if (!name.empty()) std::memcpy(field->payload(), name.data(), name.size());
  field->write_value(shape);
  return field;
}

HashField* HashField::copy(const HashField& source) {
  void* block = memory::allocate(kOwner, source.bytes());
  std::memcpy(block, static_cast<const void*>(&source), source.bytes());
  return static_cast<HashField*>(block);
}

void HashField::destroy(memory::Owner owner, HashField* field) noexcept {
  memory::release(owner, field, field->bytes());
}

HashField* HashField::with_value(std::string_view value, std::optional<std::int64_t> deadline_ms) {
  const Shape shape(name_size(), value, deadline_ms);
  if (memory::dataset_class(shape.bytes()) != footprint()) {
    HashField* moved = create(name(), value, deadline_ms);
    destroy(kOwner, this);
    return moved;
  }
  // The name first, because the header before it may grow over it.
  char* name_now = tail() + (shape.is_wide() ? 8 : 0) + (deadline_ms ? 8 : 0);
  std::memmove(name_now, payload(), shape.name_size);
  write_head(shape);
  write_value(shape);
  return this;
}

HashField* HashField::with_deadline(std::optional<std::int64_t> deadline_ms) {
  if (has_deadline() && deadline_ms) {
    std::memcpy(tail() + wide_bytes(), &*deadline_ms, 8);
    return this;
  }
  if (!has_deadline() && !deadline_ms) return this;
  const std::size_t old_bytes = bytes();
  const std::size_t new_bytes = deadline_ms ? old_bytes + 8 : old_bytes - 8;
  const std::size_t contents = name_size() + value_size();
  HashField* field = this;
  if (memory::dataset_class(new_bytes) != footprint()) {
    field = static_cast<HashField*>(memory::allocate(kOwner, new_bytes));
    std::memcpy(static_cast<void*>(field), static_cast<const void*>(this),
                kHeadBytes + wide_bytes());
  }
  char* target = field->tail() + wide_bytes() + (deadline_ms ? 8 : 0);
  std::memmove(target, payload(), contents);
  if (field != this) memory::release(kOwner, this, old_bytes);
  field->kind_ = static_cast<std::uint8_t>(field->kind_ ^ kHasDeadline);
  if (deadline_ms) std::memcpy(field->tail() + field->wide_bytes(), &*deadline_ms, 8);
  return field;
}

}  // namespace larder::types
