#pragma once

// The latest part of the stream of effects, in chunks. The bytes have offsets: the first byte of
// the stream has offset 1, and the offset of a server is that of the last byte that it has.
//
//   chunks   [ 64 KB ][ 64 KB ][ 64 KB ][ 11 KB     ]
//            ^ first()                  end() ^

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "larder/memory/audit.h"
#include "larder/memory/heap.h"

namespace larder::replication {

class Backlog final : public memory::AuditedOwner {
 public:
  static constexpr std::size_t kChunkBytes = 64 * 1024;

  // Chunks are charged to this owner.
  explicit Backlog(memory::Owner owner = memory::Owner::backlog) : owner_(owner) {}
  ~Backlog() override { clear(1); }
  Backlog(const Backlog&) = delete;
  Backlog& operator=(const Backlog&) = delete;

  // Forgets everything; the next byte has offset `next`.
  void clear(std::int64_t next);
  void append(std::string_view bytes);

  // The offset of the first byte that is kept, and of the byte behind the last one.
  std::int64_t first() const { return first_; }
  std::int64_t end() const { return first_ + static_cast<std::int64_t>(size_); }
  std::uint64_t size() const { return size_; }

  // The bytes from `offset` on, up to the end of their chunk; empty at the end. The view is valid
  // until the chunk is dropped. first() <= offset <= end().
  std::string_view at(std::int64_t offset) const;

  // Whole chunks at the front. Dropping one frees it.
  bool has_whole_chunk() const { return size_ >= kChunkBytes; }
  void drop_chunk();
  // The same, but the chunk belongs to the caller, and is charged to replicas.
  char* take_chunk();
  // So many of the oldest chunks are kept for replicas alone, and are charged to them.
  void keep_for_replicas(std::size_t chunks);
  bool is_lending() const { return lent_ > 0; }

  void report_bytes(memory::Audit& audit) const override;

 private:
  void forget_first();

  static constexpr auto kListOwner = memory::Owner::backlog;
  static constexpr auto kLentTo = memory::Owner::replicas;
  // Chunks that were dropped and are still in the list are forgotten beyond this number.
  static constexpr std::size_t kMostGone = 64;

  std::vector<char*, memory::Allocator<char*, kListOwner>> chunks_;
  const memory::Owner owner_;
  std::size_t lent_ = 0;  // chunks, from the front
  std::size_t gone_ = 0;  // dropped ones at the front of the list
  std::int64_t first_ = 1;
  std::uint64_t size_ = 0;
};

}  // namespace larder::replication
