#include "larder/memory/audit.h"

#include <algorithm>
#include <cstdlib>

#include "data_blocks.h"
#include "larder/base/format.h"
#include "larder/memory/heap.h"
#include "larder/memory/pages.h"

namespace larder::memory {

namespace {

// Between the two readings nothing may allocate.
std::int64_t bytes_outside_ledger() {
  flush_thread_cache();
  const auto handed_out = static_cast<std::int64_t>(read_pages().allocated);
  return handed_out + mapped_bytes() - static_cast<std::int64_t>(used_bytes());
}

#ifdef LARDER_SYSTEM_MALLOC
constexpr bool kAllocatorIsComparable = false;
#else
constexpr bool kAllocatorIsComparable = true;
#endif

std::int64_t dataset_sum(const Charges& ledger) {
  std::int64_t sum = lent_bytes();
  for (std::size_t i = 0; i < kOwners; ++i) {
    if (is_dataset(static_cast<Owner>(i))) sum += ledger[i];
  }
  return sum;
}

// Finishes the walk that was begun before, or makes a complete one.
[[maybe_unused]] data_blocks::Counts walk_rest(StoreWalk* store) {
  if (store == nullptr) return data_blocks::walk();
  while (!store->step()) continue;
  return data_blocks::walked();
}

[[maybe_unused]] Audit::StoreRow compare_store(const Charges& ledger,
                                               const data_blocks::Counts& walked) {
  const data_blocks::Counts counted = data_blocks::counts();
  return {.ledger_bytes = dataset_sum(ledger),
          .walked_bytes = static_cast<std::int64_t>(walked.block_bytes),
          .pages_agree = walked.live_pages == counted.live_pages &&
                         walked.dirty_pages == counted.dirty_pages &&
                         walked.clean_pages == counted.clean_pages};
}

void append_line(std::string& out, std::string_view label, std::int64_t ledger,
                 std::string_view walked, std::string_view mark) {
  base::append_print(out, "%-16.*s %16lld %16.*s%.*s\n", static_cast<int>(label.size()),
                     label.data(), static_cast<long long>(ledger), static_cast<int>(walked.size()),
                     walked.data(), static_cast<int>(mark.size()), mark.data());
}

}  // namespace

Audit::Audit(const Charges& ledger, std::optional<std::int64_t> foreign_bytes)
    : foreign_bytes_(foreign_bytes) {
  for (std::size_t i = 0; i < kOwners; ++i) {
    rows_[i] = {static_cast<Owner>(i), ledger[i], std::nullopt};
    ledger_bytes_ += ledger[i];
  }
}

void Audit::found(Owner owner, std::int64_t bytes) {
  auto& walked = rows_[static_cast<std::size_t>(owner)].walked_bytes;
  walked = walked.value_or(0) + bytes;
}

bool Audit::balanced() const {
  if (foreign_bytes_ && std::abs(*foreign_bytes_) > Auditor::kForeignBytes) return false;
  if (store_ && !store_->balanced()) return false;
  return std::all_of(rows_.begin(), rows_.end(), [](const Row& row) { return row.balanced(); });
}

std::string Audit::text() const {
  std::string out;
  for (const Row& row : rows_) {
    const std::string walked = row.walked_bytes ? std::to_string(*row.walked_bytes) : "not walked";
    append_line(out, name(row.owner), row.ledger_bytes, walked, row.balanced() ? "" : " DIFFERS");
  }
  if (store_) {
    append_line(out, "page store", store_->ledger_bytes, std::to_string(store_->walked_bytes),
                store_->balanced() ? "" : " DIFFERS");
    if (!store_->pages_agree) out += "the store's count of its pages DIFFERS\n";
  }
  append_line(out, "sum", ledger_bytes_, "", "");
  if (foreign_bytes_) append_line(out, "beside ledger", *foreign_bytes_, "", "");
  out += balanced() ? "balanced\n" : "NOT balanced\n";
  return out;
}

StoreWalk::StoreWalk() {
  if constexpr (kHasPageStore) data_blocks::begin_walk();
}

StoreWalk::~StoreWalk() {
  if constexpr (kHasPageStore) data_blocks::begin_walk();
}

bool StoreWalk::step() {
  if constexpr (kHasPageStore) return data_blocks::walk_some();
  return true;
}

Auditor::Auditor() : foreign_at_start_(bytes_outside_ledger()) {}

void Auditor::add(const AuditedOwner& owner) { audited_owners_.push_back(&owner); }

void Auditor::remove(const AuditedOwner& owner) {
  audited_owners_.erase(std::remove(audited_owners_.begin(), audited_owners_.end(), &owner),
                        audited_owners_.end());
}

Audit Auditor::run() const { return run_with(nullptr, nullptr, nullptr); }

Audit Auditor::run(const AuditedOwner& owner, const AuditedOwner& walked, StoreWalk& store) const {
  return run_with(&owner, &walked, &store);
}

Audit Auditor::run_with(const AuditedOwner* owner, const AuditedOwner* walked,
                        [[maybe_unused]] StoreWalk* store) const {
  std::optional<std::int64_t> foreign;
  if (kAllocatorIsComparable) foreign = bytes_outside_ledger() - foreign_at_start_;
  const Charges ledger = balance();
  Audit audit(ledger, foreign);
  if constexpr (kHasPageStore) audit.store_ = compare_store(ledger, walk_rest(store));
  for (const AuditedOwner* each : audited_owners_)
    (each == owner ? walked : each)->report_bytes(audit);
  return audit;
}

}  // namespace larder::memory
