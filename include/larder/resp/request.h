#pragma once

// Requests cut from the bytes of a connection. Arguments are views: into the read buffer,
// or into the batch where an inline command's escapes forced a copy.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace larder::resp {

using Args = std::span<const std::string_view>;

// One command with its arguments, never empty. `bytes` is what it took on the wire, empty lines
// before it included, so that the sums of these are places in the input.
struct Request {
  Args args;
  std::uint64_t bytes = 0;
};

// The requests cut in one go, in order. Make one for the loop and clear it between uses: what it
// allocated stays for the next time, up to kKeptArgs arguments, charged to client_input.
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
  // What it keeps of client_input, at the allocator's sizes.
  std::size_t held_bytes() const;
  bool full() const { return size_ == kMostRequests; }

  // Forgets the requests; their views end here.
  void clear();

  // Space after the arguments of the last request for `count` more, which are unused until add()
  // takes the first of them. If the space has to grow, the arguments of earlier requests move:
  // views of Args become invalid, the texts stay valid.
  std::string_view* arg_room(std::size_t count) {
    if (arg_capacity_ - arg_count_ < count) grow(count);
    return args_ + arg_count_;
  }

  // Makes a request of the first `count` arguments in the room. Not when full().
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
