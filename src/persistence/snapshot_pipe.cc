#include "snapshot_pipe.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "larder/base/assert.h"

namespace larder::persistence {
namespace {

constexpr std::size_t kBlockBytes = 48 << 10;
// A block is passed on when it has this many bytes. Until the next text or part at most a part and
// some lengths are added.
constexpr std::size_t kFull = 30 << 10;
constexpr std::size_t kPart = 8 << 10;

constexpr std::size_t kFewestBlocks = 16;

// How many of eight blocks can be lent.
constexpr std::size_t kMostLent = 5;

// Of each stream the current block, and room for the stack of a large value and for lists.
std::size_t fixed_bytes(const SnapshotPipe::Options& options) {
  constexpr std::size_t kOther = 256 << 10;
  return SnapshotConsumer::bytes(options.form.compression) + 3 * kBlockBytes + kOther;
}

}  // namespace

class SnapshotPipe::Block final : public disk::Task {
 public:
  explicit Block(SnapshotPipe& pipe) : pipe_(pipe) { bytes.reserve(kBlockBytes); }

  void work() override {
    if (order == Order::discard) return pipe_.consumer_.cancel();
    pipe_.consumer_.consume({bytes.data(), bytes.size()});
    if (order == Order::finish) pipe_.consumer_.finish();
  }
  void done() override { pipe_.returned(*this); }

  enum class Order : std::uint8_t { write, finish, discard };
  Bytes bytes;
  Order order = Order::write;

 private:
  SnapshotPipe& pipe_;
};

SnapshotPipe::SnapshotPipe(Host& host, const Options& options)
    : host_(host),
      worker_(options.worker),
      compression_(options.form.compression),
      most_(std::max<std::size_t>(
          kFewestBlocks,
          (options.limit_bytes - std::min(options.limit_bytes, fixed_bytes(options))) /
              kBlockBytes)),
      consumer_(options.file, options.form),
      now_(std::make_unique<Stream>(*this, Stream::PassOn::at_once)),
      later_(std::make_unique<Stream>(*this, Stream::PassOn::later)) {}

SnapshotPipe::~SnapshotPipe() { LARDER_ASSERT(posted_ == 0); }

std::uint64_t SnapshotPipe::held_bytes() const {
  return made_ * kBlockBytes + SnapshotConsumer::bytes(compression_);
}

std::size_t SnapshotPipe::most_lent_bytes() const { return most_ * kMostLent / 8 * kBlockBytes; }

void SnapshotPipe::lend(std::size_t bytes) {
  const std::size_t blocks = (bytes + kBlockBytes - 1) / kBlockBytes;
  lent_ = std::min(blocks, most_ * kMostLent / 8);
  drop_unused();
}

// The streams have a block each.
void SnapshotPipe::drop_unused() {
  while (!free_.empty() && made_ + lent_ > most_ + 2) {
    free_.pop_back();
    --made_;
  }
}

// Blocks are made when they are needed, and stay until the end, unless their memory is lent.
std::unique_ptr<SnapshotPipe::Block> SnapshotPipe::take_block() {
  if (free_blocks() == 0 && !cancelled_) host_.wait_for_block();
  ++used_;
  if (!free_.empty()) {
    std::unique_ptr<Block> block = std::move(free_.back());
    free_.pop_back();
    return block;
  }
  ++made_;
  return std::make_unique<Block>(*this);
}

void SnapshotPipe::post(std::unique_ptr<Block> block) {
  ++posted_;
  worker_.post(*block.release());
}

void SnapshotPipe::returned(Block& block) {
  if (consumer_.has_failed()) failed_ = true;
  --posted_;
  recycle(std::unique_ptr<Block>(&block));
}

void SnapshotPipe::recycle(std::unique_ptr<Block> block) {
  --used_;
  block->bytes.clear();
  free_.push_back(std::move(block));
  drop_unused();
}

void SnapshotPipe::merge() {
  now_->flush();
  for (auto& block : waiting_) post(std::move(block));
  waiting_.clear();
  if (!later_->is_empty()) post(later_->exchange_block());
}

void SnapshotPipe::finish() {
  merge();
  std::unique_ptr<Block> last = now_->exchange_block();
  last->order = Block::Order::finish;
  post(std::move(last));
}

void SnapshotPipe::cancel() {
  if (std::exchange(cancelled_, true)) return;
  for (auto& block : waiting_) recycle(std::move(block));
  waiting_.clear();
  std::unique_ptr<Block> last = take_block();
  last->order = Block::Order::discard;
  post(std::move(last));
}

SnapshotPipe::Stream::Stream(SnapshotPipe& pipe, PassOn pass_on) : pipe_(pipe), pass_on_(pass_on) {
  bytes_.reserve(kBlockBytes);
  open_raw();
  ++pipe_.made_;
}

SnapshotPipe::Stream::~Stream() = default;

RdbRecords::Output SnapshotPipe::Stream::output() {
  return {.bytes = bytes_, .spill = *this, .most = kFull, .texts = this};
}

void SnapshotPipe::Stream::open_raw() {
  raw_at_ = bytes_.size();
  bytes_.insert(bytes_.end(), kFrameHead, '\0');
}

void SnapshotPipe::Stream::close_raw() {
  const std::size_t bytes = bytes_.size() - raw_at_ - kFrameHead;
  if (bytes == 0) return bytes_.resize(raw_at_);
  const auto head = static_cast<std::uint32_t>(bytes);
  std::memcpy(bytes_.data() + raw_at_, &head, sizeof head);
}

bool SnapshotPipe::Stream::is_empty() const { return bytes_.size() == kFrameHead; }

// The current bytes in a block of their own.
std::unique_ptr<SnapshotPipe::Block> SnapshotPipe::Stream::exchange_block() {
  std::unique_ptr<Block> block = pipe_.take_block();
  close_raw();
  block->order = Block::Order::write;
  block->bytes.swap(bytes_);
  bytes_.clear();
  open_raw();
  return block;
}

void SnapshotPipe::Stream::flush() {
  if (is_empty()) return;
  std::unique_ptr<Block> block = exchange_block();
  if (pipe_.cancelled_) return pipe_.recycle(std::move(block));
  pass_on_ == PassOn::at_once ? pipe_.post(std::move(block))
                              : pipe_.waiting_.push_back(std::move(block));
}

void SnapshotPipe::Stream::take(Bytes&) {
  flush();
  if (pass_on_ == PassOn::at_once) pipe_.host_.passed_on();
}

void SnapshotPipe::Stream::spill_if_full() {
  if (bytes_.size() >= kFull) take(bytes_);
}

void SnapshotPipe::Stream::frame(FrameKind kind, std::string_view bytes) {
  close_raw();
  const std::uint32_t head = static_cast<std::uint32_t>(bytes.size()) |
                             static_cast<std::uint32_t>(kind) << kFrameKindShift;
  char raw[sizeof head];
  std::memcpy(raw, &head, sizeof head);
  append(bytes_, {raw, sizeof raw});
  append(bytes_, bytes);
  open_raw();
}

void SnapshotPipe::Stream::plain(std::string_view text) {
  RdbWriter(bytes_, Compression::off).length(text.size());
  while (!text.empty()) {
    const std::string_view part = text.substr(0, kPart);
    append(bytes_, part);
    text.remove_prefix(part.size());
    spill_if_full();
  }
}

void SnapshotPipe::Stream::defer(std::string_view text) {
  if (pipe_.compression_ == Compression::off || text.size() > SnapshotConsumer::kMostCompressed) {
    return plain(text);
  }
  while (text.size() > kPart) {
    frame(FrameKind::part, text.substr(0, kPart));
    text.remove_prefix(kPart);
    spill_if_full();
    if (text.size() <= kPart) return frame(FrameKind::last_part, text);
  }
  frame(FrameKind::text, text);
}

}  // namespace larder::persistence
