#pragma once

// The ledger: how many bytes each owner holds. used_memory is the sum of the owners, by
// construction, because nothing allocates except through an owner (heap.h) or the global
// operator new, which charges `runtime`.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace larder::memory {

// The owners of bytes. A closed list: MEMORY AUDIT prints one line for each.
enum class Owner : std::uint8_t {
  runtime,  // libraries, the event loop, the start: all allocations by operator new
  strings,  // entries whose value is a string, with the key
  lists,
  hashes,
  sets,
  sorted_sets,
  streams,
  table,          // the keyspace's hash tables
  expires,        // the index of keys with a deadline
  graveyard,      // removed from the keyspace, not freed yet
  client_input,   // sessions, query buffers and parsed arguments
  client_output,  // replies not sent yet
  pubsub,
  tracking,
  replicas,
  backlog,
  journal,
  snapshot,
  scripts,
  acl,
  statistics,  // slow log, latency samples, command statistics
};
inline constexpr std::size_t kOwners = 21;

// The owners of keys and values, also of removed ones, and of the keyspace's tables.
constexpr bool is_dataset(Owner owner) {
  return owner >= Owner::strings && owner <= Owner::graveyard;
}
static_assert(is_dataset(Owner::table) && is_dataset(Owner::expires));

// The owner's name as MEMORY AUDIT and MEMORY STATS print it, such as "client.output".
std::string_view name(Owner owner);

using Charges = std::array<std::int64_t, kOwners>;

namespace detail {
struct alignas(64) ThreadCharges {
  Charges bytes{};
  std::int64_t mapped = 0;
  std::int64_t lent = 0;
};
// This thread's part of the ledger; registered for summing at the thread's first charge.
ThreadCharges& thread_charges();
extern constinit thread_local ThreadCharges* t_charges;
}  // namespace detail

// Changes the owner's bytes. Cost: one addition.
inline void charge(Owner owner, std::int64_t bytes) {
  detail::ThreadCharges* charges = detail::t_charges;
  if (__builtin_expect(charges == nullptr, 0)) charges = &detail::thread_charges();
  std::int64_t& figure = charges->bytes[static_cast<std::size_t>(owner)];
  __atomic_store_n(&figure, figure + bytes, __ATOMIC_RELAXED);
}

// The same for a mapping of a file, which the allocator does not know.
void charge_mapped(Owner owner, std::int64_t bytes);
// The sum of these.
std::int64_t mapped_bytes();

// Moves bytes from one owner to another, for example when a value moves to the graveyard.
inline void transfer(Owner from, Owner to, std::int64_t bytes) {
  charge(from, -bytes);
  charge(to, bytes);
  if (is_dataset(from) == is_dataset(to)) return;
  std::int64_t& lent = detail::t_charges->lent;
  __atomic_store_n(&lent, lent + (is_dataset(from) ? bytes : -bytes), __ATOMIC_RELAXED);
}
// Bytes of the dataset that are charged to other owners: values that a snapshot still reads.
std::int64_t lent_bytes();

// The sums over all threads. Asserts that no owner is below zero.
Charges balance();
std::int64_t balance(Owner owner);

// The sum of the owners. Cost: a few nanoseconds per thread that ever allocated.
std::uint64_t used_bytes();

}  // namespace larder::memory
