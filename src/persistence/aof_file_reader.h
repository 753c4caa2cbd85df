#pragma once

// Reads a file of commands as a stream. It looks ahead to the end of each group and verifies its
// checksum before a command of the group may run; commands that no group contains (Redis wrote
// them) may run as they are.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aof_cutter.h"
#include "larder/memory/heap.h"
#include "larder/persistence/rdb_file.h"
#include "larder/persistence/value_codec.h"
#include "larder/resp/request.h"

namespace larder::persistence {

struct AofFailure {
  enum class Kind : std::uint8_t {
    truncated,  // the file ends within a command
    damaged,    // there is neither a command nor an annotation
    checksum,   // a group is not what was written
    source,     // the file cannot be read
    stopped,    // the pulse returned false
  };
  Kind kind;
  std::uint64_t offset = 0;  // where the piece, or the group, begins
  std::string text;          // of `source`: the system's
};

class AofFileReader {
 public:
  // Commands that are run before the end of their group is seen, if it does not end within this
  // many bytes.
  static constexpr std::uint64_t kMostAhead = 64 << 20;

  // The source gives the bytes of the file from `offset` on. The pulse, if there is one, is called
  // while the reader looks ahead, about every 64 KB.
  explicit AofFileReader(RdbSource& source, std::uint64_t offset = 0, Pulse* pulse = nullptr)
      : source_(source), first_(offset), pulse_(pulse) {}

  // Makes the next commands ready: to the end of a group, or up to kMostAhead bytes. After a
  // failure those before the piece that failed are ready. At the end of the file there are none.
  std::optional<AofFailure> prepare();
  bool has_ready() const { return at_ < ready_; }
  // Up to 64 of these commands, as views that are valid until the next call of prepare().
  void cut(resp::Batch& batch);
  // Where this command of the last cut() begins.
  std::uint64_t offset(std::size_t index) const { return offsets_[index]; }
  // Discards the commands that are ready.
  void drop_ready() { at_ = ready_; }

  // Where the next command begins.
  std::uint64_t offset() const { return first_ + at_; }
  // The end of the last group that was verified, 0 before the first.
  std::uint64_t verified() const { return verified_; }

 private:
  using Bytes = std::vector<char, memory::Allocator<char, memory::Owner::journal>>;

  std::string_view behind(std::size_t at) const { return {bytes_.data() + at, end_ - at}; }
  std::optional<AofFailure> fail(AofFailure::Kind kind, std::size_t at) const {
    return AofFailure{kind, first_ + at, {}};
  }
  void forget_done();
  // Reads on until `wanted` bytes are there behind `from`; false if the file ends before, or the
  // pulse returns false.
  base::Result<bool> fill(std::size_t from, std::uint64_t wanted);
  // Copies what was read to a larger block; false if the pulse returns false.
  bool grow();
  // Not known if the pulse returns false.
  bool is_as_written(const GroupSum& sum, std::size_t end);
  // To be called for bytes that were read, looked at, copied or summed.
  bool may_go_on(std::uint64_t bytes);

  RdbSource& source_;
  Bytes bytes_;
  std::uint64_t first_;  // the offset of bytes_[0]
  Pulse* const pulse_;
  std::uint64_t since_pulse_ = 0;  // bytes since the pulse was called
  bool is_stopped_ = false;        // the pulse returned false
  std::size_t at_ = 0;             // in bytes_, like the following: what is done
  std::size_t ready_ = 0;          // up to here commands may be cut
  std::size_t end_ = 0;            // of what was read
  std::uint64_t verified_ = 0;
  std::array<std::uint64_t, resp::Batch::kMostRequests> offsets_{};
};

}  // namespace larder::persistence
