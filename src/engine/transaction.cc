#include "larder/engine/transaction.h"

#include <algorithm>
#include <new>

#include "larder/base/assert.h"
#include "larder/engine/command_table.h"
#include "larder/memory/heap.h"

namespace larder::engine {
namespace {

constexpr auto kOwner = memory::Owner::client_input;
constexpr std::uint32_t kGatesOfTransactions = bit(Gate::transaction) | bit(Gate::queueing);

// The sizes of blocks double up to a maximum; a command that is larger gets a block of its own.
constexpr std::size_t kFirstBlock = 512;
constexpr std::size_t kLargestBlock = 32 * 1024;

constexpr std::size_t aligned(std::size_t bytes) { return (bytes + 7) & ~std::size_t{7}; }

}  // namespace

struct Transaction::Block {
  Block* next;
  std::size_t bytes;
  std::size_t used;
};

Transaction::Transaction() : bytes_(memory::size_class(sizeof(Transaction))) {}

Transaction::~Transaction() {
  while (blocks_ != nullptr) drop_block();
}

void Transaction::drop_block() {
  Block* const next = blocks_->next;
  bytes_ -= blocks_->bytes;
  memory::release(kOwner, blocks_, blocks_->bytes);
  blocks_ = next;
  --block_count_;
}

Transaction& Transaction::begin(Session& session) {
  LARDER_ASSERT(of(session) == nullptr);
  auto* const transaction = new (memory::allocate(kOwner, sizeof(Transaction))) Transaction;
  session.attach(Attached::transaction, *transaction);
  session.closed_gates |= kGatesOfTransactions;
  return *transaction;
}

void Transaction::stop_queueing(Session& session) { session.closed_gates &= ~kGatesOfTransactions; }

void Transaction::end(Session& session) {
  Transaction* const transaction = of(session);
  session.forget(Attached::transaction);
  transaction->detach(session);
}

void Transaction::detach(Session& session) {
  session.closed_gates &= ~kGatesOfTransactions;
  if (block_count_ > kPiecesAtOnce) return session.defer_detach(*this, block_count_);
  std::size_t all = kPiecesAtOnce;
  free_in_steps(all);
}

bool Transaction::free_in_steps(std::size_t& pieces) {
  for (; blocks_ != nullptr && pieces > 0; --pieces) drop_block();
  if (blocks_ != nullptr) return false;
  this->~Transaction();
  memory::release(kOwner, this, sizeof(Transaction));
  return true;
}

void Transaction::report_bytes(memory::Audit& audit) const {
  audit.found(kOwner, static_cast<std::int64_t>(bytes_));
}

std::byte* Transaction::room(std::size_t bytes) {
  if (blocks_ == nullptr || blocks_->bytes - blocks_->used < bytes) {
    const std::size_t twice = blocks_ == nullptr ? kFirstBlock : 2 * blocks_->bytes;
    const std::size_t block_bytes =
        memory::size_class(std::max(std::min(twice, kLargestBlock), sizeof(Block) + bytes));
    blocks_ = new (memory::allocate(kOwner, block_bytes))
        Block{.next = blocks_, .bytes = block_bytes, .used = sizeof(Block)};
    bytes_ += block_bytes;
    ++block_count_;
  }
  std::byte* const found = reinterpret_cast<std::byte*>(blocks_) + blocks_->used;
  blocks_->used += bytes;
  return found;
}

void Transaction::add(BoundCommand& command, resp::Args words, std::uint64_t hash) {
  std::size_t text_bytes = 0;
  for (const std::string_view word : words) text_bytes += word.size();
  const std::size_t head = sizeof(QueuedCommand) + words.size() * sizeof(std::string_view);
  std::byte* const place = room(aligned(head + text_bytes));
  auto* const views = new (place + sizeof(QueuedCommand)) std::string_view[words.size()];
  char* text = reinterpret_cast<char*>(place + head);
  for (std::size_t i = 0; i < words.size(); ++i) {
    views[i] = {text, words[i].size()};
    text = std::copy(words[i].begin(), words[i].end(), text);
  }
  auto* const queued = new (place) QueuedCommand{
      .command = &command, .hash = hash, .words = {views, words.size()}, .next = nullptr};
  (last_ == nullptr ? first_ : last_->next) = queued;
  last_ = queued;
  ++size_;
  grows_ = grows_ || command.row->has(kGrows);
  wants_room_ = wants_room_ || command.wants_room;
  writes_ = writes_ || command.row->has(kWrites);
  replicates_ = replicates_ || command.row->has(kWrites | kMayReplicate);
}

}  // namespace larder::engine
