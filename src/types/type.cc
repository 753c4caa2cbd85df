#include "larder/types/type.h"

#include <array>
#include <cstring>

#include "larder/base/assert.h"
#include "larder/types/string.h"
#include "type_rows.h"

namespace larder::types {
namespace {

std::size_t string_footprint(const void* storage) {
  return static_cast<const Blob*>(storage)->footprint();
}

bool string_destroy_some(void* storage, memory::Owner owner, base::Budget& budget) {
  return Blob::destroy_some(owner, static_cast<Blob*>(storage), budget);
}

void* string_relocate_some(void* storage, Relocation& walk, memory::Mover& mover, base::Budget&) {
  walk.done = true;
  auto* blob = static_cast<Blob*>(storage);
  if (mover.wants(blob)) memory::offer(mover, memory::Owner::strings, blob, blob->bytes());
  return blob;
}

std::size_t string_free_effort(const void*) { return 1; }

void* string_copy(const void* storage) {
  const std::string_view bytes = static_cast<const Blob*>(storage)->view();
  Blob* copy = Blob::create(memory::Owner::strings, bytes.size());
  std::memcpy(copy->data(), bytes.data(), bytes.size());
  return copy;
}

constexpr TypeRow kString{.name = "string",
                          .owner = memory::Owner::strings,
                          .footprint = string_footprint,
                          .encoding = nullptr,
                          .copy = string_copy,
                          .destroy_some = string_destroy_some,
                          .relocate_some = string_relocate_some,
                          .free_effort = string_free_effort};

// In the order of Type.
constexpr std::array<const TypeRow*, kTypes> kRows = {
    &kString, &kListRow, &kSetRow, &kSortedSetRow, &kHashRow, &kStreamRow,
};

}  // namespace

const TypeRow& row(Type type) {
  const TypeRow* found = kRows[static_cast<std::size_t>(type)];
  LARDER_ASSERT(found != nullptr);
  return *found;
}

}  // namespace larder::types
