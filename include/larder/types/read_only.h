#pragma once

// The handles of collections (List, Set, SortedSet, Hash, Stream) can change what they refer to.
// They cannot be copied, and their const functions give no access for a change, so that a value
// that is known through a ReadOnly handle cannot be changed.

namespace larder::types {

// A copyable handle to a stored value that can only be read; empty for null. Owns nothing.
template <typename T>
class ReadOnly {
 public:
  ReadOnly() : ReadOnly(nullptr) {}
  explicit ReadOnly(const void* storage) : value_(const_cast<void*>(storage)) {}
  ReadOnly(const ReadOnly& other) : ReadOnly(other.value_.storage()) {}
  ReadOnly& operator=(const ReadOnly& other) {
    value_ = T(const_cast<void*>(other.value_.storage()));
    return *this;
  }

  const T* operator->() const { return &value_; }
  const T& operator*() const { return value_; }

 private:
  T value_;
};

}  // namespace larder::types
