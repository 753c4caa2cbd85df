#pragma once

// The input of a connection that is not processed yet: the unfinished end. Holds no memory if there
// is none.

#include <cstddef>
#include <span>

namespace larder::net {

class Input {
 public:
  Input() = default;
  ~Input() { clear(); }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  std::span<const char> bytes() const { return {data_, size_}; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }

  // Replaces the contents by a copy of `bytes`, which must not be in this buffer.
  void assign(std::span<const char> bytes);
  void append(std::span<const char> bytes);

  // Room to read into after the bytes. Grows towards `wanted` bytes in all, at most to twice what
  // has arrived, so that a client gets no memory for bytes that it only announced, and each byte is
  // copied about twice however large the whole becomes.
  std::span<char> room(std::size_t wanted);
  // Allocates what room(wanted) needs; false if the system has no memory for it.
  bool reserve_room(std::size_t wanted);
  void added(std::size_t bytes) { size_ += bytes; }
  // The number of bytes that room(wanted) would have to allocate.
  std::size_t growth(std::size_t wanted) const;

  // The first `bytes` are processed.
  void drop(std::size_t bytes);
  void clear();

 private:
  std::size_t capacity_for(std::size_t wanted) const;
  void reserve(std::size_t capacity);
  bool try_reserve(std::size_t capacity);

  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace larder::net
