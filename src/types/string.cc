#include "larder/types/string.h"

#include <new>

namespace larder::types {

Blob* Blob::create(memory::Owner owner, std::size_t size) {
  return new (memory::allocate(owner, sizeof(Blob) + size)) Blob(size);
}

void Blob::destroy(memory::Owner owner, Blob* blob) noexcept {
  memory::release(owner, blob, sizeof(Blob) + blob->size_);
}

Blob* Blob::resize(memory::Owner owner, Blob* blob, std::size_t size) {
  const std::size_t held = blob->footprint();
  if (memory::size_class(sizeof(Blob) + size) != held) {
    blob = static_cast<Blob*>(memory::reallocate(owner, blob, held, sizeof(Blob) + size));
  }
  blob->size_ = size;
  return blob;
}

}  // namespace larder::types
