#pragma once

// The tables of a database: all entries by key, those with a deadline, and those with elements
// that have deadlines of their own.

#include <string_view>

#include "larder/keyspace/entry.h"
#include "larder/memory/ledger.h"
#include "larder/types/table.h"

namespace larder::keyspace {

struct EntryTraits {
  using Element = Entry;
  static constexpr memory::Owner kOwner = memory::Owner::table;
  // There are only a few of these tables (one per database), and a salt would slow down each
  // lookup.
  static constexpr bool kCommonOrder = true;
  static std::string_view key(const Entry& entry) { return entry.key(); }
  static std::uint64_t hash(const Entry& entry) { return base::hash_bytes(entry.key()); }
};

// In the expires index the tag beside each slot is a byte of the deadline instead of the hash, so
// the expiry cycle reads only the index and few entries that are not due.
struct ExpiresTraits {
  using Element = Entry;
  static constexpr memory::Owner kOwner = memory::Owner::expires;
  static std::string_view key(const Entry& entry) { return entry.key(); }
  static std::uint64_t hash(const Entry& entry) { return base::hash_bytes(entry.key()); }
  static std::uint8_t tag(const Entry& entry, std::uint64_t) { return tag_of(entry.deadline_ms()); }

  // 256 classes of about a second each; deadlines 262 s apart have the same class.
  static constexpr unsigned kTagShift = 10;
  static std::uint8_t tag_of(std::int64_t deadline_ms) {
    return static_cast<std::uint8_t>(deadline_ms >> kTagShift);
  }
};

// The same for entries with elements that have deadlines: the tag is a byte of the earliest one.
struct ElementExpiresTraits {
  using Element = Entry;
  static constexpr memory::Owner kOwner = memory::Owner::expires;
  static std::string_view key(const Entry& entry) { return entry.key(); }
  static std::uint64_t hash(const Entry& entry) { return base::hash_bytes(entry.key()); }
  static std::uint8_t tag(const Entry& entry, std::uint64_t) {
    return ExpiresTraits::tag_of(entry.next_element_deadline());
  }
};

using EntryTable = types::Table<EntryTraits>;
using ExpiresTable = types::Table<ExpiresTraits>;
using ElementExpiresTable = types::Table<ElementExpiresTraits>;

}  // namespace larder::keyspace
