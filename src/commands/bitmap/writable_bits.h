#pragma once

// The string of a key, open for changing bits in place.

#include <algorithm>
#include <optional>

#include "larder/engine/call.h"
#include "larder/memory/pages.h"

namespace larder::commands {

class WritableBits {
 public:
  // At least `least_bytes` long, filled with zeros after its end; created if there is none. `found`
  // is the value of the key, of the right type or nothing. The destructor reports the change,
  // unless discard() was called.
  WritableBits(engine::Call& call, const keyspace::Found<types::String>& found,
               std::size_t least_bytes) {
    if (found) {
      const std::size_t before = found->size();
      size_ = std::max(before, least_bytes);
      grew_ = size_ > before;
      edit_.emplace(call.db, call.key, found.entry(), keyspace::Event::setbit);
      bytes_ = edit_->bytes(size_);
      return;
    }
    size_ = least_bytes;
    bytes_ =
        call.db.put_unwritten(call.key, size_, keyspace::Event::setbit, keyspace::Contents::zeros);
    memory::write_zeros(bytes_, size_);
  }

  char* data() { return bytes_; }
  std::size_t size() const { return size_; }
  std::string_view view() const { return {bytes_, size_}; }

  // No bit was changed; a string that became longer still counts as changed.
  void discard() {
    if (edit_ && !grew_) edit_->discard();
  }

 private:
  std::optional<keyspace::Edit<types::String>> edit_;
  char* bytes_ = nullptr;
  std::size_t size_ = 0;
  bool grew_ = false;
};

}  // namespace larder::commands
