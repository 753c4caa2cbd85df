#include "larder/types/type.h"

#include <array>

#include "larder/base/assert.h"
#include "larder/types/string.h"

namespace larder::types {
namespace {

std::size_t string_footprint(const void* storage) {
  return static_cast<const Blob*>(storage)->footprint();
}

bool string_destroy_some(void* storage, memory::Owner owner, base::Budget&) {
  Blob::destroy(owner, static_cast<Blob*>(storage));
  return true;
}

std::size_t string_free_effort(const void*) { return 1; }

constexpr TypeRow kString{"string", memory::Owner::strings, string_footprint, string_destroy_some,
                          string_free_effort};

}  // namespace

const TypeRow& row(Type type) {
  LARDER_ASSERT(type == Type::string);
  return kString;
}

}  // namespace larder::types
