#pragma once

// A walk over the keys of a database in pieces, with changes between them: visits each key that
// stays from the first piece to the last exactly once, and others at most once.
//
// The table's cursors are positions in hash order and may return an element again after the table
// has merged segments. The hashes of one piece are smaller than those of the next one, so the walk
// stores the largest hash that it has visited, and skips elements up to it. Only the elements in
// the first bucket of a piece can be returned again.

#include <algorithm>
#include <array>
#include <cstdint>

#include "larder/base/hash.h"
#include "larder/base/prefetch.h"
#include "larder/keyspace/database.h"

namespace larder::keyspace {

class KeyWalk {
  static_assert(EntryTable::kCommonOrder, "hashes must be in the order of the walk");

 public:
  // Calls fn(const Entry&) for about a hundred entries, expired ones too, whose cache misses
  // overlap. False after the last piece. fn must not change the database.
  template <typename Fn>
  bool step(const Database& db, Fn fn) {
    Piece piece;
    cursor_ = collect(db, piece);
    const std::size_t again = started_ ? piece.in_first_bucket : 0;
    for (std::size_t i = 0; i < piece.size; ++i) {
      if (i < again && hash_of(piece.entries[i]) <= last_hash_) continue;
      fn(*piece.entries[i]);
    }
    note_last(piece);
    return cursor_ != 0;
  }

 private:
  static constexpr std::size_t kAtOnce = 128;
  // The entries of one bucket are few, unless a client knows the secret of the hash function.
  static constexpr std::size_t kRoom = 2 * kAtOnce;

  struct Piece {
    std::array<const Entry*, kRoom> entries;
    std::size_t size = 0;
    std::size_t in_first_bucket = 0;
    std::size_t last_bucket = 0;  // index of the first entry of the last bucket that is not empty
  };

  static std::uint64_t hash_of(const Entry* entry) { return base::hash_bytes(entry->key()); }

  std::uint64_t collect(const Database& db, Piece& piece) const {
    std::uint64_t cursor = cursor_;
    bool first = true;
    do {
      const std::size_t before = piece.size;
      cursor = db.entries().scan(cursor, [&piece](const Entry* entry) {
        base::prefetch(entry);
        if (piece.size < kRoom) piece.entries[piece.size++] = entry;
      });
      if (piece.size != before) piece.last_bucket = before;
      if (first) piece.in_first_bucket = piece.size;
      first = false;
    } while (cursor != 0 && piece.size < kAtOnce);
    return cursor;
  }

  void note_last(const Piece& piece) {
    for (std::size_t i = piece.last_bucket; i < piece.size; ++i) {
      last_hash_ = std::max(last_hash_, hash_of(piece.entries[i]));
      started_ = true;
    }
  }

  std::uint64_t cursor_ = 0;
  std::uint64_t last_hash_ = 0;
  bool started_ = false;
};

}  // namespace larder::keyspace
