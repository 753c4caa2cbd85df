#include "larder/memory/ledger.h"

#include <atomic>
#include <cstdlib>
#include <new>

#include "larder/base/assert.h"
#include "linked.h"

namespace larder::memory {

namespace {

constexpr std::array<std::string_view, kOwners> kNames = {
    "runtime", "strings",  "lists",     "hashes",    "sets",         "sorted.sets",
    "streams", "table",    "expires",   "graveyard", "client.input", "client.output",
    "pubsub",  "tracking", "replicas",  "backlog",   "journal",      "snapshot",
    "scripts", "acl",      "statistics"};

// A thread's page of the ledger. Pages stay when their thread ends: another thread may release what
// it has allocated.
struct Page {
  detail::ThreadCharges charges;
  Page* next = nullptr;
};

constinit std::atomic<Page*> g_pages{nullptr};

// Allocated by malloc: operator new would call this function again.
Page* open_page() {
  void* room = std::aligned_alloc(alignof(Page), sizeof(Page));
  LARDER_ASSERT(room != nullptr);
  Page* page = new (room) Page;
  page->next = g_pages.load(std::memory_order_relaxed);
  while (!g_pages.compare_exchange_weak(page->next, page, std::memory_order_release,
                                        std::memory_order_relaxed)) {
  }
  return page;
}

template <typename Visit>
void each_page(Visit visit) {
  for (const Page* page = g_pages.load(std::memory_order_acquire); page; page = page->next) {
    visit(page->charges);
  }
}

std::int64_t read(const std::int64_t& figure) { return __atomic_load_n(&figure, __ATOMIC_RELAXED); }

}  // namespace

namespace detail {

constinit thread_local ThreadCharges* t_charges = nullptr;

ThreadCharges& thread_charges() {
  link_operator_new();
  link_jemalloc_options();
  if (t_charges == nullptr) t_charges = &open_page()->charges;
  return *t_charges;
}

}  // namespace detail

std::string_view name(Owner owner) { return kNames[static_cast<std::size_t>(owner)]; }

Charges balance() {
  Charges sum{};
  each_page([&sum](const detail::ThreadCharges& page) {
    for (std::size_t i = 0; i < kOwners; ++i) sum[i] += read(page.bytes[i]);
  });
  for (const std::int64_t bytes : sum) LARDER_ASSERT(bytes >= 0);
  return sum;
}

std::int64_t balance(Owner owner) {
  std::int64_t sum = 0;
  each_page([&sum, owner](const detail::ThreadCharges& page) {
    sum += read(page.bytes[static_cast<std::size_t>(owner)]);
  });
  LARDER_ASSERT(sum >= 0);
  return sum;
}

std::uint64_t used_bytes() {
  std::int64_t sum = 0;
  each_page([&sum](const detail::ThreadCharges& page) {
    for (const std::int64_t& figure : page.bytes) sum += read(figure);
  });
  LARDER_ASSERT(sum >= 0);
  return static_cast<std::uint64_t>(sum);
}

void charge_mapped(Owner owner, std::int64_t bytes) {
  charge(owner, bytes);
  std::int64_t& mapped = detail::thread_charges().mapped;
  __atomic_store_n(&mapped, mapped + bytes, __ATOMIC_RELAXED);
}

std::int64_t lent_bytes() {
  std::int64_t sum = 0;
  each_page([&sum](const detail::ThreadCharges& page) { sum += read(page.lent); });
  return sum;
}

std::int64_t mapped_bytes() {
  std::int64_t sum = 0;
  each_page([&sum](const detail::ThreadCharges& page) { sum += read(page.mapped); });
  return sum;
}

}  // namespace larder::memory
