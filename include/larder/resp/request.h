#pragma once

// Parsed requests of a connection. Arguments are views: into the read buffer, or into the batch if
// the escapes of an inline command require a copy.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace larder::resp {

using Args = std::span<const std::string_view>;

// One command with its arguments, never empty. `bytes` is its size in the input, including empty
// lines before it, so that their sums are positions in the input.
struct Request {
  Args args;
  std::uint64_t bytes = 0;
};

// The requests of one call of the parser, in order. Create one for the loop and clear it between
// uses: it keeps its memory for the next use, up to kKeptArgs arguments, charged to client_input.
class Batch {
 public:
  static constexpr std::size_t kMostRequests = 64;
  static constexpr std::size_t kKeptArgs = 4096;

  Batch() = default;
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  std::span<const Request> requests() const { return {requests_.data(), size_}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Its bytes of client_input, at the allocator's sizes.
  std::size_t held_bytes() const;
  bool full() const { return size_ == kMostRequests; }

  // Removes the requests; their views become invalid.
  void clear();

  // Space after the arguments of the last request for `count` more, which are unused until add()
  // takes the first of them. If the space has to grow, the arguments of earlier requests move:
  // views of Args become invalid, the texts stay valid.
  std::string_view* arg_room(std::size_t count) {
    if (arg_capacity_ - arg_count_ < count) grow(count);
    return args_ + arg_count_;
  }

  // Makes a request of the first `count` arguments in this space. Must not be called if full().
  void add(std::size_t count, std::uint64_t bytes) {
    requests_[size_++] = Request{Args{args_ + arg_count_, count}, bytes};
    arg_count_ += count;
  }

  // `bytes` characters that are valid until clear(), for texts that are not in the read buffer.
  char* text_room(std::size_t bytes);

 private:
  struct Block;

  void grow(std::size_t count);
  void release_blocks(Block* kept);

  std::string_view* args_ = nullptr;
  std::size_t arg_count_ = 0;
  std::size_t arg_capacity_ = 0;
  std::size_t size_ = 0;
  Block* blocks_ = nullptr;  // newest first
  std::array<Request, kMostRequests> requests_;
};

}  // namespace larder::resp
