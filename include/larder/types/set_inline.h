#pragma once

// How sets are walked. Part of set.h; nothing else includes it.

namespace larder::types {
namespace detail {

// The addresses of the elements that a sample has picked already.
class PickedAddresses {
 public:
  explicit PickedAddresses(std::size_t most)
      : slots_(std::bit_ceil(2 * most + 2)),
        places_(static_cast<const void**>(
            memory::allocate(memory::Owner::runtime, slots_ * sizeof(void*)))) {
    std::memset(places_, 0, slots_ * sizeof(void*));
  }
  ~PickedAddresses() { memory::release(memory::Owner::runtime, places_, slots_ * sizeof(void*)); }
  PickedAddresses(const PickedAddresses&) = delete;
  PickedAddresses& operator=(const PickedAddresses&) = delete;

  // False when it was there already.
  bool add(const void* address) {
    const auto bits = reinterpret_cast<std::uintptr_t>(address) * 0x9e3779b97f4a7c15;
    for (std::size_t i = bits >> 32;; ++i) {
      const void*& place = places_[i & (slots_ - 1)];
      if (place == address) return false;
      if (place != nullptr) continue;
      place = address;
      return true;
    }
  }

 private:
  std::size_t slots_;
  const void** places_;
};

// Prefetches each member, and calls fn for it some members later.
template <typename Fn>
class PrefetchedMembers {
 public:
  explicit PrefetchedMembers(Fn& fn) : fn_(fn) {}
  void push(const SetMember* member) {
    __builtin_prefetch(member);
    const SetMember*& place = waiting_[next_++ % kAhead];
    if (place != nullptr) fn_(String(place->text()));
    place = member;
  }
  void finish() {
    for (std::size_t i = 0; i < kAhead; ++i) {
      const SetMember* member = waiting_[next_++ % kAhead];
      if (member != nullptr) fn_(String(member->text()));
    }
  }

 private:
  static constexpr std::size_t kAhead = 16;
  Fn& fn_;
  std::array<const SetMember*, kAhead> waiting_{};
  std::size_t next_ = 0;
};

}  // namespace detail

template <typename Fn>
void Set::for_each(Fn fn) const {
  if (storage_ == 0) return;
  if (const MemberTable* members = table()) {
    detail::PrefetchedMembers<Fn> delayed(fn);
    members->for_each([&delayed](const SetMember* member) { delayed.push(member); });
    return delayed.finish();
  }
  if (encoding() == Encoding::intset) {
    const IntsetView integers = intset();
    for (std::size_t i = 0; i < integers.size(); ++i) fn(String(integers.at(i)));
    return;
  }
  const ListpackView pack = listpack();
  for (auto at = pack.first(); at != ListpackView::kEnd; at = pack.next(at)) fn(pack.get(at));
}

template <typename Fn>
std::uint64_t Set::scan(std::uint64_t cursor, std::size_t count, Fn fn) const {
  const MemberTable* members = table();
  if (members == nullptr) {
    for_each(fn);
    return 0;
  }
  std::size_t seen = 0;
  do {
    cursor = members->scan(cursor, [&](const SetMember* member) {
      ++seen;
      fn(String(member->text()));
    });
  } while (cursor != 0 && seen < count);
  return cursor;
}

template <typename Fn>
void Set::sample_sparsely(std::size_t count, base::Rng& rng, Fn fn) const {
  detail::PickedAddresses picked(count);
  while (count > 0) {
    const SetMember* member = table()->random(rng);
    if (!picked.add(member)) continue;
    fn(String(member->text()));
    --count;
  }
}

template <typename Fn>
void Set::sample(std::size_t count, base::Rng& rng, Fn fn) const {
  const std::size_t all = size();
  if (count >= all) return for_each(fn);
  if (table() != nullptr && all / kSparse > count) return sample_sparsely(count, rng, fn);
  SelectionSampler selection(count, all, rng);
  for_each([&](const String& member) {
    if (!selection.done() && selection.takes_next()) fn(member);
  });
}

template <typename Fn>
void Set::take(std::size_t count, base::Rng& rng, Fn fn) {
  SelectionSampler selection(count, size(), rng);
  switch (encoding()) {
    case Encoding::table:
      while (count-- > 0) {
        const String member = random(rng);
        fn(member);
        String::Scratch scratch;
        remove(member.text(scratch));
      }
      return;
    case Encoding::listpack: {
      Listpack pack(block());
      for (auto at = pack.first(); !selection.done();) {
        if (selection.takes_next()) {
          fn(pack.get(at));
          at = pack.erase(kOwner, at);
        } else {
          at = pack.next(at);
        }
      }
      return store(pack.block(), Encoding::listpack);
    }
    case Encoding::intset: {
      Intset integers(block());
      for (std::size_t i = integers.size(); !selection.done();) {
        --i;
        if (!selection.takes_next()) continue;
        fn(String(integers.at(i)));
        integers.erase(kOwner, i);
      }
      return store(integers.block(), Encoding::intset);
    }
  }
}

}  // namespace larder::types
