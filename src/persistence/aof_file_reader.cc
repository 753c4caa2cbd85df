#include "aof_file_reader.h"

#include <algorithm>
#include <cstring>

#include "crc32c.h"

namespace larder::persistence {
namespace {

using Kind = AofFailure::Kind;

constexpr std::size_t kReadAtOnce = 256 << 10;
// Bytes between two calls of the pulse.
constexpr std::uint64_t kBytesBetweenPulses = 64 << 10;

}  // namespace

void AofFileReader::forget_done() {
  if (at_ == 0) return;
  std::memmove(bytes_.data(), bytes_.data() + at_, end_ - at_);
  first_ += at_;
  end_ -= at_;
  ready_ -= at_;
  at_ = 0;
}

bool AofFileReader::grow() {
  Bytes larger;
  larger.reserve(2 * end_ + kReadAtOnce);
  while (larger.size() < end_) {
    const std::size_t some = std::min<std::size_t>(kBytesBetweenPulses, end_ - larger.size());
    const char* const from = bytes_.data() + larger.size();
    larger.insert(larger.end(), from, from + some);
    if (!may_go_on(some)) return false;
  }
  bytes_.swap(larger);
  return true;
}

base::Result<bool> AofFileReader::fill(std::size_t from, std::uint64_t wanted) {
  while (end_ - from < wanted) {
    if (bytes_.capacity() - end_ < kReadAtOnce && !grow()) return false;
    if (bytes_.size() < end_ + kReadAtOnce) bytes_.resize(end_ + kReadAtOnce);
    const auto got = source_.read(bytes_.data() + end_, kReadAtOnce);
    if (!got) return got.error();
    if (got.value() == 0) return false;
    end_ += got.value();
    if (!may_go_on(got.value())) return false;
  }
  return true;
}

// The group ends at `end` in bytes_. What ran already cannot be verified any more.
bool AofFileReader::is_as_written(const GroupSum& sum, std::size_t end) {
  if (sum.bytes > first_ + end || sum.offset != first_ + end - sum.bytes) return false;
  if (sum.offset < first_) return true;
  const auto begin = static_cast<std::size_t>(sum.offset - first_);
  if (begin < at_) return true;
  std::uint32_t crc = 0;
  for (std::size_t at = begin; at < end;) {
    const std::size_t some = std::min<std::size_t>(kBytesBetweenPulses, end - at);
    crc = crc32c(crc, {bytes_.data() + at, some});
    at += some;
    if (!may_go_on(some)) break;
  }
  return crc == sum.crc;
}

bool AofFileReader::may_go_on(std::uint64_t bytes) {
  since_pulse_ += bytes;
  if (since_pulse_ < kBytesBetweenPulses) return true;
  since_pulse_ = 0;
  is_stopped_ = pulse_ != nullptr && !pulse_->go_on();
  return !is_stopped_;
}

std::optional<AofFailure> AofFileReader::prepare() {
  forget_done();
  for (;;) {
    const AofPiece piece = cut_piece(behind(ready_), nullptr);
    if (piece.kind == AofPiece::Kind::more) {
      const auto more = fill(ready_, piece.wanted);
      if (!more) return AofFailure{Kind::source, first_ + ready_, more.error().text};
      if (more.value()) continue;
      if (is_stopped_) return fail(Kind::stopped, ready_);
      return ready_ == end_ ? std::nullopt : fail(Kind::truncated, ready_);
    }
    if (piece.kind == AofPiece::Kind::damaged) return fail(Kind::damaged, ready_);
    if (piece.kind == AofPiece::Kind::command) {
      if (ready_ > 0 && ready_ + piece.bytes > kMostAhead) return std::nullopt;
      ready_ += piece.bytes;
      if (!may_go_on(piece.bytes)) return fail(Kind::stopped, ready_);
      continue;
    }
    const auto sum = read_group_sum(piece.line);
    const bool is_damaged = sum && !is_as_written(*sum, ready_);
    if (is_stopped_) return fail(Kind::stopped, ready_);
    if (is_damaged) {
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
