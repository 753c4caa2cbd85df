#pragma once

// Batches of requests that were read and planned but have not run, and the buffers that their
// bytes are in.

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "larder/engine/executor.h"
#include "larder/resp/reader.h"
#include "larder/resp/request.h"

namespace larder::net {

class Connection;

// A read puts at most this much into a shared buffer.
inline constexpr std::size_t kReadBytes = 64 * 1024;
// An unfinished request up to this long is copied to the front of the buffer; a longer one is
// received in its connection's own buffer.
inline constexpr std::size_t kMostCopied = 8 * 1024;

struct InputBatch {
  Connection* connection = nullptr;  // null: empty, or it has been run
  std::span<const char> input;
  resp::Batch batch;
  resp::Parsed parsed;
  engine::Executor::Plan plan;
};

// The shared read buffers, used in turn, each with its batch.
class InputBatches {
 public:
  static constexpr std::size_t kCount = 3;

  // The batch that was read first; its buffer is the next to be used.
  InputBatch& oldest() { return batches_[(newest_ + 1) % kCount]; }
  InputBatch& newest() { return batches_[newest_]; }
  InputBatch& before_newest() { return batches_[(newest_ + kCount - 1) % kCount]; }
  // The oldest, which has been run, becomes the newest.
  InputBatch& reuse_oldest() {
    newest_ = (newest_ + 1) % kCount;
    return batches_[newest_];
  }
  // For input that is in a buffer of its connection, and is run at once.
  InputBatch& without_buffer() { return without_buffer_; }

  std::span<char> buffer(const InputBatch& batch) {
    const auto at = static_cast<std::size_t>(&batch - batches_.data());
    return {buffers_.get() + at * kBufferBytes, kBufferBytes};
  }
  // The batch of this connection that has not been run, or null.
  InputBatch* of(const Connection& connection) {
    for (InputBatch& batch : batches_) {
      if (batch.connection == &connection) return &batch;
    }
    return nullptr;
  }

  // The batches' bytes of client_input.
  std::size_t held_bytes() const {
    std::size_t bytes = without_buffer_.batch.held_bytes();
    for (const InputBatch& batch : batches_) bytes += batch.batch.held_bytes();
    return bytes;
  }

 private:
  static constexpr std::size_t kBufferBytes = kReadBytes + kMostCopied;

  std::array<InputBatch, kCount> batches_;
  InputBatch without_buffer_;
  std::size_t newest_ = 0;
  std::unique_ptr<char[]> buffers_ = std::make_unique_for_overwrite<char[]>(kCount * kBufferBytes);
};

}  // namespace larder::net
