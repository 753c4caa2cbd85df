#include "larder/types/set.h"

#include <algorithm>

#include "larder/types/settings.h"
#include "relocate_table.h"
#include "type_rows.h"

namespace larder::types {
namespace {

constexpr std::size_t kMostIntegerChars = 20;

// The bytes of an integer's text.
std::size_t text_size(std::int64_t number) { return String(number).size(); }

std::string_view set_encoding(const void* storage) {
  switch (ReadOnly<Set>(storage)->encoding()) {
    case Set::Encoding::table:
      return "hashtable";
    case Set::Encoding::listpack:
      return "listpack";
    case Set::Encoding::intset:
      break;
  }
  return "intset";
}

std::size_t set_free_effort(const void* storage) {
  const MemberTable* members = ReadOnly<Set>(storage)->table();
  return members == nullptr ? 1 : members->size();
}

std::size_t set_size(const void* storage) { return ReadOnly<Set>(storage)->size(); }

}  // namespace

const TypeRow kSetRow{.name = "set",
                      .owner = memory::Owner::sets,
                      .footprint = Set::footprint,
                      .encoding = set_encoding,
                      .copy = Set::copy,
                      .destroy_some = Set::destroy_some,
                      .relocate_some = Set::relocate_some,
                      .free_effort = set_free_effort,
                      .size = set_size};

SetLimits SetLimits::of(const Settings& settings) {
  return {
      .intset_entries = std::min(static_cast<std::size_t>(settings.set_max_intset_entries.value()),
                                 Intset::kMostIntegers),
      .listpack_entries = static_cast<std::size_t>(settings.set_max_listpack_entries.value()),
      .listpack_value = static_cast<std::size_t>(settings.set_max_listpack_value.value())};
}

Set Set::create(Encoding encoding) {
  Set set;
  switch (encoding) {
    case Encoding::table:
      set.store(memory::make<Large>(kOwner), encoding);
      break;
    case Encoding::listpack:
      set.store(Listpack::create(kOwner).block(), encoding);
      break;
    case Encoding::intset:
      set.store(Intset::create(kOwner).block(), encoding);
      break;
  }
  return set;
}

Set Set::create_for(std::size_t members, const SetLimits& limits) {
  if (members <= std::max(limits.intset_entries, limits.listpack_entries)) {
    return create(Encoding::intset);
  }
  Set set = create(Encoding::table);
  set.large()->members.reserve(members);
  return set;
}

Set Set::from_intset(std::string_view raw) {
  Set set;
  set.store(Intset::copy(kOwner, raw).block(), Encoding::intset);
  return set;
}

Set Set::from_listpack(std::string_view raw) {
  Set set;
  set.store(Listpack::copy(kOwner, raw).block(), Encoding::listpack);
  return set;
}

std::size_t Set::compact_size() const {
  return encoding() == Encoding::intset ? intset().size() : listpack().size();
}

bool Set::contains(std::string_view member) const {
  if (storage_ == 0) return false;
  if (const MemberTable* members = table()) {
    return members->find(member, base::hash_bytes(member)) != nullptr;
  }
  if (encoding() == Encoding::listpack) {
    return listpack().find(member, listpack().first()) != ListpackView::kEnd;
  }
  const auto number = as_stored_integer(member);
  return number && intset().contains(*number);
}

void Set::start(std::string_view first, std::size_t count, const SetLimits& limits) {
  if (count <= limits.intset_entries && as_stored_integer(first)) {
    *this = create(Encoding::intset);
  } else {
    *this = create(count <= limits.listpack_entries ? Encoding::listpack : Encoding::table);
    if (encoding() == Encoding::table) large()->members.reserve(count);
  }
}

void Set::expect(std::string_view first, std::size_t count, const SetLimits& limits) {
  if (storage_ == 0) return start(first, count, limits);
  if ((encoding() == Encoding::intset && count > limits.intset_entries) ||
      (encoding() == Encoding::listpack && count > limits.listpack_entries)) {
    become_table(count);
  }
}

bool Set::add(std::string_view member, const SetLimits& limits) {
  if (storage_ == 0) start(member, 1, limits);
  switch (encoding()) {
    case Encoding::table:
      return add_to_table(member);
    case Encoding::listpack:
      return add_to_listpack(member, limits);
    case Encoding::intset:
      break;
  }
  if (const auto number = as_stored_integer(member)) return add_to_intset(*number, limits);
  add_text_to_intset(member, limits);
  return true;
}

bool Set::add(const String& member, const SetLimits& limits) {
  if (member.is_number() && storage_ != 0 && encoding() == Encoding::intset) {
    return add_to_intset(member.number(), limits);
  }
  String::Scratch scratch;
  return add(member.text(scratch), limits);
}

bool Set::add_to_table(std::string_view member) {
  Large& self = *large();
  const std::uint64_t hash = base::hash_bytes(member);
  if (self.members.find(member, hash) != nullptr) return false;
  if (__builtin_expect(self.hook != nullptr, 0)) self.hook->before_change(member, hash, nullptr);
  SetMember* added = SetMember::create(kOwner, member);
  self.member_bytes += added->footprint();
  self.members.insert(added, hash);
  return true;
}

bool Set::add_to_listpack(std::string_view member, const SetLimits& limits) {
  Listpack pack(block());
  if (pack.find(member, pack.first()) != Listpack::kEnd) return false;
  if (pack.size() < limits.listpack_entries && member.size() <= limits.listpack_value &&
      pack.bytes() + Listpack::cost(member) <= Listpack::kMostBytes) {
    pack.append(kOwner, member);
    store(pack.block(), Encoding::listpack);
    return true;
  }
  become_table(0);
  return add_to_table(member);
}

bool Set::add_to_intset(std::int64_t member, const SetLimits& limits) {
  Intset integers(block());
  if (!integers.add(kOwner, member)) return false;
  store(integers.block(), Encoding::intset);
  if (integers.size() > limits.intset_entries) become_table(0);
  return true;
}

void Set::add_text_to_intset(std::string_view member, const SetLimits& limits) {
  const IntsetView integers = intset();
  std::size_t longest = 0;
  if (!integers.empty()) {
    longest = std::max(text_size(integers.least()), text_size(integers.greatest()));
  }
  if (integers.size() < limits.listpack_entries && member.size() <= limits.listpack_value &&
      longest <= limits.listpack_value &&
      integers.size() * kMostIntegerChars + member.size() < Listpack::kMostBytes / 2) {
    become_listpack();
    add_to_listpack(member, limits);
  } else {
    become_table(0);
    add_to_table(member);
  }
}

void Set::become_table(std::size_t members) {
  Set grown = create(Encoding::table);
  grown.large()->members.reserve(std::max(members, size()));
  for_each([&grown](const String& member) {
    String::Scratch scratch;
    grown.add_to_table(member.text(scratch));
  });
  free_compact(kOwner);
  *this = std::move(grown);
}

void Set::become_listpack() {
  Listpack pack = Listpack::create(kOwner);
  for_each([&pack](const String& member) { pack.append(kOwner, member.number()); });
  free_compact(kOwner);
  store(pack.block(), Encoding::listpack);
}

void Set::prefer_intset(const SetLimits& limits) {
  if (empty() || encoding() == Encoding::intset || size() > limits.intset_entries) return;
  bool integers_only = true;
  for_each([&integers_only](const String& member) {
    integers_only = integers_only && member.integer().has_value();
  });
  if (!integers_only) return;
  Intset integers = Intset::create(kOwner);
  for_each([&integers](const String& member) { integers.add(kOwner, *member.integer()); });
  clear();
  store(integers.block(), Encoding::intset);
}

bool Set::remove_from_table(std::string_view member) {
  Large& self = *large();
  const std::uint64_t hash = base::hash_bytes(member);
  if (__builtin_expect(self.hook != nullptr, 0)) {
    const SetMember* found = self.members.find(member, hash);
    if (found != nullptr) self.hook->before_change(member, hash, found);
  }
  SetMember* removed = self.members.erase(member, hash);
  if (removed == nullptr) return false;
  self.member_bytes -= removed->footprint();
  SetMember::destroy(kOwner, removed);
  return true;
}

bool Set::remove(std::string_view member) {
  if (storage_ == 0) return false;
  switch (encoding()) {
    case Encoding::table: {
      if (!remove_from_table(member)) return false;
      if (large()->hook != nullptr) return true;
      break;
    }
    case Encoding::listpack: {
      Listpack pack(block());
      const auto at = pack.find(member, pack.first());
      if (at == Listpack::kEnd) return false;
      pack.erase(kOwner, at);
      store(pack.block(), Encoding::listpack);
      break;
    }
    case Encoding::intset: {
      Intset integers(block());
      const auto number = as_stored_integer(member);
      if (!number || !integers.remove(kOwner, *number)) return false;
      store(integers.block(), Encoding::intset);
      break;
    }
  }
  if (size() == 0) clear();
  return true;
}

String Set::random(base::Rng& rng) const {
  if (const MemberTable* members = table()) return String(members->random(rng)->text());
  const std::uint64_t index = rng.below(size());
  if (encoding() == Encoding::intset) return String(intset().at(index));
  return listpack().get(listpack().at(static_cast<std::int64_t>(index)));
}

void Set::free_compact(memory::Owner owner) noexcept {
  if (encoding() == Encoding::intset) {
    Intset(block()).destroy(owner);
  } else {
    Listpack(block()).destroy(owner);
  }
}

void Set::clear() {
  base::Budget budget = base::Budget::unlimited();
  while (!destroy_some(storage(), kOwner, budget)) {
  }
  storage_ = 0;
}

std::size_t Set::footprint(const void* storage) {
  const ReadOnly<Set> set(storage);
  if (set->storage_ == 0) return 0;
  switch (set->encoding()) {
    case Encoding::table:
      return memory::dataset_class(sizeof(Large)) + set->large()->member_bytes +
             set->large()->members.bytes();
    case Encoding::listpack:
      return memory::dataset_class(set->listpack().bytes());
    case Encoding::intset:
      break;
  }
  return memory::dataset_class(set->intset().bytes());
}

void* Set::copy(const void* storage) {
  const ReadOnly<Set> source(storage);
  const Set& from = *source;
  if (from.storage_ == 0) return nullptr;
  if (from.encoding() == Encoding::intset) return from_intset(from.intset().raw()).storage();
  if (from.encoding() == Encoding::listpack) return from_listpack(from.listpack().raw()).storage();
  Set to = create(Encoding::table);
  Large& self = *to.large();
  self.members.reserve(from.size());
  from.for_each([&self](const String& member) {
    String::Scratch scratch;
    const std::string_view text = member.text(scratch);
    self.members.insert(SetMember::create(kOwner, text), base::hash_bytes(text));
  });
  self.member_bytes = from.large()->member_bytes;
  return to.storage();
}

bool Set::destroy_some(void* storage, memory::Owner owner, base::Budget& budget) {
  Set set(storage);
  if (set.storage_ == 0) return true;
  if (set.encoding() != Encoding::table) {
    set.free_compact(owner);
    return true;
  }
  // The table releases its memory from its own owner.
  Large* self = set.large();
  memory::transfer(owner, kOwner, static_cast<std::int64_t>(footprint(storage)));
  const bool gone = self->members.clear_some(budget, [self](SetMember* member) {
    self->member_bytes -= member->footprint();
    SetMember::destroy(kOwner, member);
  });
  if (gone) {
    memory::destroy(kOwner, self);
  } else {
    memory::transfer(kOwner, owner, static_cast<std::int64_t>(footprint(storage)));
  }
  return gone;
}

void* Set::relocate_some(void* storage, Relocation& walk, memory::Mover& mover,
                         base::Budget& budget) {
  enum Part : std::uint8_t { kHead, kMembers };
  Set set(storage);
  const bool is_pinned = set.table() != nullptr && set.large()->hook != nullptr;
  if (set.storage_ == 0 || is_pinned) {
    walk.done = true;
    return storage;
  }
  if (set.encoding() != Encoding::table) {
    walk.done = true;
    std::uint8_t* block = set.block();
    if (!mover.wants(block)) return storage;
    const bool is_intset = set.encoding() == Encoding::intset;
    const std::size_t bytes = is_intset ? set.intset().bytes() : set.listpack().bytes();
    if (memory::offer(mover, kOwner, block, bytes)) set.store(block, set.encoding());
    return set.storage();
  }
  Large* self = set.large();
  if (walk.part == kHead) {
    if (memory::offer(mover, kOwner, self, sizeof(Large))) self->members.relocated();
    set.store(self, Encoding::table);
    walk.begin(kMembers);
  }
  walk.done = relocate_table(self->members, walk, mover, budget);
  return set.storage();
}

}  // namespace larder::types
