#include "aof_file_reader.h"

#include <algorithm>
#include <cstring>

#include "crc32c.h"

namespace larder::persistence {
namespace {

using Kind = AofFailure::Kind;

constexpr std::size_t kReadAtOnce = 1 << 20;

}  // namespace

void AofFileReader::forget_done() {
  if (at_ == 0) return;
  std::memmove(bytes_.data(), bytes_.data() + at_, end_ - at_);
  first_ += at_;
  end_ -= at_;
  ready_ -= at_;
  at_ = 0;
}

base::Result<bool> AofFileReader::fill(std::size_t from, std::uint64_t wanted) {
  while (end_ - from < wanted) {
    if (bytes_.size() - end_ < kReadAtOnce / 2) {
      bytes_.resize(std::max(bytes_.size() + kReadAtOnce, 2 * end_));
    }
    const auto got = source_.read(bytes_.data() + end_, bytes_.size() - end_);
    if (!got) return got.error();
    if (got.value() == 0) return false;
    end_ += got.value();
  }
  return true;
}

// The group ends at `end` in bytes_. What ran already cannot be verified any more.
bool AofFileReader::is_as_written(const GroupSum& sum, std::size_t end) const {
  if (sum.bytes > first_ + end || sum.offset != first_ + end - sum.bytes) return false;
  if (sum.offset < first_) return true;
  const auto begin = static_cast<std::size_t>(sum.offset - first_);
  return begin < at_ || crc32c(0, {bytes_.data() + begin, end - begin}) == sum.crc;
}

std::optional<AofFailure> AofFileReader::prepare() {
  forget_done();
  for (;;) {
    const AofPiece piece = cut_piece(behind(ready_), nullptr);
    if (piece.kind == AofPiece::Kind::more) {
      const auto more = fill(ready_, piece.wanted);
      if (!more) return AofFailure{Kind::source, first_ + ready_, more.error().text};
      if (more.value()) continue;
      return ready_ == end_ ? std::nullopt : fail(Kind::truncated, ready_);
    }
    if (piece.kind == AofPiece::Kind::damaged) return fail(Kind::damaged, ready_);
    if (piece.kind == AofPiece::Kind::command) {
      if (ready_ > 0 && ready_ + piece.bytes > kMostAhead) return std::nullopt;
      ready_ += piece.bytes;
      continue;
    }
    const auto sum = read_group_sum(piece.line);
    if (sum && !is_as_written(*sum, ready_)) {
      const std::uint64_t begin = std::clamp(sum->offset, first_, first_ + ready_);
      ready_ = static_cast<std::size_t>(begin - first_);
      return AofFailure{Kind::checksum, begin, {}};
    }
    if (!sum && is_group_sum(piece.line)) return fail(Kind::damaged, ready_);
    ready_ += piece.bytes;
    if (!sum) continue;
    verified_ = first_ + ready_;
    return std::nullopt;
  }
}

void AofFileReader::cut(resp::Batch& batch) {
  batch.clear();
  while (at_ < ready_ && !batch.full()) {
    offsets_[batch.size()] = offset();
    at_ += cut_piece(behind(at_), &batch).bytes;
  }
}

}  // namespace larder::persistence
