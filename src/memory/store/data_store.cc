#include "data_store.h"

#include <cstring>

#include "larder/base/assert.h"

namespace larder::memory {

namespace {

std::size_t pages_of(std::size_t bytes) { return data_class(bytes) / kPageBytes; }

}  // namespace

void* DataStore::allocate_run(std::size_t bytes) {
  if (bytes > pages_.addresses().bytes()) return nullptr;
  const RunId id = pages_.take(static_cast<std::uint32_t>(pages_of(bytes)), RunState::block);
  if (id == kNoRun) return nullptr;
  block_bytes_ += data_class(bytes);
  return pages_.address_of(pages_[id]);
}

void DataStore::release_discarded(void* block, std::size_t discarded) {
  const RunId id = pages_.run_of(block);
  const Run& run = pages_[id];
  LARDER_ASSERT(run.state == RunState::block && pages_.address_of(run) == block);
  block_bytes_ -= run.pages * kPageBytes;
  pages_.give_back(id, static_cast<std::uint32_t>(discarded / kPageBytes));
}

bool DataStore::resize_in_place(void* block, std::size_t old_bytes, std::size_t new_bytes) {
  if (data_class(old_bytes) == data_class(new_bytes)) return true;
  if (old_bytes <= kMostSlotBytes || new_bytes <= kMostSlotBytes ||
      new_bytes > pages_.addresses().bytes() ||
      !pages_.resize(pages_.run_of(block), static_cast<std::uint32_t>(pages_of(new_bytes)))) {
    return false;
  }
  block_bytes_ += data_class(new_bytes) - data_class(old_bytes);
  return true;
}

bool DataStore::can_allocate(std::size_t bytes) {
  return bytes <= pages_.addresses().bytes() &&
         pages_.can_take(static_cast<std::uint32_t>(pages_of(bytes)));
}

DataStore::Counts DataStore::counts() const {
  return {.block_bytes = block_bytes_,
          .live_pages = pages_.live_pages(),
          .dirty_pages = pages_.dirty_pages(),
          .clean_pages = pages_.clean_pages(),
          .table_bytes = pages_.table_bytes()};
}

DataStore::Counts DataStore::of_runs(const RunCounts& found) const {
  Counts counts{.block_bytes = found.block_bytes,
                .live_pages = found.live_pages,
                .dirty_pages = found.dirty_pages,
                .clean_pages = found.clean_pages,
                .table_bytes = pages_.table_bytes()};
  for (const Slabs& slabs : slabs_) counts.block_bytes -= slabs.recent_bytes();
  return counts;
}

DataStore::Counts DataStore::walk() const {
  RunCounts found;
  pages_.each_run([&](RunId id) { found.add(pages_[id]); });
  return of_runs(found);
}

std::size_t DataStore::purge_some(std::size_t most_pages) {
  for (Slabs& slabs : slabs_) slabs.return_recent();
  return pages_.purge_some(most_pages);
}

void* DataStore::move(BlockKind kind, void* block, std::size_t bytes) {
  if (!is_emptying(block)) return nullptr;
  Slabs& slabs = of(kind);
  const std::size_t number = slab_class(bytes);
  void* const moved = slabs.take_existing(number);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, kSlabs[number].slot_bytes);
  slabs.give_back(number, block);
  return moved;
}

}  // namespace larder::memory
