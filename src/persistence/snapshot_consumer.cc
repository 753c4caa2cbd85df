#include "snapshot_consumer.h"

#include <cstring>

#include "larder/persistence/crc64.h"

namespace larder::persistence {
namespace {

// Bytes of one write.
constexpr std::size_t kWritten = 128 << 10;
// Frames are shorter than this.
constexpr std::size_t kSlack = 64 << 10;

}  // namespace

SnapshotConsumer::SnapshotConsumer(const File& file, const RdbOptions& form)
    : name_(file.name),
      form_(form),
      file_(file.calls, file.syncing, file.temporary),
      out_({.bytes = buffer_, .spill = *this, .most = kWritten},
           {.compression = form.compression}) {
  // The whole capacity at once, so that the memory of the thread is a constant.
  buffer_.reserve(kWritten + kSlack);
  if (form.compression == Compression::off) return;
  parts_.reserve(kMostCompressed);
  out_.reserve_room(kMostCompressed);
}

std::size_t SnapshotConsumer::bytes(Compression compression) {
  const std::size_t room = compression == Compression::off ? 0 : 2 * kMostCompressed;
  return memory::size_class(kWritten + kSlack) + room;
}

void SnapshotConsumer::fail(const base::Error& error) {
  if (has_failed()) return;
  failure_ = error.text;
  failed_.store(true, std::memory_order_release);
}

void SnapshotConsumer::take(Bytes& bytes) {
  const std::string_view written(bytes.data(), bytes.size());
  if (!has_failed()) {
    if (form_.checksum) crc_ = crc64(crc_, written);
    if (const auto done = file_.append(written); !done) fail(done.error());
  }
  bytes.clear();
}

void SnapshotConsumer::consume(std::string_view block) {
  if (!is_open_) {
    if (const auto opened = file_.open(); !opened) fail(opened.error());
    is_open_ = true;
  }
  while (!block.empty() && !has_failed()) {
    std::uint32_t head;
    std::memcpy(&head, block.data(), sizeof head);
    const std::size_t bytes = head & ((1u << kFrameKindShift) - 1);
    const auto kind = static_cast<FrameKind>(head >> kFrameKindShift);
    const std::string_view frame = block.substr(kFrameHead, bytes);
    block.remove_prefix(kFrameHead + bytes);
    if (kind == FrameKind::raw) {
      out_.raw(frame);
    } else if (kind == FrameKind::text) {
      out_.text(frame);
    } else {
      append(parts_, frame);
      if (kind == FrameKind::part) continue;
      out_.text({parts_.data(), parts_.size()});
      parts_.clear();
    }
  }
}

void SnapshotConsumer::finish() {
  take(buffer_);
  auto done = has_failed() ? base::Result<void>(base::Error{failure_}) : append_sum();
  if (done) done = file_.publish(name_);
  if (done) return;
  fail(done.error());
  file_.discard();
}

base::Result<void> SnapshotConsumer::append_sum() {
  if (form_.purpose == RdbPurpose::aof_commands) return {};
  char sum[sizeof crc_];
  std::memcpy(sum, &crc_, sizeof crc_);
  return file_.append({sum, sizeof sum});
}

void SnapshotConsumer::cancel() { file_.discard(); }

}  // namespace larder::persistence
