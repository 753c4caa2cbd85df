#pragma once

// The pages of the process: what the allocator took from the system for the bytes of the ledger,
// what the system reports for the process, and the allocator's controls.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "larder/base/result.h"
#include "larder/memory/ledger.h"

namespace larder::memory {

// The figures of the allocators in bytes, as jemalloc defines them: those of jemalloc, and of the
// page store of the dataset if there is one.
struct Pages {
  std::uint64_t allocated = 0;  // blocks in use, at size-class sizes, with those in thread caches
  std::uint64_t active = 0;     // pages that hold at least one block
  std::uint64_t resident = 0;   // resident pages, including the allocator's own
  std::uint64_t mapped = 0;
  std::uint64_t metadata = 0;
  std::uint64_t retained = 0;    // given back to the system, addresses kept
  std::uint64_t dirty_data = 0;  // unused resident pages of the page store

  // Unused pages that decay() can return.
  std::uint64_t unused() const {
    const std::uint64_t needed = active + metadata + dirty_data;
    return resident > needed ? resident - needed : 0;
  }
};

// Reads the current values. Cost: tens of microseconds.
Pages read_pages();

// Bytes of the process in physical memory, from the system. Cost: a few microseconds.
std::uint64_t resident_set_bytes();

// Of those, what only this process has and has written: in a forked child, what was copied for it.
// Cost: milliseconds for each gigabyte. 0 if the system does not report it.
std::uint64_t private_dirty_bytes();

// Physical memory of the machine.
std::uint64_t system_memory_bytes();

// "jemalloc-5.3.0+pages" with the page store, "jemalloc-5.3.0" without; "libc" in sanitized builds.
std::string allocator_name();

// Returns the pages that are completely between the two addresses to the system; their contents are
// lost. For parts of a block that is going to be released.
void discard_pages(std::uintptr_t begin, std::uintptr_t end);

// The bytes of a large block of the dataset that need not be discarded before it is released: the
// page store keeps these pages for a moment, for other blocks. 0 without a page store.
std::size_t keepable_bytes();
// release() of heap.h, for a block of whose first `discarded` bytes all pages but the first were
// discarded.
void release_discarded(Owner owner, void* block, std::size_t bytes, std::size_t discarded) noexcept;

// Writes zeros. The complete pages of a large range are returned to the system instead, which gives
// pages of zeros when they are touched: they take neither time nor physical memory until then.
void write_zeros(char* begin, std::size_t bytes);

// Asks the system for the pages that lie wholly between the two addresses, all of which are about
// to be written: half the cost of touching them one by one. What is in them stays.
void populate_pages(std::uintptr_t begin, std::uintptr_t end);

// Gives all unused pages back to the system at once. Fails where the allocator cannot.
base::Result<void> purge();
// The same for pages beside the page store.
base::Result<void> purge_beside_data();
// The same for some pages of the page store. Returns their bytes; 0 if there were none. Cost: up to
// a quarter of a millisecond.
std::uint64_t purge_some_data_pages();
// Returns unused pages whose decay time is over to the system. Without it, and without the
// allocator's thread, they stay for later allocations. Cost: at least 0.1 microseconds a page.
void decay();
// Returns unused pages of the page store, a few at a time. Cost: less than half a millisecond.
void age_data_pages();

// Which thread returns unused pages: the ones that allocate, free and call decay(), or the
// allocator's own thread, which a child process does not have.
enum class PageReturn : std::uint8_t { by_caller, by_thread };
base::Result<void> set_page_return(PageReturn by);
PageReturn page_return();
// Empties this thread's cache of free blocks, so that read_pages() counts none of them.
void flush_thread_cache();

// The allocator's statistics as a readable text.
std::string allocator_report();

// jemalloc's controls by name, such as "arenas.page". A write to a control that cannot be read
// returns nothing. Errors have the system's text.
base::Result<std::int64_t> read_control(const std::string& name);
base::Result<std::optional<std::int64_t>> write_control(const std::string& name,
                                                        std::int64_t value);
base::Result<std::string> read_text_control(const std::string& name);
base::Result<std::optional<std::string>> write_text_control(const std::string& name,
                                                            const std::string& value);

}  // namespace larder::memory
