#include "element_overlay.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "larder/base/assert.h"
#include "larder/types/hash.h"
#include "larder/types/set.h"
#include "larder/types/sorted_set.h"
#include "rdb_writer.h"

namespace larder::persistence {
namespace {

using types::HashField;
using types::RankedMember;
using types::ReadOnly;
using types::SetMember;
using types::Type;

// Elements whose cache misses overlap.
constexpr std::size_t kAtOnce = 64;

std::size_t bytes_of(const HashField& field) { return field.footprint(); }
std::size_t bytes_of(const SetMember& member) { return member.text().size(); }
std::size_t bytes_of(const RankedMember& member) { return member.text().size(); }

}  // namespace

bool ElementOverlay::supports(Type type, const void* storage) {
  switch (type) {
    case Type::hash:
      return ReadOnly<types::Hash>(storage)->table() != nullptr;
    case Type::set:
      return ReadOnly<types::Set>(storage)->table() != nullptr;
    case Type::sorted_set:
      return !ReadOnly<types::SortedSet>(storage)->is_packed();
    case Type::string:
    case Type::list:
    case Type::stream:
      break;
  }
  return false;
}

template <typename Fn>
auto ElementOverlay::with_table(Fn fn) const {
  const void* storage = value_.storage;
  if (value_.type == Type::hash) return fn(ReadOnly<types::Hash>(storage)->table()->fields());
  if (value_.type == Type::set) return fn(*ReadOnly<types::Set>(storage)->table());
  return fn(ReadOnly<types::SortedSet>(storage)->index());
}

void ElementOverlay::watch(types::BeforeElement* hook) {
  void* const storage = const_cast<void*>(value_.storage);
  if (value_.type == Type::hash) return types::Hash(storage).table()->watch(hook);
  if (value_.type == Type::set) return types::Set(storage).watch(hook);
  types::SortedSet(storage).watch(hook);
}

ElementOverlay::ElementOverlay(Host& host, const RdbStorage& value, std::int64_t now_ms,
                               std::size_t& total_bytes)
    : host_(host),
      value_(value),
      now_ms_(now_ms),
      total_bytes_(total_bytes),
      elements_(types::row(value.type).size(value.storage)) {
  // Finding out how many of them are past their deadline needs a walk.
  if (value.type == Type::hash && ReadOnly<types::Hash>(value.storage)->table()->has_deadlines()) {
    is_counted_ = false;
    elements_ = 0;
  }
  watch(this);
}

ElementOverlay::~ElementOverlay() {
  watch(nullptr);
  total_bytes_ -= noted_bytes_;
}

void ElementOverlay::note_bytes() {
  std::size_t bytes = old_.held_bytes();
  if (batch_.capacity() > 0) bytes += memory::size_class(batch_.capacity() * sizeof(void*));
  total_bytes_ += bytes - noted_bytes_;
  noted_bytes_ = bytes;
}

void ElementOverlay::before_change(std::string_view name, std::uint64_t hash, const void* element) {
  if (!takes_changes_ || old_.has(name, hash)) return;
  const bool passed = has_passed(hash, element);
  if (passed && is_counted_) return;
  // The walk that counts will not see it.
  if (!passed && !is_counted_ && element != nullptr) {
    count_field(*static_cast<const HashField*>(element));
  }
  keep(name, hash, element);
  note_bytes();
}

// Whether the walk was at this element, which then does not belong to the batch any more.
bool ElementOverlay::has_passed(std::uint64_t hash, const void* element) {
  const auto found =
      element == nullptr ? batch_.end() : std::find(batch_.begin(), batch_.end(), element);
  if (found == batch_.end()) {
    return is_last_ ||
           with_table([&](const auto& table) { return table.cursor_of(hash) < position_; });
  }
  const auto place = static_cast<std::size_t>(found - batch_.begin());
  if (place == at_ && element_bytes_ != 0) {
    must_pause_ = true;
    host_.finish_element();
    must_pause_ = false;
  }
  *found = nullptr;
  return place <= at_;
}

void ElementOverlay::keep(std::string_view name, std::uint64_t hash, const void* element) {
  using State = OldElement::State;
  OldElement::Parts parts{.state = element == nullptr ? State::absent : State::plain, .name = name};
  types::String::Scratch digits;
  if (element != nullptr && value_.type == Type::hash) {
    const auto& field = *static_cast<const HashField*>(element);
    const types::String value = field.value();
    parts.value = value.text(digits);
    if (field.has_deadline()) {
      parts.state = State::has_deadline;
      parts.bits = static_cast<std::uint64_t>(field.deadline_ms());
    }
    return old_.add(parts, hash);
  }
  if (element != nullptr && value_.type == Type::sorted_set) {
    parts.bits = std::bit_cast<std::uint64_t>(static_cast<const RankedMember*>(element)->score());
  }
  old_.add(parts, hash);
}

void ElementOverlay::count_field(const HashField& field) {
  if (!field.live(now_ms_)) return;
  ++elements_;
  if (field.has_deadline()) earliest_ms_ = std::min(earliest_ms_, field.deadline_ms());
}

// Calls fn on each element that is unchanged, and was there at the moment of the snapshot.
template <typename Traits, typename Fn>
void ElementOverlay::walk(const types::Table<Traits>& table, Fn fn) {
  position_ = 0;
  is_last_ = false;
  do {
    collect(table);
    for (at_ = 0; at_ < batch_.size(); ++at_) {
      const auto* element = static_cast<const typename Traits::Element*>(batch_[at_]);
      if (element != nullptr) fn(*element);
    }
    batch_.clear();
    host_.pause_if_late();
  } while (!is_last_);
}

// Takes the elements of the next buckets.
template <typename Traits>
void ElementOverlay::collect(const types::Table<Traits>& table) {
  const std::uint64_t begin = position_;
  std::size_t in_first_bucket = 0;
  std::uint64_t cursor = begin;
  do {
    const bool is_first = cursor == begin;
    cursor = table.scan(cursor, [this](const auto* element) {
      base::prefetch(element);
      batch_.push_back(element);
    });
    if (is_first) in_first_bucket = batch_.size();
  } while (cursor != 0 && batch_.size() < kAtOnce);
  position_ = cursor;
  is_last_ = cursor == 0;
  note_bytes();
  leave_out(table, in_first_bucket, begin);
}

// Leaves out what has changed, and what the walk has passed: the bucket at its position may have
// been merged with those before it.
template <typename Traits>
void ElementOverlay::leave_out(const types::Table<Traits>& table, std::size_t in_first_bucket,
                               std::uint64_t begin) {
  const std::size_t checked = old_.empty() ? in_first_bucket : batch_.size();
  for (std::size_t i = 0; i < checked; ++i) {
    const auto& element = *static_cast<const typename Traits::Element*>(batch_[i]);
    const std::uint64_t hash = Traits::hash(element);
    const bool passed = i < in_first_bucket && table.cursor_of(hash) < begin;
    if (passed || old_.has(Traits::key(element), hash)) batch_[i] = nullptr;
  }
}

bool ElementOverlay::count() {
  if (is_counted_) return elements_ > 0;
  walk(ReadOnly<types::Hash>(value_.storage)->table()->fields(),
       [this](const HashField& field) { count_field(field); });
  is_counted_ = true;
  position_ = 0;
  is_last_ = false;
  return elements_ > 0;
}

void ElementOverlay::write_head(RdbWriter& out) {
  has_deadlines_ = out.features().field_deadlines && earliest_ms_ != types::HashTable::kNever;
  switch (value_.type) {
    case Type::hash:
      out.type(has_deadlines_ ? RdbType::hash_with_deadlines : RdbType::hash);
      if (has_deadlines_) out.word(static_cast<std::uint64_t>(earliest_ms_));
      break;
    case Type::set:
      out.type(RdbType::set);
      break;
    default:
      out.type(RdbType::sorted_set);
      break;
  }
  out.length(elements_);
}

void ElementOverlay::write(RdbWriter& out) {
  write_head(out);
  with_table([&](const auto& table) {
    walk(table, [&](const auto& element) {
      element_bytes_ = 1 + bytes_of(element);
      put(element, out);
      element_bytes_ = 0;
      if (must_pause_) host_.pause();
    });
  });
  takes_changes_ = false;
  old_.for_each([&, seen = std::size_t{0}](const OldElement& old) mutable {
    put(old, out);
    if (++seen % kAtOnce == 0) host_.pause_if_late();
  });
  LARDER_ASSERT(written_ == elements_);
}

void ElementOverlay::put(const HashField& field, RdbWriter& out) {
  put_field(field.name(), field.value(), field.deadline(), out);
}

void ElementOverlay::put(const SetMember& member, RdbWriter& out) {
  ++written_;
  out.text(member.text());
}

void ElementOverlay::put(const RankedMember& member, RdbWriter& out) {
  put_score(member.text(), member.score(), out);
}

void ElementOverlay::put(const OldElement& old, RdbWriter& out) {
  if (old.state() == OldElement::State::absent) return;
  if (value_.type == Type::hash) {
    return put_field(old.name(), types::String(old.value()), old.deadline_ms(), out);
  }
  if (value_.type == Type::sorted_set) return put_score(old.name(), old.score(), out);
  ++written_;
  out.text(old.name());
}

void ElementOverlay::put_field(std::string_view name, const types::String& value,
                               std::optional<std::int64_t> deadline_ms, RdbWriter& out) {
  if (deadline_ms && *deadline_ms <= now_ms_) return;
  ++written_;
  if (has_deadlines_) {
    out.length(deadline_ms ? static_cast<std::uint64_t>(*deadline_ms - earliest_ms_) + 1 : 0);
  }
  out.text(name);
  out.text(value);
}

void ElementOverlay::put_score(std::string_view member, double score, RdbWriter& out) {
  ++written_;
  out.text(member);
  out.real(score);
}

}  // namespace larder::persistence
